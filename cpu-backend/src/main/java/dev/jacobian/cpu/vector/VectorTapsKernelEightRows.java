package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of {@link dev.jacobian.cpu.conv.TapsKernel} for 32 vector registers: eight rows by one to three vectors.
 * Written out and ended with plain stores for the reasons given at {@link VectorGemmKernelSixRows}. Channels come in
 * multiples of eight more often than of six.
 */
final class VectorTapsKernelEightRows {
    static final int ROWS = 8;

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = SPECIES.vectorByteSize();
    private static final long FLOAT = Float.BYTES;

    private VectorTapsKernelEightRows() {}

    /** Eight rows by three vectors. */
    static void tile3(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, MemorySegment c, long cOffset, long cRow) {
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
        FloatVector c40 = zero;
        FloatVector c41 = zero;
        FloatVector c42 = zero;
        FloatVector c50 = zero;
        FloatVector c51 = zero;
        FloatVector c52 = zero;
        FloatVector c60 = zero;
        FloatVector c61 = zero;
        FloatVector c62 = zero;
        FloatVector c70 = zero;
        FloatVector c71 = zero;
        FloatVector c72 = zero;
        for (int k = 0; k < depth; k++) {
            long from = bOffset + offsets[first + k];
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
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 4 * FLOAT));
            c40 = v.fma(b0, c40);
            c41 = v.fma(b1, c41);
            c42 = v.fma(b2, c42);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 5 * FLOAT));
            c50 = v.fma(b0, c50);
            c51 = v.fma(b1, c51);
            c52 = v.fma(b2, c52);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 6 * FLOAT));
            c60 = v.fma(b0, c60);
            c61 = v.fma(b1, c61);
            c62 = v.fma(b2, c62);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 7 * FLOAT));
            c70 = v.fma(b0, c70);
            c71 = v.fma(b1, c71);
            c72 = v.fma(b2, c72);
            p += ROWS * FLOAT;
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
        to += cRow;
        c40.intoMemorySegment(c, to, ORDER);
        c41.intoMemorySegment(c, to + STEP, ORDER);
        c42.intoMemorySegment(c, to + 2 * STEP, ORDER);
        to += cRow;
        c50.intoMemorySegment(c, to, ORDER);
        c51.intoMemorySegment(c, to + STEP, ORDER);
        c52.intoMemorySegment(c, to + 2 * STEP, ORDER);
        to += cRow;
        c60.intoMemorySegment(c, to, ORDER);
        c61.intoMemorySegment(c, to + STEP, ORDER);
        c62.intoMemorySegment(c, to + 2 * STEP, ORDER);
        to += cRow;
        c70.intoMemorySegment(c, to, ORDER);
        c71.intoMemorySegment(c, to + STEP, ORDER);
        c72.intoMemorySegment(c, to + 2 * STEP, ORDER);
    }

    /** Eight rows by two vectors. */
    static void tile2(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, MemorySegment c, long cOffset, long cRow) {
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
        FloatVector c40 = zero;
        FloatVector c41 = zero;
        FloatVector c50 = zero;
        FloatVector c51 = zero;
        FloatVector c60 = zero;
        FloatVector c61 = zero;
        FloatVector c70 = zero;
        FloatVector c71 = zero;
        for (int k = 0; k < depth; k++) {
            long from = bOffset + offsets[first + k];
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
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 4 * FLOAT));
            c40 = v.fma(b0, c40);
            c41 = v.fma(b1, c41);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 5 * FLOAT));
            c50 = v.fma(b0, c50);
            c51 = v.fma(b1, c51);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 6 * FLOAT));
            c60 = v.fma(b0, c60);
            c61 = v.fma(b1, c61);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 7 * FLOAT));
            c70 = v.fma(b0, c70);
            c71 = v.fma(b1, c71);
            p += ROWS * FLOAT;
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
        to += cRow;
        c40.intoMemorySegment(c, to, ORDER);
        c41.intoMemorySegment(c, to + STEP, ORDER);
        to += cRow;
        c50.intoMemorySegment(c, to, ORDER);
        c51.intoMemorySegment(c, to + STEP, ORDER);
        to += cRow;
        c60.intoMemorySegment(c, to, ORDER);
        c61.intoMemorySegment(c, to + STEP, ORDER);
        to += cRow;
        c70.intoMemorySegment(c, to, ORDER);
        c71.intoMemorySegment(c, to + STEP, ORDER);
    }

    /** Eight rows by one vector. */
    static void tile1(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, MemorySegment c, long cOffset, long cRow) {
        long p = aOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c10 = zero;
        FloatVector c20 = zero;
        FloatVector c30 = zero;
        FloatVector c40 = zero;
        FloatVector c50 = zero;
        FloatVector c60 = zero;
        FloatVector c70 = zero;
        for (int k = 0; k < depth; k++) {
            long from = bOffset + offsets[first + k];
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, from, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p));
            c00 = v.fma(b0, c00);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + FLOAT));
            c10 = v.fma(b0, c10);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 2 * FLOAT));
            c20 = v.fma(b0, c20);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 3 * FLOAT));
            c30 = v.fma(b0, c30);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 4 * FLOAT));
            c40 = v.fma(b0, c40);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 5 * FLOAT));
            c50 = v.fma(b0, c50);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 6 * FLOAT));
            c60 = v.fma(b0, c60);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + 7 * FLOAT));
            c70 = v.fma(b0, c70);
            p += ROWS * FLOAT;
        }
        long to = cOffset;
        c00.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c10.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c20.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c30.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c40.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c50.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c60.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c70.intoMemorySegment(c, to, ORDER);
    }
}
