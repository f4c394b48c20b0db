package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of the matrix product: six rows of A by one to four vectors of B's columns, summed along K in
 * ascending order, each sum in a register of its own. Offsets and strides are in bytes; {@code last} is the last row
 * that A has.
 *
 * <p>The loops are written out since vectors in an array would live in memory. Each method ends with plain stores, and
 * adding to C is left to another method, for the compilers' sake: with loads and adds in the same method the quick
 * compiler (C1) runs out of registers, and a method that it gave up on can stay slow for good (1.3 instead of 106
 * GFLOP/s); with the stores in a helper the optimising compiler (C2) stops inlining before it gets there, and keeps the
 * sums in boxes (9 GFLOP/s).
 */
final class VectorGemmKernelSixRows {

    static final int ROWS = 6;

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = SPECIES.vectorByteSize();

    private VectorGemmKernelSixRows() {}

    /** Six rows by four vectors. */
    static void tile4(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + Math.min(3, last) * aRow;
        long a4 = aOffset + Math.min(4, last) * aRow;
        long a5 = aOffset + last * aRow;
        long p = 0;
        long q = bOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c01 = zero;
        FloatVector c02 = zero;
        FloatVector c03 = zero;
        FloatVector c10 = zero;
        FloatVector c11 = zero;
        FloatVector c12 = zero;
        FloatVector c13 = zero;
        FloatVector c20 = zero;
        FloatVector c21 = zero;
        FloatVector c22 = zero;
        FloatVector c23 = zero;
        FloatVector c30 = zero;
        FloatVector c31 = zero;
        FloatVector c32 = zero;
        FloatVector c33 = zero;
        FloatVector c40 = zero;
        FloatVector c41 = zero;
        FloatVector c42 = zero;
        FloatVector c43 = zero;
        FloatVector c50 = zero;
        FloatVector c51 = zero;
        FloatVector c52 = zero;
        FloatVector c53 = zero;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, q, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, b, q + STEP, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, b, q + 2 * STEP, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(SPECIES, b, q + 3 * STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + p));
            c00 = v.fma(b0, c00);
            c01 = v.fma(b1, c01);
            c02 = v.fma(b2, c02);
            c03 = v.fma(b3, c03);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a1 + p));
            c10 = v.fma(b0, c10);
            c11 = v.fma(b1, c11);
            c12 = v.fma(b2, c12);
            c13 = v.fma(b3, c13);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a2 + p));
            c20 = v.fma(b0, c20);
            c21 = v.fma(b1, c21);
            c22 = v.fma(b2, c22);
            c23 = v.fma(b3, c23);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a3 + p));
            c30 = v.fma(b0, c30);
            c31 = v.fma(b1, c31);
            c32 = v.fma(b2, c32);
            c33 = v.fma(b3, c33);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a4 + p));
            c40 = v.fma(b0, c40);
            c41 = v.fma(b1, c41);
            c42 = v.fma(b2, c42);
            c43 = v.fma(b3, c43);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a5 + p));
            c50 = v.fma(b0, c50);
            c51 = v.fma(b1, c51);
            c52 = v.fma(b2, c52);
            c53 = v.fma(b3, c53);
            p += aCol;
            q += bRow;
        }
        long to = cOffset;
        c00.intoMemorySegment(c, to, ORDER);
        c01.intoMemorySegment(c, to + STEP, ORDER);
        c02.intoMemorySegment(c, to + 2 * STEP, ORDER);
        c03.intoMemorySegment(c, to + 3 * STEP, ORDER);
        to += cRow;
        c10.intoMemorySegment(c, to, ORDER);
        c11.intoMemorySegment(c, to + STEP, ORDER);
        c12.intoMemorySegment(c, to + 2 * STEP, ORDER);
        c13.intoMemorySegment(c, to + 3 * STEP, ORDER);
        to += cRow;
        c20.intoMemorySegment(c, to, ORDER);
        c21.intoMemorySegment(c, to + STEP, ORDER);
        c22.intoMemorySegment(c, to + 2 * STEP, ORDER);
        c23.intoMemorySegment(c, to + 3 * STEP, ORDER);
        to += cRow;
        c30.intoMemorySegment(c, to, ORDER);
        c31.intoMemorySegment(c, to + STEP, ORDER);
        c32.intoMemorySegment(c, to + 2 * STEP, ORDER);
        c33.intoMemorySegment(c, to + 3 * STEP, ORDER);
        to += cRow;
        c40.intoMemorySegment(c, to, ORDER);
        c41.intoMemorySegment(c, to + STEP, ORDER);
        c42.intoMemorySegment(c, to + 2 * STEP, ORDER);
        c43.intoMemorySegment(c, to + 3 * STEP, ORDER);
        to += cRow;
        c50.intoMemorySegment(c, to, ORDER);
        c51.intoMemorySegment(c, to + STEP, ORDER);
        c52.intoMemorySegment(c, to + 2 * STEP, ORDER);
        c53.intoMemorySegment(c, to + 3 * STEP, ORDER);
    }

    /** Six rows by three vectors. */
    static void tile3(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + Math.min(3, last) * aRow;
        long a4 = aOffset + Math.min(4, last) * aRow;
        long a5 = aOffset + last * aRow;
        long p = 0;
        long q = bOffset;
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
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, q, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, b, q + STEP, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, b, q + 2 * STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + p));
            c00 = v.fma(b0, c00);
            c01 = v.fma(b1, c01);
            c02 = v.fma(b2, c02);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a1 + p));
            c10 = v.fma(b0, c10);
            c11 = v.fma(b1, c11);
            c12 = v.fma(b2, c12);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a2 + p));
            c20 = v.fma(b0, c20);
            c21 = v.fma(b1, c21);
            c22 = v.fma(b2, c22);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a3 + p));
            c30 = v.fma(b0, c30);
            c31 = v.fma(b1, c31);
            c32 = v.fma(b2, c32);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a4 + p));
            c40 = v.fma(b0, c40);
            c41 = v.fma(b1, c41);
            c42 = v.fma(b2, c42);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a5 + p));
            c50 = v.fma(b0, c50);
            c51 = v.fma(b1, c51);
            c52 = v.fma(b2, c52);
            p += aCol;
            q += bRow;
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
    }

    /** Six rows by two vectors. */
    static void tile2(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + Math.min(3, last) * aRow;
        long a4 = aOffset + Math.min(4, last) * aRow;
        long a5 = aOffset + last * aRow;
        long p = 0;
        long q = bOffset;
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
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, q, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, b, q + STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + p));
            c00 = v.fma(b0, c00);
            c01 = v.fma(b1, c01);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a1 + p));
            c10 = v.fma(b0, c10);
            c11 = v.fma(b1, c11);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a2 + p));
            c20 = v.fma(b0, c20);
            c21 = v.fma(b1, c21);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a3 + p));
            c30 = v.fma(b0, c30);
            c31 = v.fma(b1, c31);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a4 + p));
            c40 = v.fma(b0, c40);
            c41 = v.fma(b1, c41);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a5 + p));
            c50 = v.fma(b0, c50);
            c51 = v.fma(b1, c51);
            p += aCol;
            q += bRow;
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
    }

    /** Six rows by one vector. */
    static void tile1(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + Math.min(3, last) * aRow;
        long a4 = aOffset + Math.min(4, last) * aRow;
        long a5 = aOffset + last * aRow;
        long p = 0;
        long q = bOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c10 = zero;
        FloatVector c20 = zero;
        FloatVector c30 = zero;
        FloatVector c40 = zero;
        FloatVector c50 = zero;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, b, q, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + p));
            c00 = v.fma(b0, c00);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a1 + p));
            c10 = v.fma(b0, c10);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a2 + p));
            c20 = v.fma(b0, c20);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a3 + p));
            c30 = v.fma(b0, c30);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a4 + p));
            c40 = v.fma(b0, c40);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, a5 + p));
            c50 = v.fma(b0, c50);
            p += aCol;
            q += bRow;
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
    }
}
