package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Single rows: of sums, and of products with what they were computed from. */
final class VectorTapsKernelOneRow {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int LANES = SPECIES.length();
    private static final long STEP = SPECIES.vectorByteSize();
    private static final long FLOAT = Float.BYTES;

    /** Columns of a piece. The sides of most images are a power of two times 7. */
    private static final int PIECE = 7 * LANES;

    private VectorTapsKernelOneRow() {}

    private static VectorMask<Float> lanes(int count) {
        return VectorMask.fromLong(SPECIES, (1L << count) - 1);
    }

    static void row(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int columns, MemorySegment c, long cOffset) {
        if (columns >= PIECE) {
            pieces(a, aOffset, b, bOffset, offsets, first, depth, columns, c, cOffset);
        } else {
            vectors(a, aOffset, b, bOffset, offsets, first, depth, columns, c, cOffset);
        }
    }

    /** Pieces of seven vectors, of which the last may begin earlier and compute some sums again. */
    private static void pieces(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets,
            int first, int depth, int columns, MemorySegment c, long cOffset) {
        int end = first + depth;
        for (int i = 0; i < columns; i += PIECE) {
            long at = Math.min(i, columns - PIECE) * FLOAT;
            long p = aOffset;
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = c0;
            FloatVector c2 = c0;
            FloatVector c3 = c0;
            FloatVector c4 = c0;
            FloatVector c5 = c0;
            FloatVector c6 = c0;
            for (int k = first; k < end; k++) {
                long from = bOffset + at + offsets[k];
                FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p));
                c0 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from, ORDER), c0);
                c1 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from + STEP, ORDER), c1);
                c2 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from + 2 * STEP, ORDER), c2);
                c3 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from + 3 * STEP, ORDER), c3);
                c4 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from + 4 * STEP, ORDER), c4);
                c5 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from + 5 * STEP, ORDER), c5);
                c6 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from + 6 * STEP, ORDER), c6);
                p += FLOAT;
            }
            long to = cOffset + at;
            c0.intoMemorySegment(c, to, ORDER);
            c1.intoMemorySegment(c, to + STEP, ORDER);
            c2.intoMemorySegment(c, to + 2 * STEP, ORDER);
            c3.intoMemorySegment(c, to + 3 * STEP, ORDER);
            c4.intoMemorySegment(c, to + 4 * STEP, ORDER);
            c5.intoMemorySegment(c, to + 5 * STEP, ORDER);
            c6.intoMemorySegment(c, to + 6 * STEP, ORDER);
        }
    }

    private static void vectors(MemorySegment a, long aOffset, MemorySegment b, long bOffset,
            long[] offsets, int first, int depth, int columns, MemorySegment c, long cOffset) {
        int end = first + depth;
        for (int i = 0; i < columns; i += LANES) {
            VectorMask<Float> mask = lanes(Math.min(LANES, columns - i));
            long p = aOffset;
            FloatVector sum = FloatVector.zero(SPECIES);
            for (int k = first; k < end; k++) {
                FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p));
                long from = bOffset + offsets[k] + i * FLOAT;
                sum = v.fma(FloatVector.fromMemorySegment(SPECIES, b, from, ORDER, mask), sum);
                p += FLOAT;
            }
            sum.intoMemorySegment(c, cOffset + i * FLOAT, ORDER, mask);
        }
    }

    static void products(MemorySegment a, long aOffset, MemorySegment b, long[] offsets, int first, int columns,
            MemorySegment c, long cOffset) {
        long b0 = offsets[first];
        long b1 = offsets[first + 1];
        long b2 = offsets[first + 2];
        long b3 = offsets[first + 3];
        long b4 = offsets[first + 4];
        long b5 = offsets[first + 5];
        long b6 = offsets[first + 6];
        long b7 = offsets[first + 7];
        long b8 = offsets[first + 8];
        FloatVector c0 = FloatVector.zero(SPECIES);
        FloatVector c1 = c0;
        FloatVector c2 = c0;
        FloatVector c3 = c0;
        FloatVector c4 = c0;
        FloatVector c5 = c0;
        FloatVector c6 = c0;
        FloatVector c7 = c0;
        FloatVector c8 = c0;
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
            long at = i * FLOAT;
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, a, aOffset + at, ORDER);
            c0 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b0 + at, ORDER), c0);
            c1 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b1 + at, ORDER), c1);
            c2 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b2 + at, ORDER), c2);
            c3 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b3 + at, ORDER), c3);
            c4 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b4 + at, ORDER), c4);
            c5 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b5 + at, ORDER), c5);
            c6 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b6 + at, ORDER), c6);
            c7 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b7 + at, ORDER), c7);
            c8 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b8 + at, ORDER), c8);
        }
        if (i < columns) {
            VectorMask<Float> mask = lanes(columns - i);
            long at = i * FLOAT;
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, a, aOffset + at, ORDER, mask);
            c0 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b0 + at, ORDER, mask), c0);
            c1 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b1 + at, ORDER, mask), c1);
            c2 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b2 + at, ORDER, mask), c2);
            c3 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b3 + at, ORDER, mask), c3);
            c4 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b4 + at, ORDER, mask), c4);
            c5 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b5 + at, ORDER, mask), c5);
            c6 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b6 + at, ORDER, mask), c6);
            c7 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b7 + at, ORDER, mask), c7);
            c8 = v.fma(FloatVector.fromMemorySegment(SPECIES, b, b8 + at, ORDER, mask), c8);
        }
        c0.intoMemorySegment(c, cOffset, ORDER);
        c1.intoMemorySegment(c, cOffset + STEP, ORDER);
        c2.intoMemorySegment(c, cOffset + 2 * STEP, ORDER);
        c3.intoMemorySegment(c, cOffset + 3 * STEP, ORDER);
        c4.intoMemorySegment(c, cOffset + 4 * STEP, ORDER);
        c5.intoMemorySegment(c, cOffset + 5 * STEP, ORDER);
        c6.intoMemorySegment(c, cOffset + 6 * STEP, ORDER);
        c7.intoMemorySegment(c, cOffset + 7 * STEP, ORDER);
        c8.intoMemorySegment(c, cOffset + 8 * STEP, ORDER);
    }
}
