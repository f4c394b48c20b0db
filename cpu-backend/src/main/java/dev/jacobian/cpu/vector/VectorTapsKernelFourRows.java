package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The same as {@link VectorTapsKernelEightRows} for 16 vector registers: four rows by one to three vectors.
 *
 * <p>How far A's steps lie apart is a parameter so that the compiler does not know it. With a constant it proves all
 * reads of A to lie inside, and without checks between them it reads one row ahead, for which there is no register: 49
 * instead of 85 GFLOP/s with 256-bit vectors on a Zen 4.
 */
final class VectorTapsKernelFourRows {
    static final int ROWS = 4;

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = SPECIES.vectorByteSize();
    private static final long FLOAT = Float.BYTES;

    private VectorTapsKernelFourRows() {}

    /** Four rows by three vectors. */
    static void tile3(MemorySegment a, long aOffset, long aStep, MemorySegment b, long bOffset, long[] offsets,
            int first, int depth, MemorySegment c, long cOffset, long cRow) {
        long p = aOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c01 = zero;
        FloatVector c02 = zero;
        FloatVector c10 = zero;
        FloatVector c11 = zero;
        FloatVector c12 = zero;
        FloatVector c20 = zero;
        FloatVector c21 = zero;
        FloatVector c22 = zero;
        FloatVector c30 = zero;
        FloatVector c31 = zero;
        FloatVector c32 = zero;
        int end = first + depth;
        for (int k = first; k < end; k++) {
            long from = bOffset + offsets[k];
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, from, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, b, from + STEP, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, b, from + 2 * STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p));
            c00 = v.fma(b0, c00);
            c01 = v.fma(b1, c01);
            c02 = v.fma(b2, c02);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + FLOAT));
            c10 = v.fma(b0, c10);
            c11 = v.fma(b1, c11);
            c12 = v.fma(b2, c12);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 2 * FLOAT));
            c20 = v.fma(b0, c20);
            c21 = v.fma(b1, c21);
            c22 = v.fma(b2, c22);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 3 * FLOAT));
            c30 = v.fma(b0, c30);
            c31 = v.fma(b1, c31);
            c32 = v.fma(b2, c32);
            p += aStep;
        }
        long to = cOffset;
        c00.intoMemorySegment(c, to, ORDER);
        c01.intoMemorySegment(c, to + STEP, ORDER);
        c02.intoMemorySegment(c, to + 2 * STEP, ORDER);
        to += cRow;
        c10.intoMemorySegment(c, to, ORDER);
        c11.intoMemorySegment(c, to + STEP, ORDER);
        c12.intoMemorySegment(c, to + 2 * STEP, ORDER);
        to += cRow;
        c20.intoMemorySegment(c, to, ORDER);
        c21.intoMemorySegment(c, to + STEP, ORDER);
        c22.intoMemorySegment(c, to + 2 * STEP, ORDER);
        to += cRow;
        c30.intoMemorySegment(c, to, ORDER);
        c31.intoMemorySegment(c, to + STEP, ORDER);
        c32.intoMemorySegment(c, to + 2 * STEP, ORDER);
    }

    /** Four rows by two vectors. */
    static void tile2(MemorySegment a, long aOffset, long aStep, MemorySegment b, long bOffset, long[] offsets,
            int first, int depth, MemorySegment c, long cOffset, long cRow) {
        long p = aOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c01 = zero;
        FloatVector c10 = zero;
        FloatVector c11 = zero;
        FloatVector c20 = zero;
        FloatVector c21 = zero;
        FloatVector c30 = zero;
        FloatVector c31 = zero;
        int end = first + depth;
        for (int k = first; k < end; k++) {
            long from = bOffset + offsets[k];
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, from, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, b, from + STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p));
            c00 = v.fma(b0, c00);
            c01 = v.fma(b1, c01);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + FLOAT));
            c10 = v.fma(b0, c10);
            c11 = v.fma(b1, c11);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 2 * FLOAT));
            c20 = v.fma(b0, c20);
            c21 = v.fma(b1, c21);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 3 * FLOAT));
            c30 = v.fma(b0, c30);
            c31 = v.fma(b1, c31);
            p += aStep;
        }
        long to = cOffset;
        c00.intoMemorySegment(c, to, ORDER);
        c01.intoMemorySegment(c, to + STEP, ORDER);
        to += cRow;
        c10.intoMemorySegment(c, to, ORDER);
        c11.intoMemorySegment(c, to + STEP, ORDER);
        to += cRow;
        c20.intoMemorySegment(c, to, ORDER);
        c21.intoMemorySegment(c, to + STEP, ORDER);
        to += cRow;
        c30.intoMemorySegment(c, to, ORDER);
        c31.intoMemorySegment(c, to + STEP, ORDER);
    }

    /** Four rows by one vector. */
    static void tile1(MemorySegment a, long aOffset, long aStep, MemorySegment b, long bOffset, long[] offsets,
            int first, int depth, MemorySegment c, long cOffset, long cRow) {
        long p = aOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c10 = zero;
        FloatVector c20 = zero;
        FloatVector c30 = zero;
        int end = first + depth;
        for (int k = first; k < end; k++) {
            long from = bOffset + offsets[k];
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, from, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p));
            c00 = v.fma(b0, c00);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + FLOAT));
            c10 = v.fma(b0, c10);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 2 * FLOAT));
            c20 = v.fma(b0, c20);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 3 * FLOAT));
            c30 = v.fma(b0, c30);
            p += aStep;
        }
        long to = cOffset;
        c00.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c10.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c20.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c30.intoMemorySegment(c, to, ORDER);
    }
}
