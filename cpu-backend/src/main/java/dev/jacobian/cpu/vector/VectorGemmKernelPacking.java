package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Packing for the vector matrix product: fast where one stride is 1 element, right for all others. */
final class VectorGemmKernelPacking {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    // Shorter vectors of integers: Lanes.SPECIES says why.
    private static final VectorSpecies<Integer> FOUR = IntVector.SPECIES_128;
    private static final VectorSpecies<Integer> EIGHT = IntVector.SPECIES_256;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int FLOAT = Float.BYTES;
    private static final long STEP = SPECIES.vectorByteSize();

    /** Where the hardware has vectors of eight floats, blocks of 8×8 are transposed in registers. */
    private static final boolean TRANSPOSE = SPECIES.length() >= EIGHT.length();

    private static final VectorShuffle<Integer> LOW_1 = VectorShuffle.fromValues(EIGHT, 0, 8, 2, 10, 4, 12, 6, 14);
    private static final VectorShuffle<Integer> HIGH_1 = VectorShuffle.fromValues(EIGHT, 1, 9, 3, 11, 5, 13, 7, 15);
    private static final VectorShuffle<Integer> LOW_2 = VectorShuffle.fromValues(EIGHT, 0, 1, 8, 9, 4, 5, 12, 13);
    private static final VectorShuffle<Integer> HIGH_2 = VectorShuffle.fromValues(EIGHT, 2, 3, 10, 11, 6, 7, 14, 15);
    private static final VectorShuffle<Integer> LOW_4 = VectorShuffle.fromValues(EIGHT, 0, 1, 2, 3, 8, 9, 10, 11);
    private static final VectorShuffle<Integer> HIGH_4 = VectorShuffle.fromValues(EIGHT, 4, 5, 6, 7, 12, 13, 14, 15);

    private VectorGemmKernelPacking() {}

    /** As {@link dev.jacobian.cpu.gemm.GemmKernel#packRows}. */
    static void packRows(MemorySegment a, long aOffset, long aRow, long aCol, int rows, int depth, MemorySegment to,
            long toOffset, long toTile, int tileRows) {
        int whole = aRow == FLOAT ? rows / tileRows : 0;
        long tile = (long) tileRows * FLOAT;
        int t = 0;
        for (; t + 4 <= whole; t += 4) {
            packFourTiles(a, aOffset + t * tile, aCol, depth, to, toOffset + t * toTile, toTile, tileRows);
        }
        for (; t < whole; t++) {
            packContiguousRows(a, aOffset + t * tile, aCol, depth, to, toOffset + t * toTile, tileRows);
        }
        for (int i = whole * tileRows; i < rows; i += tileRows) {
            packTile(a, aOffset + i * aRow, aRow, aCol, Math.min(tileRows, rows - i), depth, to,
                    toOffset + i / tileRows * toTile, tileRows);
        }
    }

    private static void packTile(MemorySegment a, long aOffset, long aRow, long aCol, int rows, int depth,
            MemorySegment to, long toOffset, int tileRows) {
        for (int k = 0; k < depth; k++) {
            long p = toOffset + (long) k * tileRows * FLOAT;
            for (int i = 0; i < rows; i++) {
                to.set(JAVA_FLOAT_UNALIGNED, p + (long) i * FLOAT,
                        a.get(JAVA_FLOAT_UNALIGNED, aOffset + i * aRow + k * aCol));
            }
        }
    }

    /** Four to eight floats as two overlapping vectors of four, so that nothing beyond them is read or written. */
    private static void packContiguousRows(MemorySegment a, long aOffset, long aCol, int depth, MemorySegment to,
            long toOffset, int tileRows) {
        long second = (tileRows - 4L) * FLOAT;
        for (int k = 0; k < depth; k++) {
            long from = aOffset + k * aCol;
            long p = toOffset + (long) k * tileRows * FLOAT;
            IntVector low = IntVector.fromMemorySegment(FOUR, a, from, ORDER);
            IntVector high = IntVector.fromMemorySegment(FOUR, a, from + second, ORDER);
            low.intoMemorySegment(to, p, ORDER);
            high.intoMemorySegment(to, p + second, ORDER);
        }
    }

