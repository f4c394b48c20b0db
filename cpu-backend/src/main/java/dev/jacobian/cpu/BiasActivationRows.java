package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/** The loops around an activation in a linear layer, over rows of float32 that lie one after another. */
public interface BiasActivationRows {
    /** The most rows to be summed at once, in float32. */
    int ROWS = 128;

    /** y = max(x + bias, least); NaN stays NaN. y may be x. */
    void add(
            MemorySegment x,
            long xAt,
            MemorySegment bias,
            long biasAt,
            float least,
            MemorySegment y,
            long yAt,
            int rows,
            int n);

    /** dx = dy where y &gt; 0, else 0, and sums[c] = Σ dx[row][c]. dx may be dy. */
    void maskAndSum(
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment sums,
            long sumsAt,
            int rows,
            int n);

    /** dx = dy · (a + b y − y²), and sums[c] = Σ dx[row][c]. dx may be dy. */
    void scaleAndSum(
            float a,
            float b,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment sums,
            long sumsAt,
            int rows,
            int n);

    /** sums[c] = Σ x[row][c]; sums may be the first row. */
    void sum(MemorySegment x, long xAt, MemorySegment sums, long sumsAt, int rows, int n);
}
