package dev.jacobian.cpu.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Loads, stores and sums of vectors of float32, of the width that the processor prefers, up to 16 lanes. */
final class Lanes {
    /**
     * The one species of floats whose vectors are stored by this backend (on machines of up to 512 bits). The compiler learns from what a process has
     * stored so far which class it may expect of a sum that a loop carried; once it has met two, it may find none, and makes
     * all such sums objects: a product that stored shorter vectors had made the convolutions after it 1.6 times slower.
     * Where shorter vectors pay, they are stored as integers.
     */
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED.length() > 16
            ? FloatVector.SPECIES_512
            : FloatVector.SPECIES_PREFERRED;
    static final int COUNT = SPECIES.length();

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /**
     * Whether a multiplication and an addition are fused. Nearly every processor with 256-bit vectors can, and so can
     * those of ARM; elsewhere a fused operation is done in software.
     */
    static final boolean FUSED = (SPECIES.vectorBitSize() >= 256
            || "aarch64".equals(System.getProperty("os.arch"))) && isFusedInHardware();

    /** Ten fused operations take less than this in hardware, even interpreted, and more than that in software. */
    private static final long FUSED_NANOS = 3_000;

    private static final VectorShuffle<Float> BY_EIGHT = rotation(8);
    private static final VectorShuffle<Float> BY_FOUR = rotation(4);
    private static final VectorShuffle<Float> BY_TWO = rotation(2);
    private static final VectorShuffle<Float> BY_ONE = rotation(1);

    private static final VectorShuffle<Float> HALVES = across(COUNT / 2);
    private static final VectorShuffle<Float> ACROSS_FOUR = across(4);
    private static final VectorShuffle<Float> ACROSS_TWO = across(2);
    private static final VectorShuffle<Float> ACROSS_ONE = across(1);
    private static final VectorMask<Float> LOW_HALF = VectorMask.fromLong(SPECIES, (1L << (COUNT / 2)) - 1);

    /** Elements of scratch memory beyond its first vector. */
    static final int SCRATCH_LENGTH = 1024;

    private static final ThreadLocal<MemorySegment> SCRATCH = ThreadLocal
            .withInitial(() -> Arena.ofAuto().allocate(4L * (COUNT + SCRATCH_LENGTH), 64));

    private Lanes() {}

    /**
     * The virtual machine does not tell, but its software goes through decimal numbers: 10 against 0.05 µs for one
     * operation when interpreted. The best of many tries is not disturbed by other work.
     */
    private static boolean isFusedInHardware() {
        float sum = 0.3f;
        for (int attempt = 0; attempt < 50; attempt++) {
            long start = System.nanoTime();
            for (int i = 0; i < 10; i++) {
                sum = Math.fma(sum, 0.7f, 0.1f);
            }
            if (System.nanoTime() - start < FUSED_NANOS) {
                return sum > 0;
            }
        }
        return false;
    }

    /** The calling thread's own memory: one vector, for tails, and {@link #SCRATCH_LENGTH} elements. */
    static MemorySegment scratch() {
        return SCRATCH.get();
    }

    private static VectorShuffle<Float> rotation(int distance) {
        return VectorShuffle.fromOp(SPECIES, i -> (i + distance) % COUNT);
    }

    private static VectorShuffle<Float> across(int distance) {
        return VectorShuffle.fromOp(SPECIES, i -> (i ^ distance) % COUNT);
    }

    /**
     * The lanes of a loop's last, partial vector. Made of bits, since {@link VectorSpecies#indexInRange} has several results
     * to choose from, and a mask that may be one or another object is one.
     */
    static VectorMask<Float> tail(int from, int n) {
        return VectorMask.fromLong(SPECIES, (1L << Math.min(n - from, COUNT)) - 1);
    }

    static FloatVector load(MemorySegment memory, long byteOffset) {
        return FloatVector.fromMemorySegment(SPECIES, memory, byteOffset, ORDER);
    }

    static FloatVector load(MemorySegment memory, long byteOffset, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(SPECIES, memory, byteOffset, ORDER, mask);
    }

    static void store(FloatVector value, MemorySegment memory, long byteOffset) {
        value.intoMemorySegment(memory, byteOffset, ORDER);
    }

    static void store(FloatVector value, MemorySegment memory, long byteOffset, VectorMask<Float> mask) {
        value.intoMemorySegment(memory, byteOffset, ORDER, mask);
    }

    static FloatVector all(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    /** a · b + c, rounded once where the processor can. */
    static FloatVector fma(FloatVector a, FloatVector b, FloatVector c) {
        return FUSED ? a.fma(b, c) : a.mul(b).add(c);
    }

    /** a · b + c, rounded once where the processor can. */
    static FloatVector fma(FloatVector a, float b, FloatVector c) {
        return fma(a, all(b), c);
    }

    /** a · b + c, rounded once where the processor can. */
    static FloatVector fma(FloatVector a, FloatVector b, float c) {
        return fma(a, b, all(c));
    }

    /**
     * The sums of the lanes of two vectors, as the bits of one in the high and of the other in the low half: together they
     * take little more than one. The order is fixed, as in {@link #sum}.
     */
    static long sums(FloatVector high, FloatVector low) {
        FloatVector a = high.add(high.rearrange(HALVES));
        FloatVector b = low.add(low.rearrange(HALVES));
        FloatVector s = a.blend(b, LOW_HALF);
        if (COUNT >= 16) {
            s = s.add(s.rearrange(ACROSS_FOUR));
        }
        if (COUNT >= 8) {
            s = s.add(s.rearrange(ACROSS_TWO));
        }
        s = s.add(s.rearrange(ACROSS_ONE));
        return (long) Float.floatToRawIntBits(s.lane(COUNT - 1)) << 32
                | (Float.floatToRawIntBits(s.lane(0)) & 0xFFFF_FFFFL);
    }

    /** The first of {@link #sums}. */
    static float high(long sums) {
        return Float.intBitsToFloat((int) (sums >>> 32));
    }

    /** The second of {@link #sums}. */
    static float low(long sums) {
        return Float.intBitsToFloat((int) sums);
    }

    /**
     * The sum of the lanes, by halves. The vector's own reduction leaves the order open, and interpreted code takes
     * another one than compiled code does.
     */
    static float sum(FloatVector v) {
        FloatVector s = v;
        if (COUNT >= 16) {
            s = s.add(s.rearrange(BY_EIGHT));
        }
        if (COUNT >= 8) {
            s = s.add(s.rearrange(BY_FOUR));
        }
        if (COUNT >= 4) {
            s = s.add(s.rearrange(BY_TWO));
        }
        return s.add(s.rearrange(BY_ONE)).lane(0);
    }
}