    /** The same for four tiles, which read most of a cache line while it is there. */
    private static void packFourTiles(MemorySegment a, long aOffset, long aCol, int depth, MemorySegment to,
            long toOffset, long toTile, int tileRows) {
        long second = (tileRows - 4L) * FLOAT;
        long tile = (long) tileRows * FLOAT;
        long from = aOffset;
        long p = toOffset;
        for (int k = 0; k < depth; k++) {
            IntVector low0 = IntVector.fromMemorySegment(FOUR, a, from, ORDER);
            IntVector high0 = IntVector.fromMemorySegment(FOUR, a, from + second, ORDER);
            IntVector low1 = IntVector.fromMemorySegment(FOUR, a, from + tile, ORDER);
            IntVector high1 = IntVector.fromMemorySegment(FOUR, a, from + tile + second, ORDER);
            IntVector low2 = IntVector.fromMemorySegment(FOUR, a, from + 2 * tile, ORDER);
            IntVector high2 = IntVector.fromMemorySegment(FOUR, a, from + 2 * tile + second, ORDER);
            IntVector low3 = IntVector.fromMemorySegment(FOUR, a, from + 3 * tile, ORDER);
            IntVector high3 = IntVector.fromMemorySegment(FOUR, a, from + 3 * tile + second, ORDER);
            low0.intoMemorySegment(to, p, ORDER);
            high0.intoMemorySegment(to, p + second, ORDER);
            low1.intoMemorySegment(to, p + toTile, ORDER);
            high1.intoMemorySegment(to, p + toTile + second, ORDER);
            low2.intoMemorySegment(to, p + 2 * toTile, ORDER);
            high2.intoMemorySegment(to, p + 2 * toTile + second, ORDER);
            low3.intoMemorySegment(to, p + 3 * toTile, ORDER);
            high3.intoMemorySegment(to, p + 3 * toTile + second, ORDER);
            from += aCol;
            p += tile;
        }
    }

    /** As {@link dev.jacobian.cpu.gemm.GemmKernel#packPanel}. */
    static void packPanel(MemorySegment b, long bOffset, long bRow, long bCol, int depth, int columns, int width,
            MemorySegment to, long toOffset) {
        long toRow = (long) width * FLOAT;
        if (columns < width) {
            to.asSlice(toOffset, depth * toRow).fill((byte) 0);
        }
        if (bCol == FLOAT) {
            copyRows(b, bOffset, bRow, depth, columns, to, toOffset, toRow);
        } else if (bRow == FLOAT) {
            transpose(b, bOffset, bCol, depth, columns, to, toOffset, toRow);
        } else {
            copyAny(b, bOffset, bRow, bCol, depth, columns, to, toOffset, toRow);
        }
    }

    private static void copyRows(MemorySegment b, long bOffset, long bRow, int depth, int columns, MemorySegment to,
            long toOffset, long toRow) {
        int lanes = SPECIES.length();
        if (columns == 4 * lanes && toRow == 4 * STEP) {
            copyRows4(b, bOffset, bRow, depth, to, toOffset);
            return;
        }
        int whole = columns - columns % lanes;
        for (int k = 0; k < depth; k++) {
            long from = bOffset + k * bRow;
            long p = toOffset + k * toRow;
            for (int j = 0; j < whole; j += lanes) {
                long step = (long) j * FLOAT;
                FloatVector.fromMemorySegment(SPECIES, b, from + step, ORDER).intoMemorySegment(to, p + step, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                long step = (long) j * FLOAT;
                to.set(JAVA_FLOAT_UNALIGNED, p + step, b.get(JAVA_FLOAT_UNALIGNED, from + step));
            }
        }
    }

    /** Rows of four vectors, written out: an inner loop of so few steps would take most of the time. */
    private static void copyRows4(MemorySegment b, long bOffset, long bRow, int depth, MemorySegment to,
            long toOffset) {
        long from = bOffset;
        long p = toOffset;
        for (int k = 0; k < depth; k++) {
            FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, b, from, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, b, from + STEP, ORDER);
            FloatVector v2 = FloatVector.fromMemorySegment(SPECIES, b, from + 2 * STEP, ORDER);
            FloatVector v3 = FloatVector.fromMemorySegment(SPECIES, b, from + 3 * STEP, ORDER);
            v0.intoMemorySegment(to, p, ORDER);
            v1.intoMemorySegment(to, p + STEP, ORDER);
            v2.intoMemorySegment(to, p + 2 * STEP, ORDER);
            v3.intoMemorySegment(to, p + 3 * STEP, ORDER);
            from += bRow;
            p += 4 * STEP;
        }
    }

    private static void copyAny(MemorySegment b, long bOffset, long bRow, long bCol, int depth, int columns,
            MemorySegment to, long toOffset, long toRow) {
        for (int j = 0; j < columns; j++) {
            long from = bOffset + j * bCol;
            long p = toOffset + (long) j * FLOAT;
            for (int k = 0; k < depth; k++) {
                to.set(JAVA_FLOAT_UNALIGNED, p + k * toRow, b.get(JAVA_FLOAT_UNALIGNED, from + k * bRow));
            }
        }
    }

