package dev.jacobian.cpu.scalar;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The sums of one tile of a product, in arrays: plain loops over those the optimising compiler turns into vectors, also
 * where there is no Vector API, and no fused multiply-add; loops over memory segments it does not. Four rows of the right
 * operand at a time are copied into arrays, where they serve all rows of the tile.
 */
final class RowSums {
    /** Columns of the widest tile: loops over fewer spend much of their time outside of the vector part. */
    static final int COLUMNS = 256;

    private static final int ROWS = 16;
    private static final ThreadLocal<RowSums> OF_THREAD = ThreadLocal.withInitial(RowSums::new);

    private final float[][] sums = new float[ROWS][COLUMNS];
    private final float[] b0 = new float[COLUMNS];
    private final float[] b1 = new float[COLUMNS];
    private final float[] b2 = new float[COLUMNS];
    private final float[] b3 = new float[COLUMNS];

    private RowSums() {}

    /** The calling thread's, with zeros in the first columns. */
    static RowSums zero(int rows, int columns) {
        RowSums sums = OF_THREAD.get();
        for (int i = 0; i < rows; i++) {
            Arrays.fill(sums.sums[i], 0, columns, 0);
        }
        return sums;
    }

    /** Takes four rows of the right operand, which begin at these offsets. */
    void take(MemorySegment b, long p0, long p1, long p2, long p3, int columns) {
        MemorySegment.copy(b, JAVA_FLOAT_UNALIGNED, p0, b0, 0, columns);
        MemorySegment.copy(b, JAVA_FLOAT_UNALIGNED, p1, b1, 0, columns);
        MemorySegment.copy(b, JAVA_FLOAT_UNALIGNED, p2, b2, 0, columns);
        MemorySegment.copy(b, JAVA_FLOAT_UNALIGNED, p3, b3, 0, columns);
    }

    /** Takes one. */
    void take(MemorySegment b, long p, int columns) {
        MemorySegment.copy(b, JAVA_FLOAT_UNALIGNED, p, b0, 0, columns);
    }

    /** Adds multiples of the four rows to a row of sums, one after the other. */
    void add(int row, float a0, float a1, float a2, float a3, int columns) {
        add(sums[row], b0, b1, b2, b3, a0, a1, a2, a3, columns);
    }

    /** Adds a multiple of the one. */
    void add(int row, float a, int columns) {
        add(sums[row], b0, a, columns);
    }

    private static void add(float[] sum, float[] b0, float[] b1, float[] b2, float[] b3, float a0, float a1, float a2,
            float a3, int columns) {
        for (int j = 0; j < columns; j++) {
            sum[j] = sum[j] + a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j];
        }
    }

    private static void add(float[] sum, float[] b, float a, int columns) {
        for (int j = 0; j < columns; j++) {
            sum[j] += a * b[j];
        }
    }

    void store(int row, int columns, MemorySegment c, long cOffset) {
        MemorySegment.copy(sums[row], 0, c, JAVA_FLOAT_UNALIGNED, cOffset, columns);
    }
}
