package dev.jacobian.cpu;

import dev.jacobian.backend.ReduceOp;
import java.lang.foreign.MemorySegment;

/**
 * Reductions of runs and of columns of float32. Sums are made in float32 lanes, so callers keep them to {@link #RUN}
 * elements and {@link #ROWS} rows, and add what comes out in double precision.
 */
public interface ReduceRows {
    /** The longest run to be summed at once. */
    int RUN = 1024;

    /** The most rows to be summed at once. */
    int ROWS = 32;

    /** The most columns at once. */
    int COLUMNS = 256;

    /** The sum, maximum or minimum of a run of at least one element; NaN if any is NaN. */
    float run(ReduceOp op, MemorySegment x, long at, int n);

    /** out[c] = the sum, maximum or minimum over at least one row of x[row][c]. */
    void columns(ReduceOp op, MemorySegment x, long at, long rowStep, int rows, float[] out, int columns);

    /** Σ (x − center)² of a run. */
    float squares(MemorySegment x, long at, int n, float center);

    /** out[c] = Σ (x[row][c] − center[c])² over the rows. */
    void columnSquares(MemorySegment x, long at, long rowStep, int rows, float[] center, float[] out, int columns);
}
