package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The matrix product's inner loops on the Vector API. With 32 vector registers (AVX-512, NEON) a tile has six rows of
 * four vectors, with 16 (AVX2) four rows of three.
 */
public final class VectorGemmKernel implements GemmKernel {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int LANES = SPECIES.length();
    private static final int FLOAT = Float.BYTES;
    private static final long STEP = SPECIES.vectorByteSize();
    private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");
    private static final boolean MANY_REGISTERS = ARM || STEP == 64;
    private static final int TILE_ROWS = MANY_REGISTERS ? VectorGemmKernelSixRows.ROWS : VectorGemmKernelFourRows.ROWS;
    private static final int TILE_VECTORS = MANY_REGISTERS ? 4 : 3;
    private static final int MAX_DEPTH = 512;

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    /** Rows of M that one pass of {@link #combineRows} adds to y: loading and storing y is then a small share. */
    private static final int COMBINED = 8;

    private final OutOfLine.Rows sum = new OutOfLine.Rows(VectorGemmKernel::sumRows);
    private final OutOfLine.Rows sum4 = new OutOfLine.Rows((t, tAt, tRow, d, dAt, dRow, c, cAt, cRow, rows,
            _) -> sumRows4(t, tAt, tRow, d, dAt, dRow, c, cAt, cRow, rows));

    private static VectorShuffle<Float> rotation(int lanes) {
        return VectorShuffle.fromOp(SPECIES, i -> (i + lanes) % LANES);
    }

    /**
     * Whether this machine's vectors beat scalar loops: without a fused multiply-add, as narrower ones on x86 are, the
     * Vector API computes it in software.
     *
     * @return whether to use this class
     */
    public static boolean isFast() {
        return Lanes.FUSED && LANES >= 4;
    }

    @Override
    public int tileRows() {
        return TILE_ROWS;
    }

