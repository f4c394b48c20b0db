package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of the matrix product: four rows of A by one to three vectors of B's columns, summed along K in
 * ascending order, each sum in a register of its own. Offsets and strides are in bytes; {@code last} is the last row
 * that A has.
 *
 * <p>With 16 registers this shape needs seven loads for twelve multiply-adds, the six by two one eight: 90 against 76
 * GFLOP/s with 256-bit vectors on a Zen 4. The loops are written out for the reasons given at
 * {@link VectorGemmKernelSixRows}.
 */
final class VectorGemmKernelFourRows {

    static final int ROWS = 4;

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = SPECIES.vectorByteSize();

    private VectorGemmKernelFourRows() {}

    /** Four rows by three vectors. */
    static void tile3(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + last * aRow;
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
    }

    /** Four rows by two vectors. */
    static void tile2(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + last * aRow;
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
    }

    /** Four rows by one vector. */
    static void tile1(MemorySegment a, long aOffset, long aRow, long aCol, int last, MemorySegment b, long bOffset,
            long bRow, int depth, MemorySegment c, long cOffset, long cRow) {
        long a1 = aOffset + Math.min(1, last) * aRow;
        long a2 = aOffset + Math.min(2, last) * aRow;
        long a3 = aOffset + last * aRow;
        long p = 0;
        long q = bOffset;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c00 = zero;
        FloatVector c10 = zero;
        FloatVector c20 = zero;
        FloatVector c30 = zero;
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
    }
}
