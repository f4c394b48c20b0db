package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/**
 * The loops of attention over float32. Scores are in blocks with a row for each key and a column for each query, in powers
 * of 2; a strip is {@link #lanes()} columns of one. What is known of each query is kept in rows of a few numbers for each,
 * one such row behind the other. Positions and steps from row to row count elements.
 */
public interface AttentionRows {
    /** Columns of a strip; a power of 2. */
    int lanes();

    /** x = factor · x, dense. */
    void scale(MemorySegment x, long at, int n, float factor);

    /** Sets a strip's elements to a value in rows from..to where the row is behind {@code diagonal} + the column. */
    void hide(MemorySegment x, long at, long step, int from, int to, int diagonal, float value);

    /** newMax = the largest of a strip's columns and of max that is not NaN. */
    void max(MemorySegment x, long at, long step, int rows, MemorySegment known, long maxAt, long newMaxAt);

    /** x = 2^(x − shift) of a strip's columns, shifted by 0 where shift is −∞; part = their sums. No exponent is large. */
    void exp(MemorySegment x, long at, long step, int rows, MemorySegment known, long shiftAt, long partAt);

    /**
     * Joins the exponentials of a block with those before. Known are max, newMax, sum, part and factor, and this makes factor
     * = 2^(max − newMax), sum = factor · sum + part, max = newMax for whole strips.
     */
    void join(MemorySegment known, int columns);

    /** logSumExp = ln 2 · max + ln sum of n, and sum = 1 / sum; known are max, newMax and sum. */
    void finish(MemorySegment known, int columns, MemorySegment logSumExp, long logAt, int n);

    /** y = factor · x, each row with a factor of its own. */
    void scaleRows(MemorySegment x, long xAt, long xStep, MemorySegment factors, long factorAt, MemorySegment y,
            long yAt, long yStep, int rows, int columns);

    /** y = factor · y + x, each row with a factor of its own. */
    void scaleAddRows(MemorySegment x, long xAt, long xStep, MemorySegment factors, long factorAt, MemorySegment y,
            long yAt, long yStep, int rows, int columns);

    /** z = Σ x · y of each row. */
    void dots(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep, int rows, int columns,
            MemorySegment z, long zAt);

    /**
     * From a strip of scores s and gradients g of probabilities: s = p = 2^(s − log₂ e · logSumExp), g = scale · p · (g −
     * delta). Known are logSumExp and, {@code columns} behind, delta. Exponents
     * above 0, which only the rounding of a large logSumExp can give, count as 0: no probability is above 1.
     */
    void gradient(MemorySegment s, MemorySegment g, long at, long step, int rows, MemorySegment known, long logAt,
            int columns, float scale);
}
