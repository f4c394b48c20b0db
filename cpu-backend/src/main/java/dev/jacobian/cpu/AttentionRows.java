package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/** The loops of attention over single rows of scores or results, float32 and dense. Positions count elements. */
public interface AttentionRows {
    /** The largest of scale · x that is not NaN, −∞ if there is none. */
    float max(MemorySegment x, long at, int n, float scale);

    /** x = e^(scale · x − shift) of n elements, and 0 behind them up to padded; returns their sum. No exponent is large. */
    float exp(MemorySegment x, long at, int n, int padded, float scale, float shift);

    /**
     * From scores s and gradients g of probabilities: s = p = e^(scale · s − shift), g = scale · p · (g − delta) of n
     * elements; both 0 behind them up to padded. No exponent is large.
     */
    void gradient(MemorySegment s, long sAt, MemorySegment g, long gAt, int n, int padded, float scale, float shift,
            float delta);

    /** y = factor · x. */
    void scale(MemorySegment x, long xAt, float factor, MemorySegment y, long yAt, int n);

    /** y = factor · y + x. */
    void scaleAdd(MemorySegment x, long xAt, float factor, MemorySegment y, long yAt, int n);

    /** Σ x · y. */
    float dot(MemorySegment x, long xAt, MemorySegment y, long yAt, int n);
}
