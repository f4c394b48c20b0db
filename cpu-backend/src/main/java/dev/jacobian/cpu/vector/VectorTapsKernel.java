package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.conv.TapsKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The inner loop of convolutions on the Vector API. */
public final class VectorTapsKernel implements TapsKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = SPECIES.vectorByteSize();
    private static final boolean MANY_REGISTERS = STEP == 64
            || "aarch64".equals(System.getProperty("os.arch"));

    /** Rows of more vectors are copied one after the other, shorter ones side by side, without a loop for each. */
    private static final int LONG_ROW = 8;

    private static final VectorShuffle<Float> EVERY_SECOND = VectorShuffle.iota(SPECIES, 0, 2, false);
    private static final VectorShuffle<Float> LOW_PAIRS = pairs(0);
    private static final VectorShuffle<Float> HIGH_PAIRS = pairs(SPECIES.length() / 2);

    private static VectorShuffle<Float> pairs(int first) {
        return VectorShuffle.fromOp(SPECIES, i -> first + i / 2 + i % 2 * SPECIES.length());
    }

    /** Not static, so that it is no constant for the compiler. */
    private final long step = (long) rows() * Float.BYTES;

    @Override
    public int rows() {
        return MANY_REGISTERS ? VectorTapsKernelEightRows.ROWS : VectorTapsKernelFourRows.ROWS;
    }

    @Override
    public int lanes() {
        return SPECIES.length();
    }

    @Override
    public int vectors() {
        return 3;
    }

    @Override
    public void tile(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int vectors, MemorySegment c, long cOffset, long cRow) {
        if (MANY_REGISTERS) {
            switch (vectors) {
                case 1 -> VectorTapsKernelEightRows.tile1(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
                case 2 -> VectorTapsKernelEightRows.tile2(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
                default -> VectorTapsKernelEightRows.tile3(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
            }
        } else {
            switch (vectors) {
                case 1 -> VectorTapsKernelFourRows.tile1(a, aOffset, step, b, bOffset, offsets, first, depth, c,
                        cOffset, cRow);
                case 2 -> VectorTapsKernelFourRows.tile2(a, aOffset, step, b, bOffset, offsets, first, depth, c,
                        cOffset, cRow);
                default -> VectorTapsKernelFourRows.tile3(a, aOffset, step, b, bOffset, offsets, first, depth, c,
                        cOffset, cRow);
            }
        }
    }

    @Override
    public void row(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int columns, MemorySegment c, long cOffset) {
        VectorTapsKernelOneRow.row(a, aOffset, b, bOffset, offsets, first, depth, columns, c, cOffset);
    }

    @Override
    public void products(MemorySegment a, long aOffset, MemorySegment b, long[] offsets, int first, int columns,
            MemorySegment c, long cOffset) {
        VectorTapsKernelOneRow.products(a, aOffset, b, offsets, first, columns, c, cOffset);
    }

    @Override
    public void copyRows(MemorySegment from, long fromOffset, long fromRow, int step, int rows, int columns,
            MemorySegment to, long toOffset, long toRow) {
        int lanes = SPECIES.length();
        int vectors = step > 2 ? 0 : Math.ceilDiv(columns, lanes);
        if (rows == 1 || vectors > LONG_ROW) {
            for (int row = 0; row < rows; row++) {
                copyRow(from, fromOffset + row * fromRow, step, columns, to, toOffset + row * toRow);
            }
            return;
        }
        // The last vectors first: what they write behind their rows is where the first ones of the next rows go.
        for (int v = vectors - 1; v >= 0; v--) {
            long p = fromOffset + v * (step * STEP);
            long q = toOffset + v * STEP;
            int inside = rowsInside(from, p, step * STEP, fromRow, rows);
            if (step == 1) {
                copyColumn(from, p, fromRow, inside, to, q, toRow);
            } else {
                copyEverySecondOfColumn(from, p, fromRow, inside, to, q, toRow);
            }
            int count = Math.min(lanes, columns - v * lanes);
            for (int row = inside; row < rows; row++) {
                copyElements(from, p + row * fromRow, step, count, to, q + row * toRow);
            }
        }
        for (int row = 0; vectors == 0 && row < rows; row++) {
            copyElements(from, fromOffset + row * fromRow, step, columns, to, toOffset + row * toRow);
        }
    }

    /** One vector of each row. */
    private static void copyColumn(MemorySegment from, long fromOffset, long fromRow, int rows, MemorySegment to,
            long toOffset, long toRow) {
        long p = fromOffset;
        long q = toOffset;
        for (int row = 0; row < rows; row++) {
            FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).intoMemorySegment(to, q, ORDER);
            p += fromRow;
            q += toRow;
        }
    }

    private static void copyEverySecondOfColumn(MemorySegment from, long fromOffset, long fromRow, int rows,
            MemorySegment to, long toOffset, long toRow) {
        long p = fromOffset;
        long q = toOffset;
        for (int row = 0; row < rows; row++) {
            FloatVector low = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
            FloatVector high = FloatVector.fromMemorySegment(SPECIES, from, p + STEP, ORDER);
            low.rearrange(EVERY_SECOND, high).intoMemorySegment(to, q, ORDER);
            p += fromRow;
            q += toRow;
        }
    }

    private static void copyRow(MemorySegment from, long fromOffset, int step, int columns, MemorySegment to,
            long toOffset) {
        int lanes = SPECIES.length();
        int vectors = step > 2 ? 0 : piecesInside(from, fromOffset, step * STEP, Math.ceilDiv(columns, lanes));
        if (step == 1) {
            copyColumn(from, fromOffset, STEP, vectors, to, toOffset, STEP);
        } else {
            copyEverySecondOfColumn(from, fromOffset, 2 * STEP, vectors, to, toOffset, STEP);
        }
        copyElements(from, fromOffset + vectors * (step * STEP), step, columns - vectors * lanes, to,
                toOffset + vectors * STEP);
    }

    private static void copyElements(MemorySegment from, long fromOffset, int step, int count, MemorySegment to,
            long toOffset) {
        for (int i = 0; i < count; i++) {
            to.set(JAVA_FLOAT_UNALIGNED, toOffset + (long) i * Float.BYTES,
                    from.get(JAVA_FLOAT_UNALIGNED, fromOffset + (long) i * step * Float.BYTES));
        }
    }

    /**
     * How many of some pieces of a segment lie inside it. Loops count these up to here: with the segment's end as a
     * second condition, C2 guesses at it and is wrong at the end of every segment, compiling anew a hundred times.
     */
    private static int piecesInside(MemorySegment segment, long offset, long bytes, int wanted) {
        return rowsInside(segment, offset, bytes, bytes, wanted);
    }

    /** The same for pieces that lie {@code step} apart. */
    private static int rowsInside(MemorySegment segment, long offset, long bytes, long step, int wanted) {
        long room = segment.byteSize() - bytes - offset;
        return room >= (wanted - 1) * step ? wanted : room < 0 ? 0 : (int) (room / step) + 1;
    }

    @Override
    public void interleave(MemorySegment tiles, long even, long odd, long tileRow, int rows, int columns, boolean add,
            MemorySegment to, long toOffset, long toRow) {
        int pair = 2 * SPECIES.length();
        for (int i = 0; i < columns; i += pair) {
            long at = (long) i / 2 * Float.BYTES;
            long p = toOffset + (long) i * Float.BYTES;
            if (columns - i >= pair && !add) {
                interleave(tiles, even + at, odd + at, tileRow, rows, to, p, toRow);
            } else {
                interleaveSome(tiles, even + at, odd + at, tileRow, rows, Math.min(pair, columns - i), add, to, p,
                        toRow);
            }
        }
    }

    private static void interleave(MemorySegment tiles, long even, long odd, long tileRow, int rows, MemorySegment to,
            long toOffset, long toRow) {
        for (int row = 0; row < rows; row++) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, tiles, even + row * tileRow, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, tiles, odd + row * tileRow, ORDER);
            a.rearrange(LOW_PAIRS, b).intoMemorySegment(to, toOffset + row * toRow, ORDER);
            a.rearrange(HIGH_PAIRS, b).intoMemorySegment(to, toOffset + row * toRow + STEP, ORDER);
        }
    }

    private static void interleaveSome(MemorySegment tiles, long even, long odd, long tileRow, int rows, int columns,
            boolean add, MemorySegment to, long toOffset, long toRow) {
        VectorMask<Float> low = SPECIES.indexInRange(0, columns);
        VectorMask<Float> high = SPECIES.indexInRange(SPECIES.length(), columns);
        for (int row = 0; row < rows; row++) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, tiles, even + row * tileRow, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, tiles, odd + row * tileRow, ORDER);
            long p = toOffset + row * toRow;
            store(a.rearrange(LOW_PAIRS, b), add, to, p, low);
            if (columns > SPECIES.length()) {
                store(a.rearrange(HIGH_PAIRS, b), add, to, p + STEP, high);
            }
        }
    }

    private static void store(FloatVector v, boolean add, MemorySegment to, long offset, VectorMask<Float> mask) {
        FloatVector sum = add ? FloatVector.fromMemorySegment(SPECIES, to, offset, ORDER, mask).add(v) : v;
        sum.intoMemorySegment(to, offset, ORDER, mask);
    }
}
