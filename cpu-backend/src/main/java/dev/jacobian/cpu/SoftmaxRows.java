package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/**
 * The loops of softmax and its relatives over float32. A row lies densely; a block of columns is n rows of up to
 * {@link ReduceRows#COLUMNS} columns with one row step, each column being one softmax. Outputs may be inputs.
 */
public interface SoftmaxRows {
    /** The largest element of a row that is not NaN, −∞ if there is none. */
    float max(MemorySegment x, long at, int n);

    /** Σ e^(x − max), in double precision from float32 lanes. */
    double sumExp(MemorySegment x, long at, int n, float max);

    /** y = softmax(x), or its logarithm, of rows of n that lie one after another. */
    void rows(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rows, int n);

    /** y = softmax(x), or its logarithm, of each column. */
    void columns(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rowStep, int n, int columns);

    /** dx = y (dy − Σ dy y), or dx = dy − eʸ Σ dy for the logarithm, of one row. */
    void rowBackward(
            boolean log, MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n);

    /** The same of each column; all three have one row step. */
    void columnsBackward(
            boolean log,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long rowStep,
            int n,
            int columns);

    /** y = (e^(x − logSumExp) − shift) · scale of one row, no element of which is larger than logSumExp. */
    void shiftedExp(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n);
}
