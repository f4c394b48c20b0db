package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/** The loops of dropout and of the optimisers' steps over runs of float32. */
public interface UpdateRows {
    /** What an Adam step has fixed: g = scale · gradient + decay · p, p = factor · p − rate · m / (√v / root + ε). */
    record Adam(
            float beta1,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float epsilon,
            float decay,
            float factor,
            float scale,
            float rate,
            float root) {}

    /** What an SGD step has fixed. */
    record Sgd(float momentum, float decay, boolean nesterov, float scale, float rate) {}

    /** One Adam step over n elements from index {@code at} of each. */
    void adam(Adam step, MemorySegment p, long pAt, MemorySegment g, long gAt, MemorySegment m, long mAt,
            MemorySegment v, long vAt, int n);

    /** One SGD step without momentum. */
    void sgd(Sgd step, MemorySegment p, long pAt, MemorySegment g, long gAt, int n);

    /** One SGD step with momentum. */
    void momentum(Sgd step, MemorySegment p, long pAt, MemorySegment g, long gAt, MemorySegment velocity,
            long velocityAt, int n);

    /**
     * Philox words of successive blocks.
     *
     * @param key words 1 to 3 of the counter, then both halves of the key
     * @param firstBlock word 0 of the first counter
     * @param blocks a multiple of {@link #BLOCKS}
     * @param words where four words a block go
     */
    void philox(int[] key, int firstBlock, int blocks, int[] words);

    /** What the number of blocks must be a multiple of. */
    int BLOCKS = 16;

    /** y = x / keep where the upper 24 bits of the element's word are at least {@code threshold}, else 0. */
    void dropout(
            MemorySegment x, long xAt, MemorySegment y, long yAt, int n, int[] words, int threshold, float keep);
}