    @Override
    public int tileColumns() {
        return TILE_VECTORS * LANES;
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
    public void tile(MemorySegment a, long aOffset, long aRow, long aCol, int rows, MemorySegment b, long bOffset,
            long bRow, int width, int depth, MemorySegment c, long cOffset, long cRow) {
        int last = rows - 1;
        if (MANY_REGISTERS) {
            switch (width / LANES) {
                case 1 -> VectorGemmKernelSixRows.tile1(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
                case 2 -> VectorGemmKernelSixRows.tile2(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
                case 3 -> VectorGemmKernelSixRows.tile3(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
                default -> VectorGemmKernelSixRows.tile4(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
            }
        } else {
            switch (width / LANES) {
                case 1 -> VectorGemmKernelFourRows.tile1(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
                case 2 -> VectorGemmKernelFourRows.tile2(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
                default -> VectorGemmKernelFourRows.tile3(a, aOffset, aRow, aCol, last, b, bOffset, bRow, depth, c,
                        cOffset, cRow);
            }
        }
    }

    @Override
    public void flush(MemorySegment t, long tOffset, long tRow, int rows, int columns, boolean accumulate,
            MemorySegment c, long cOffset, long cRow) {
        if (accumulate) {
            flushSum(t, tOffset, tRow, rows, columns, c, cOffset, cRow, c, cOffset, cRow);
            return;
        }
        int whole = columns - columns % LANES;
        for (int i = 0; i < rows; i++) {
            long from = tOffset + i * tRow;
            long to = cOffset + i * cRow;
            for (int j = 0; j < whole; j += LANES) {
                load(t, from + (long) j * FLOAT).intoMemorySegment(c, to + (long) j * FLOAT, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                c.set(JAVA_FLOAT_UNALIGNED, to + (long) j * FLOAT,
                        t.get(JAVA_FLOAT_UNALIGNED, from + (long) j * FLOAT));
            }
        }
    }

    @Override
    public void flushSum(MemorySegment t, long tOffset, long tRow, int rows, int columns, MemorySegment d,
            long dOffset, long dRow, MemorySegment c, long cOffset, long cRow) {
        (columns == 4 * LANES ? sum4 : sum).run(t, tOffset, tRow, d, dOffset, dRow, c, cOffset, cRow, rows, columns);
    }

    private static void sumRows(MemorySegment t, long tOffset, long tRow, MemorySegment d, long dOffset, long dRow,
            MemorySegment c, long cOffset, long cRow, int rows, int columns) {
        int whole = columns - columns % LANES;
        for (int i = 0; i < rows; i++) {
            long from = tOffset + i * tRow;
            long other = dOffset + i * dRow;
            long to = cOffset + i * cRow;
            for (int j = 0; j < whole; j += LANES) {
                long step = (long) j * FLOAT;
                load(d, other + step).add(load(t, from + step)).intoMemorySegment(c, to + step, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                long step = (long) j * FLOAT;
                c.set(JAVA_FLOAT_UNALIGNED, to + step,
                        d.get(JAVA_FLOAT_UNALIGNED, other + step) + t.get(JAVA_FLOAT_UNALIGNED, from + step));
            }
        }
    }

    /** Rows of four vectors, written out: an inner loop of so few steps would take most of the time. */
    private static void sumRows4(MemorySegment t, long tOffset, long tRow, MemorySegment d, long dOffset, long dRow,
            MemorySegment c, long cOffset, long cRow, int rows) {
        long from = tOffset;
        long other = dOffset;
        long to = cOffset;
        for (int i = 0; i < rows; i++) {
            FloatVector v0 = load(d, other).add(load(t, from));
            FloatVector v1 = load(d, other + STEP).add(load(t, from + STEP));
            FloatVector v2 = load(d, other + 2 * STEP).add(load(t, from + 2 * STEP));
            FloatVector v3 = load(d, other + 3 * STEP).add(load(t, from + 3 * STEP));
            v0.intoMemorySegment(c, to, ORDER);
            v1.intoMemorySegment(c, to + STEP, ORDER);
            v2.intoMemorySegment(c, to + 2 * STEP, ORDER);
            v3.intoMemorySegment(c, to + 3 * STEP, ORDER);
            from += tRow;
            other += dRow;
            to += cRow;
        }
    }

    @Override
    public void packRows(MemorySegment a, long aOffset, long aRow, long aCol, int rows, int depth, MemorySegment to,
            long toOffset, long toTile) {
        VectorGemmKernelPacking.packRows(a, aOffset, aRow, aCol, rows, depth, to, toOffset, toTile, TILE_ROWS);
    }

    @Override
    public void packPanel(MemorySegment b, long bOffset, long bRow, long bCol, int depth, int columns, int width,
            MemorySegment to, long toOffset) {
        VectorGemmKernelPacking.packPanel(b, bOffset, bRow, bCol, depth, columns, width, to, toOffset);
    }

    @Override
    public void transpose(MemorySegment t, long tOffset, long tRow, int rows, int columns, MemorySegment c,
            long cOffset, long cRow) {
        VectorGemmKernelPacking.transpose(t, tOffset, tRow, columns, rows, c, cOffset, cRow);
    }

    @Override
    public void dots(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x, long xOffset, int depth,
            boolean accumulate, MemorySegment y, long yOffset, long yStride) {
        int i = 0;
        for (; i + 4 <= count; i += 4) {
            fourDots(m, mOffset + i * mRow, mRow, x, xOffset, depth, accumulate, y, yOffset + i * yStride, yStride);
        }
        for (; i < count; i++) {
            dot(m, mOffset + i * mRow, x, xOffset, depth, accumulate, y, yOffset + i * yStride);
        }
    }

    private static void fourDots(MemorySegment m, long mOffset, long mRow, MemorySegment x, long xOffset, int depth,
            boolean accumulate, MemorySegment y, long yOffset, long yStride) {
        long m1 = mOffset + mRow;
        long m2 = m1 + mRow;
        long m3 = m2 + mRow;
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int whole = depth - depth % LANES;
        for (int k = 0; k < whole; k += LANES) {
            long p = (long) k * FLOAT;
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, xOffset + p, ORDER);
            sum0 = v.fma(FloatVector.fromMemorySegment(SPECIES, m, mOffset + p, ORDER), sum0);
            sum1 = v.fma(FloatVector.fromMemorySegment(SPECIES, m, m1 + p, ORDER), sum1);
            sum2 = v.fma(FloatVector.fromMemorySegment(SPECIES, m, m2 + p, ORDER), sum2);
            sum3 = v.fma(FloatVector.fromMemorySegment(SPECIES, m, m3 + p, ORDER), sum3);
        }
        finish(total(sum0), m, mOffset, x, xOffset, whole, depth, accumulate, y, yOffset);
        finish(total(sum1), m, m1, x, xOffset, whole, depth, accumulate, y, yOffset + yStride);
        finish(total(sum2), m, m2, x, xOffset, whole, depth, accumulate, y, yOffset + 2 * yStride);
        finish(total(sum3), m, m3, x, xOffset, whole, depth, accumulate, y, yOffset + 3 * yStride);
    }

    private static void dot(MemorySegment m, long mOffset, MemorySegment x, long xOffset, int depth,
            boolean accumulate, MemorySegment y, long yOffset) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int whole = depth - depth % LANES;
        for (int k = 0; k < whole; k += LANES) {
            long p = (long) k * FLOAT;
            sum = FloatVector.fromMemorySegment(SPECIES, x, xOffset + p, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, m, mOffset + p, ORDER), sum);
        }
        finish(total(sum), m, mOffset, x, xOffset, whole, depth, accumulate, y, yOffset);
    }

    /** Adds the steps that fill no vector, and stores the sum. */
    private static void finish(float total, MemorySegment m, long mOffset, MemorySegment x, long xOffset, int from,
            int depth, boolean accumulate, MemorySegment y, long yOffset) {
        float sum = total;
        for (int k = from; k < depth; k++) {
            long p = (long) k * FLOAT;
            sum = Math.fma(x.get(JAVA_FLOAT_UNALIGNED, xOffset + p), m.get(JAVA_FLOAT_UNALIGNED, mOffset + p), sum);
        }
        y.set(JAVA_FLOAT_UNALIGNED, yOffset, accumulate ? y.get(JAVA_FLOAT_UNALIGNED, yOffset) + sum : sum);
    }

    /** The sum of all lanes, by halves: {@code reduceLanes} leaves the order open, and so the last bits. */
    private static float total(FloatVector v) {
        FloatVector sum = v;
        if (LANES > 8) {
            sum = sum.add(sum.rearrange(BY_8));
        }
        if (LANES > 4) {
            sum = sum.add(sum.rearrange(BY_4));
        }
        sum = sum.add(sum.rearrange(BY_2));
        return sum.add(sum.rearrange(BY_1)).lane(0);
    }

    @Override
    public void combineRows(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x, long xOffset,
            long xStride, int depth, boolean accumulate, MemorySegment y, long yOffset) {
        if (!accumulate) {
            y.asSlice(yOffset, (long) count * FLOAT).fill((byte) 0);
        }
        int k = 0;
        for (; k + COMBINED <= depth; k += COMBINED) {
            combineEight(m, mOffset + k * mRow, mRow, count, x, xOffset + k * xStride, xStride, y, yOffset);
        }
        for (; k < depth; k++) {
            combineOne(m, mOffset + k * mRow, count, x.get(JAVA_FLOAT_UNALIGNED, xOffset + k * xStride), y, yOffset);
        }
    }

    private static void combineEight(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x,
            long xOffset, long xStride, MemorySegment y, long yOffset) {
        float x0 = x.get(JAVA_FLOAT_UNALIGNED, xOffset);
        float x1 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + xStride);
        float x2 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 2 * xStride);
        float x3 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 3 * xStride);
        float x4 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 4 * xStride);
        float x5 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 5 * xStride);
        float x6 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 6 * xStride);
        float x7 = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 7 * xStride);
        int whole = count - count % LANES;
        for (int j = 0; j < whole; j += LANES) {
            long p = mOffset + (long) j * FLOAT;
            long to = yOffset + (long) j * FLOAT;
            FloatVector sum = FloatVector.fromMemorySegment(SPECIES, y, to, ORDER);
            sum = load(m, p).fma(FloatVector.broadcast(SPECIES, x0), sum);
            sum = load(m, p + mRow).fma(FloatVector.broadcast(SPECIES, x1), sum);
            sum = load(m, p + 2 * mRow).fma(FloatVector.broadcast(SPECIES, x2), sum);
            sum = load(m, p + 3 * mRow).fma(FloatVector.broadcast(SPECIES, x3), sum);
            sum = load(m, p + 4 * mRow).fma(FloatVector.broadcast(SPECIES, x4), sum);
            sum = load(m, p + 5 * mRow).fma(FloatVector.broadcast(SPECIES, x5), sum);
            sum = load(m, p + 6 * mRow).fma(FloatVector.broadcast(SPECIES, x6), sum);
            sum = load(m, p + 7 * mRow).fma(FloatVector.broadcast(SPECIES, x7), sum);
            sum.intoMemorySegment(y, to, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long p = mOffset + (long) j * FLOAT;
            long to = yOffset + (long) j * FLOAT;
            float sum = y.get(JAVA_FLOAT_UNALIGNED, to);
            for (int r = 0; r < COMBINED; r++) {
                sum = Math.fma(m.get(JAVA_FLOAT_UNALIGNED, p + r * mRow),
                        x.get(JAVA_FLOAT_UNALIGNED, xOffset + r * xStride), sum);
            }
            y.set(JAVA_FLOAT_UNALIGNED, to, sum);
        }
    }

    private static void combineOne(MemorySegment m, long mOffset, int count, float x, MemorySegment y, long yOffset) {
        int whole = count - count % LANES;
        for (int j = 0; j < whole; j += LANES) {
            long to = yOffset + (long) j * FLOAT;
            load(m, mOffset + (long) j * FLOAT)
                    .fma(FloatVector.broadcast(SPECIES, x), FloatVector.fromMemorySegment(SPECIES, y, to, ORDER))
                    .intoMemorySegment(y, to, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long to = yOffset + (long) j * FLOAT;
            y.set(JAVA_FLOAT_UNALIGNED, to, Math.fma(m.get(JAVA_FLOAT_UNALIGNED, mOffset + (long) j * FLOAT), x,
                    y.get(JAVA_FLOAT_UNALIGNED, to)));
        }
    }

    private static FloatVector load(MemorySegment m, long offset) {
        return FloatVector.fromMemorySegment(SPECIES, m, offset, ORDER);
    }
}