    /** Column j of the panel lies contiguous at {@code bOffset + j·bCol}. */
    static void transpose(MemorySegment b, long bOffset, long bCol, int depth, int columns, MemorySegment to,
            long toOffset, long toRow) {
        if (!TRANSPOSE) {
            copyAny(b, bOffset, FLOAT, bCol, depth, columns, to, toOffset, toRow);
            return;
        }
        int side = EIGHT.length();
        int wholeColumns = columns - columns % side;
        int wholeDepth = depth - depth % side;
        for (int j = 0; j < wholeColumns; j += side) {
            for (int k = 0; k < wholeDepth; k += side) {
                transposeBlock(b, bOffset + j * bCol + (long) k * FLOAT, bCol, to,
                        toOffset + k * toRow + (long) j * FLOAT, toRow);
            }
        }
        copyAny(b, bOffset + (long) wholeDepth * FLOAT, FLOAT, bCol, depth - wholeDepth, wholeColumns, to,
                toOffset + wholeDepth * toRow, toRow);
        copyAny(b, bOffset + wholeColumns * bCol, FLOAT, bCol, depth, columns - wholeColumns, to,
                toOffset + (long) wholeColumns * FLOAT, toRow);
    }

    /** Transposes 8×8 floats by exchanging neighbours at distance 1, 2 and 4. */
    private static void transposeBlock(MemorySegment b, long from, long step, MemorySegment to, long toOffset,
            long toStep) {
        IntVector r0 = IntVector.fromMemorySegment(EIGHT, b, from, ORDER);
        IntVector r1 = IntVector.fromMemorySegment(EIGHT, b, from + step, ORDER);
        IntVector r2 = IntVector.fromMemorySegment(EIGHT, b, from + 2 * step, ORDER);
        IntVector r3 = IntVector.fromMemorySegment(EIGHT, b, from + 3 * step, ORDER);
        IntVector r4 = IntVector.fromMemorySegment(EIGHT, b, from + 4 * step, ORDER);
        IntVector r5 = IntVector.fromMemorySegment(EIGHT, b, from + 5 * step, ORDER);
        IntVector r6 = IntVector.fromMemorySegment(EIGHT, b, from + 6 * step, ORDER);
        IntVector r7 = IntVector.fromMemorySegment(EIGHT, b, from + 7 * step, ORDER);
        IntVector s0 = r0.rearrange(LOW_1, r1);
        IntVector s1 = r0.rearrange(HIGH_1, r1);
        IntVector s2 = r2.rearrange(LOW_1, r3);
        IntVector s3 = r2.rearrange(HIGH_1, r3);
        IntVector s4 = r4.rearrange(LOW_1, r5);
        IntVector s5 = r4.rearrange(HIGH_1, r5);
        IntVector s6 = r6.rearrange(LOW_1, r7);
        IntVector s7 = r6.rearrange(HIGH_1, r7);
        IntVector t0 = s0.rearrange(LOW_2, s2);
        IntVector t2 = s0.rearrange(HIGH_2, s2);
        IntVector t1 = s1.rearrange(LOW_2, s3);
        IntVector t3 = s1.rearrange(HIGH_2, s3);
        IntVector t4 = s4.rearrange(LOW_2, s6);
        IntVector t6 = s4.rearrange(HIGH_2, s6);
        IntVector t5 = s5.rearrange(LOW_2, s7);
        IntVector t7 = s5.rearrange(HIGH_2, s7);
        t0.rearrange(LOW_4, t4).intoMemorySegment(to, toOffset, ORDER);
        t0.rearrange(HIGH_4, t4).intoMemorySegment(to, toOffset + 4 * toStep, ORDER);
        t1.rearrange(LOW_4, t5).intoMemorySegment(to, toOffset + toStep, ORDER);
        t1.rearrange(HIGH_4, t5).intoMemorySegment(to, toOffset + 5 * toStep, ORDER);
        t2.rearrange(LOW_4, t6).intoMemorySegment(to, toOffset + 2 * toStep, ORDER);
        t2.rearrange(HIGH_4, t6).intoMemorySegment(to, toOffset + 6 * toStep, ORDER);
        t3.rearrange(LOW_4, t7).intoMemorySegment(to, toOffset + 3 * toStep, ORDER);
        t3.rearrange(HIGH_4, t7).intoMemorySegment(to, toOffset + 7 * toStep, ORDER);
    }
}
