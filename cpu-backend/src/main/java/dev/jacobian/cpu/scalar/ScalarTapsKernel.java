package dev.jacobian.cpu.scalar;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.conv.TapsKernel;
import java.lang.foreign.MemorySegment;

/** The inner loop of convolutions without the Vector API: one row of eight sums at a time. */
public final class ScalarTapsKernel implements TapsKernel {
    private static final int ROWS = 4;
    private static final int LANES = 8;
    private static final int FLOAT = Float.BYTES;

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public int vectors() {
        return 3;
    }

    @Override
    public void tile(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int vectors, MemorySegment c, long cOffset, long cRow) {
        for (int r = 0; r < ROWS; r++) {
            for (int v = 0; v < vectors; v++) {
                long columns = (long) v * LANES * FLOAT;
                vector(a, aOffset + (long) r * FLOAT, b, bOffset + columns, offsets, first, depth, c,
                        cOffset + r * cRow + columns);
            }
        }
    }

    private static void vector(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets,
            int first, int depth, MemorySegment c, long cOffset) {
        float c0 = 0;
        float c1 = c0;
        float c2 = c0;
        float c3 = c0;
        float c4 = c0;
        float c5 = c0;
        float c6 = c0;
        float c7 = c0;
        for (int k = 0; k < depth; k++) {
            float x = a.get(JAVA_FLOAT_UNALIGNED, aOffset + (long) k * ROWS * FLOAT);
            long p = bOffset + offsets[first + k];
            c0 += x * b.get(JAVA_FLOAT_UNALIGNED, p);
            c1 += x * b.get(JAVA_FLOAT_UNALIGNED, p + FLOAT);
            c2 += x * b.get(JAVA_FLOAT_UNALIGNED, p + 2 * FLOAT);
            c3 += x * b.get(JAVA_FLOAT_UNALIGNED, p + 3 * FLOAT);
            c4 += x * b.get(JAVA_FLOAT_UNALIGNED, p + 4 * FLOAT);
            c5 += x * b.get(JAVA_FLOAT_UNALIGNED, p + 5 * FLOAT);
            c6 += x * b.get(JAVA_FLOAT_UNALIGNED, p + 6 * FLOAT);
            c7 += x * b.get(JAVA_FLOAT_UNALIGNED, p + 7 * FLOAT);
        }
        c.set(JAVA_FLOAT_UNALIGNED, cOffset, c0);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + FLOAT, c1);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + 2 * FLOAT, c2);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + 3 * FLOAT, c3);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + 4 * FLOAT, c4);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + 5 * FLOAT, c5);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + 6 * FLOAT, c6);
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + 7 * FLOAT, c7);
    }

    @Override
    public void copyRows(MemorySegment from, long fromOffset, long fromRow, int step, int rows, int columns,
            MemorySegment to, long toOffset, long toRow) {
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < columns; i++) {
                to.set(JAVA_FLOAT_UNALIGNED, toOffset + row * toRow + (long) i * FLOAT,
                        from.get(JAVA_FLOAT_UNALIGNED, fromOffset + row * fromRow + (long) i * step * FLOAT));
            }
        }
    }
}
