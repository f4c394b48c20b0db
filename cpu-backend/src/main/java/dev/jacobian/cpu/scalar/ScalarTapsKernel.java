package dev.jacobian.cpu.scalar;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.conv.TapsKernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The inner loop of convolutions without the Vector API. */
public final class ScalarTapsKernel implements TapsKernel {
    private static final int ROWS = 8;
    private static final int LANES = 8;
    private static final int FLOAT = Float.BYTES;
    private static final long STEP = (long) ROWS * FLOAT;

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
        return RowSums.COLUMNS / LANES;
    }

    @Override
    public void tile(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int vectors, MemorySegment c, long cOffset, long cRow) {
        int columns = vectors * LANES;
        RowSums sums = RowSums.zero(ROWS, columns);
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            int o = first + k;
            sums.take(b, bOffset + offsets[o], bOffset + offsets[o + 1], bOffset + offsets[o + 2],
                    bOffset + offsets[o + 3], columns);
            for (int r = 0; r < ROWS; r++) {
                long q = aOffset + ((long) k * ROWS + r) * FLOAT;
                sums.add(r, a.get(JAVA_FLOAT_UNALIGNED, q), a.get(JAVA_FLOAT_UNALIGNED, q + STEP),
                        a.get(JAVA_FLOAT_UNALIGNED, q + 2 * STEP), a.get(JAVA_FLOAT_UNALIGNED, q + 3 * STEP), columns);
            }
        }
        for (; k < depth; k++) {
            sums.take(b, bOffset + offsets[first + k], columns);
            for (int r = 0; r < ROWS; r++) {
                sums.add(r, a.get(JAVA_FLOAT_UNALIGNED, aOffset + ((long) k * ROWS + r) * FLOAT), columns);
            }
        }
        for (int r = 0; r < ROWS; r++) {
            sums.store(r, columns, c, cOffset + r * cRow);
        }
    }

    @Override
    public void row(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first, int depth,
            int columns, MemorySegment c, long cOffset) {
        for (int i = 0; i < columns; i += RowSums.COLUMNS) {
            int n = Math.min(RowSums.COLUMNS, columns - i);
            long at = (long) i * FLOAT;
            RowSums sums = RowSums.zero(1, n);
            for (int k = 0; k < depth; k++) {
                sums.take(b, bOffset + offsets[first + k] + at, n);
                sums.add(0, a.get(JAVA_FLOAT_UNALIGNED, aOffset + (long) k * FLOAT), n);
            }
            sums.store(0, n, c, cOffset + at);
        }
    }

    @Override
    public void products(MemorySegment a, long aOffset, MemorySegment b, long[] offsets, int first, int columns,
            MemorySegment c, long cOffset) {
        float[] sums = new float[LANES];
        for (int k = 0; k < PRODUCTS; k++) {
            Arrays.fill(sums, 0);
            for (int i = 0; i < columns; i += LANES) {
                for (int lane = 0; lane < Math.min(LANES, columns - i); lane++) {
                    long at = (long) (i + lane) * FLOAT;
                    sums[lane] += a.get(JAVA_FLOAT_UNALIGNED, aOffset + at)
                            * b.get(JAVA_FLOAT_UNALIGNED, offsets[first + k] + at);
                }
            }
            MemorySegment.copy(sums, 0, c, JAVA_FLOAT_UNALIGNED, cOffset + (long) k * LANES * FLOAT, LANES);
        }
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

    @Override
    public void interleave(MemorySegment tiles, long even, long odd, long tileRow, int rows, int columns, boolean add,
            MemorySegment to, long toOffset, long toRow) {
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < columns; i++) {
                float value = tiles.get(JAVA_FLOAT_UNALIGNED,
                        (i % 2 == 0 ? even : odd) + row * tileRow + (long) (i / 2) * FLOAT);
                long p = toOffset + row * toRow + (long) i * FLOAT;
                to.set(JAVA_FLOAT_UNALIGNED, p, add ? to.get(JAVA_FLOAT_UNALIGNED, p) + value : value);
            }
        }
    }
}
