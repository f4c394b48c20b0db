package dev.jacobian.cpu.scalar;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * The matrix product's inner loops without the Vector API. Products and sums are rounded one by one, since a fused
 * multiply-add is emulated where the hardware has none.
 */
public final class ScalarGemmKernel implements GemmKernel {

    private static final int ROWS = 16;
    private static final int LANES = 8;
    private static final int MAX_DEPTH = 256;
    private static final int FLOAT = Float.BYTES;

    @Override
    public int tileRows() {
        return ROWS;
    }

    @Override
    public int tileColumns() {
        return RowSums.COLUMNS;
    }

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public int maxDepth() {
        return MAX_DEPTH;
    }

    @Override
    public void packRows(MemorySegment a, long aOffset, long aRow, long aCol, int rows, int depth, MemorySegment to,
            long toOffset, long toTile) {
        for (int k = 0; k < depth; k++) {
            for (int i = 0; i < rows; i++) {
                to.set(JAVA_FLOAT_UNALIGNED, toOffset + i / ROWS * toTile + ((long) k * ROWS + i % ROWS) * FLOAT,
                        a.get(JAVA_FLOAT_UNALIGNED, aOffset + i * aRow + k * aCol));
            }
        }
    }

    @Override
    public void packPanel(MemorySegment b, long bOffset, long bRow, long bCol, int depth, int columns, int width,
            MemorySegment to, long toOffset) {
        for (int k = 0; k < depth; k++) {
            long p = toOffset + (long) k * width * FLOAT;
            for (int j = 0; j < width; j++) {
                to.set(JAVA_FLOAT_UNALIGNED, p + (long) j * FLOAT,
                        j < columns ? b.get(JAVA_FLOAT_UNALIGNED, bOffset + k * bRow + j * bCol) : 0f);
            }
        }
    }

    @Override
    public void transpose(MemorySegment t, long tOffset, long tRow, int rows, int columns, MemorySegment c,
            long cOffset, long cRow) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                c.set(JAVA_FLOAT_UNALIGNED, cOffset + j * cRow + (long) i * FLOAT,
                        t.get(JAVA_FLOAT_UNALIGNED, tOffset + i * tRow + (long) j * FLOAT));
            }
        }
    }

    @Override
    public void tile(MemorySegment a, long aOffset, long aRow, long aCol, int rows, MemorySegment b, long bOffset,
            long bRow, int width, int depth, MemorySegment c, long cOffset, long cRow) {
        RowSums sums = RowSums.zero(rows, width);
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            long p = bOffset + k * bRow;
            sums.take(b, p, p + bRow, p + 2 * bRow, p + 3 * bRow, width);
            for (int i = 0; i < rows; i++) {
                long q = aOffset + i * aRow + k * aCol;
                sums.add(i, a.get(JAVA_FLOAT_UNALIGNED, q), a.get(JAVA_FLOAT_UNALIGNED, q + aCol),
                        a.get(JAVA_FLOAT_UNALIGNED, q + 2 * aCol), a.get(JAVA_FLOAT_UNALIGNED, q + 3 * aCol), width);
            }
        }
        for (; k < depth; k++) {
            sums.take(b, bOffset + k * bRow, width);
            for (int i = 0; i < rows; i++) {
                sums.add(i, a.get(JAVA_FLOAT_UNALIGNED, aOffset + i * aRow + k * aCol), width);
            }
        }
        for (int i = 0; i < ROWS; i++) {
            sums.store(Math.min(i, rows - 1), width, c, cOffset + i * cRow);
        }
    }

    @Override
    public void flush(MemorySegment t, long tOffset, long tRow, int rows, int columns, boolean accumulate,
            MemorySegment c, long cOffset, long cRow) {
        if (accumulate) {
            flushSum(t, tOffset, tRow, rows, columns, c, cOffset, cRow, c, cOffset, cRow);
            return;
        }
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float v = t.get(JAVA_FLOAT_UNALIGNED, tOffset + i * tRow + (long) j * FLOAT);
                c.set(JAVA_FLOAT_UNALIGNED, cOffset + i * cRow + (long) j * FLOAT, v);
            }
        }
    }

    @Override
    public void flushSum(MemorySegment t, long tOffset, long tRow, int rows, int columns, MemorySegment d,
            long dOffset, long dRow, MemorySegment c, long cOffset, long cRow) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float v = t.get(JAVA_FLOAT_UNALIGNED, tOffset + i * tRow + (long) j * FLOAT);
                c.set(JAVA_FLOAT_UNALIGNED, cOffset + i * cRow + (long) j * FLOAT,
                        d.get(JAVA_FLOAT_UNALIGNED, dOffset + i * dRow + (long) j * FLOAT) + v);
            }
        }
    }

    @Override
    public void dots(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x, long xOffset, int depth,
            boolean accumulate, MemorySegment y, long yOffset, long yStride) {
        for (int i = 0; i < count; i++) {
            float sum = dot(m, mOffset + i * mRow, x, xOffset, depth);
            long p = yOffset + i * yStride;
            y.set(JAVA_FLOAT_UNALIGNED, p, accumulate ? y.get(JAVA_FLOAT_UNALIGNED, p) + sum : sum);
        }
    }

    /** Four sums side by side: one would wait for each addition to end before the next begins. */
    private static float dot(MemorySegment m, long mOffset, MemorySegment x, long xOffset, int depth) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int whole = depth - depth % 4;
        for (int k = 0; k < whole; k += 4) {
            long p = mOffset + (long) k * FLOAT;
            long q = xOffset + (long) k * FLOAT;
            s0 += m.get(JAVA_FLOAT_UNALIGNED, p) * x.get(JAVA_FLOAT_UNALIGNED, q);
            s1 += m.get(JAVA_FLOAT_UNALIGNED, p + FLOAT) * x.get(JAVA_FLOAT_UNALIGNED, q + FLOAT);
            s2 += m.get(JAVA_FLOAT_UNALIGNED, p + 2 * FLOAT) * x.get(JAVA_FLOAT_UNALIGNED, q + 2 * FLOAT);
            s3 += m.get(JAVA_FLOAT_UNALIGNED, p + 3 * FLOAT) * x.get(JAVA_FLOAT_UNALIGNED, q + 3 * FLOAT);
        }
        float sum = s0 + s1 + (s2 + s3);
        for (int k = whole; k < depth; k++) {
            sum += m.get(JAVA_FLOAT_UNALIGNED, mOffset + (long) k * FLOAT)
                    * x.get(JAVA_FLOAT_UNALIGNED, xOffset + (long) k * FLOAT);
        }
        return sum;
    }

    @Override
    public void combineRows(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x, long xOffset,
            long xStride, int depth, boolean accumulate, MemorySegment y, long yOffset) {
        if (!accumulate) {
            y.asSlice(yOffset, (long) count * FLOAT).fill((byte) 0);
        }
        for (int k = 0; k < depth; k++) {
            float v = x.get(JAVA_FLOAT_UNALIGNED, xOffset + k * xStride);
            long row = mOffset + k * mRow;
            for (int j = 0; j < count; j++) {
                long p = yOffset + (long) j * FLOAT;
                y.set(JAVA_FLOAT_UNALIGNED, p,
                        y.get(JAVA_FLOAT_UNALIGNED, p) + v * m.get(JAVA_FLOAT_UNALIGNED, row + (long) j * FLOAT));
            }
        }
    }
}
