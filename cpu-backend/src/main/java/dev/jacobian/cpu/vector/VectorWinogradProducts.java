package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of sums over Winograd's tiles. Written out and ended with plain stores for the reasons given at
 * {@link VectorGemmKernelSixRows}. From one tile to the next it is a vector, for both operands: a distance that the
 * compiler knows, so that it checks bounds before the loop and not in it.
 */
final class VectorWinogradProducts {
    private static final VectorSpecies<Float> SPECIES = Lanes.SPECIES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = 64;
    private static final int FLOAT = Float.BYTES;

    private VectorWinogradProducts() {}

    /** Eight rows by two vectors. */
    static void eightByTwo(MemorySegment a, long aOffset, MemorySegment b, long b0, long b1, int tiles,
            MemorySegment c, long cOffset, long cRow) {
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
        for (int k = 0; k < tiles; k++) {
            FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, b, b0 + k * STEP, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, b, b1 + k * STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP));
            c00 = v.fma(v0, c00);
            c01 = v.fma(v1, c01);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + FLOAT));
            c10 = v.fma(v0, c10);
            c11 = v.fma(v1, c11);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 2 * FLOAT));
            c20 = v.fma(v0, c20);
            c21 = v.fma(v1, c21);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 3 * FLOAT));
            c30 = v.fma(v0, c30);
            c31 = v.fma(v1, c31);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 4 * FLOAT));
            c40 = v.fma(v0, c40);
            c41 = v.fma(v1, c41);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 5 * FLOAT));
            c50 = v.fma(v0, c50);
            c51 = v.fma(v1, c51);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 6 * FLOAT));
            c60 = v.fma(v0, c60);
            c61 = v.fma(v1, c61);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 7 * FLOAT));
            c70 = v.fma(v0, c70);
            c71 = v.fma(v1, c71);
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

    /** Sixteen rows by one vector. */
    static void sixteenByOne(MemorySegment a, long aOffset, MemorySegment b, long bOffset, int tiles, MemorySegment c,
            long cOffset, long cRow) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector c0 = zero;
        FloatVector c1 = zero;
        FloatVector c2 = zero;
        FloatVector c3 = zero;
        FloatVector c4 = zero;
        FloatVector c5 = zero;
        FloatVector c6 = zero;
        FloatVector c7 = zero;
        FloatVector c8 = zero;
        FloatVector c9 = zero;
        FloatVector ca = zero;
        FloatVector cb = zero;
        FloatVector cc = zero;
        FloatVector cd = zero;
        FloatVector ce = zero;
        FloatVector cf = zero;
        for (int k = 0; k < tiles; k++) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, b, bOffset + k * STEP, ORDER);
            FloatVector v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP));
            c0 = v.fma(x, c0);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + FLOAT));
            c1 = v.fma(x, c1);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 2 * FLOAT));
            c2 = v.fma(x, c2);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 3 * FLOAT));
            c3 = v.fma(x, c3);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 4 * FLOAT));
            c4 = v.fma(x, c4);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 5 * FLOAT));
            c5 = v.fma(x, c5);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 6 * FLOAT));
            c6 = v.fma(x, c6);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 7 * FLOAT));
            c7 = v.fma(x, c7);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 8 * FLOAT));
            c8 = v.fma(x, c8);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 9 * FLOAT));
            c9 = v.fma(x, c9);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 10 * FLOAT));
            ca = v.fma(x, ca);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 11 * FLOAT));
            cb = v.fma(x, cb);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 12 * FLOAT));
            cc = v.fma(x, cc);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 13 * FLOAT));
            cd = v.fma(x, cd);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 14 * FLOAT));
            ce = v.fma(x, ce);
            v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, aOffset + k * STEP + 15 * FLOAT));
            cf = v.fma(x, cf);
        }
        long to = cOffset;
        c0.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c1.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c2.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c3.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c4.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c5.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c6.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c7.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c8.intoMemorySegment(c, to, ORDER);
        to += cRow;
        c9.intoMemorySegment(c, to, ORDER);
        to += cRow;
        ca.intoMemorySegment(c, to, ORDER);
        to += cRow;
        cb.intoMemorySegment(c, to, ORDER);
        to += cRow;
        cc.intoMemorySegment(c, to, ORDER);
        to += cRow;
        cd.intoMemorySegment(c, to, ORDER);
        to += cRow;
        ce.intoMemorySegment(c, to, ORDER);
        to += cRow;
        cf.intoMemorySegment(c, to, ORDER);
    }
}
