package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.jacobian.cpu.conv.WinogradKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Winograd's transforms on the Vector API. Each method is a part that keeps what it has computed in registers, and is
 * compiled alone, as it is too large to become part of another.
 */
public final class VectorWinogradKernel implements WinogradKernel {
    private static final VectorSpecies<Float> SPECIES = Lanes.SPECIES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int LANES = Lanes.COUNT;
    private static final long STEP = SPECIES.vectorByteSize();
    private static final VectorSpecies<Integer> HALF_SPECIES = IntVector.SPECIES_256;
    private static final long HALF = HALF_SPECIES.vectorByteSize();

    /** Pieces of memory that are read at the same time: more than one keeps more of it under way. */
    private static final int PIECES = 8;

    /** The points: their squares' product is 1. */
    static final float A = 2f / 3;
    static final float B = 3f / 2;
    static final float A2 = 4f / 9;
    static final float B2 = 9f / 4;
    static final float A3 = 8f / 27;
    static final float B3 = 27f / 8;
    /** The sum of their squares. */
    static final float S = 97f / 36;

    /** What makes the weights of the points ±a and ±b: 1 / 2a²(a² − b²) and 1 / 2b²(b² − a²). */
    private static final float KA = -81f / 130;
    private static final float KB = 8f / 65;

    private static final VectorShuffle<Float> ACROSS_8 = across(8);
    private static final VectorMask<Float> UPPER_8 = upper(8);
    private static final VectorMask<Float> LOWER_8 = UPPER_8.not();
    private static final VectorShuffle<Float> ACROSS_4 = across(4);
    private static final VectorMask<Float> UPPER_4 = upper(4);
    private static final VectorMask<Float> LOWER_4 = UPPER_4.not();
    private static final VectorShuffle<Float> ACROSS_2 = across(2);
    private static final VectorMask<Float> UPPER_2 = upper(2);
    private static final VectorMask<Float> LOWER_2 = UPPER_2.not();
    private static final VectorShuffle<Float> ACROSS_1 = across(1);
    private static final VectorMask<Float> UPPER_1 = upper(1);
    private static final VectorMask<Float> LOWER_1 = UPPER_1.not();

    /**
     * Whether this machine has vectors of 16 floats, the only ones that {@link #transpose}, {@link
     * VectorWinogradTiles} and {@link VectorWinogradProducts} are written for. (The first, written in the
     * same way for 8, it gave wrong numbers once it was compiled, and right ones interpreted.)
     *
     * @return whether to use this class
     */
    public static boolean isSupported() {
        return LANES == 16 && FloatVector.SPECIES_PREFERRED.length() == 16;
    }

    private static VectorShuffle<Float> across(int distance) {
        return VectorShuffle.fromOp(SPECIES, i -> (i ^ distance) % LANES);
    }

    private static VectorMask<Float> upper(int distance) {
        boolean[] lanes = new boolean[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = (i & distance) != 0;
        }
        return VectorMask.fromArray(SPECIES, lanes, 0);
    }

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public int touch(MemorySegment memory, long offset, long bytes) {
        long piece = Math.ceilDiv(bytes, PIECES * STEP) * STEP;
        int sum = 0;
        for (long i = 0; i < piece; i += STEP) {
            for (long p = i; p < bytes; p += piece) {
                sum += memory.get(JAVA_INT_UNALIGNED, offset + p);
            }
        }
        return sum;
    }

    @Override
    public void clear(MemorySegment to, long offset, long bytes) {
        FloatVector zero = FloatVector.zero(SPECIES);
        long i = 0;
        for (; i + STEP <= bytes; i += STEP) {
            zero.intoMemorySegment(to, offset + i, ORDER);
        }
        if (i < bytes) {
            to.asSlice(offset + i, bytes - i).fill((byte) 0);
        }
    }

    /**
     * Bᵀ d for {@code outer · inner} vectors d of six elements, from one axis to another.
     *
     * @param fromStep from one element to the next; {@code fromOuter} and {@code fromInner} from one d to the next
     */
    private static void inputs(int outer, int inner, MemorySegment from, long fromOffset, long fromOuter,
            long fromInner, long fromStep, MemorySegment to, long toOffset, long toOuter, long toInner, long toStep) {
        FloatVector s = FloatVector.broadcast(SPECIES, -S);
        FloatVector a2 = FloatVector.broadcast(SPECIES, -A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, -B2);
        FloatVector plusA = FloatVector.broadcast(SPECIES, A);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -A);
        FloatVector plusB = FloatVector.broadcast(SPECIES, B);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -B);
        for (int i = 0; i < outer; i++) {
            long p = fromOffset + i * fromOuter;
            long q = toOffset + i * toOuter;
            for (int j = 0; j < inner; j++) {
                FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
                FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, from, p + fromStep, ORDER);
                FloatVector d2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * fromStep, ORDER);
                FloatVector d3 = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * fromStep, ORDER);
                FloatVector d4 = FloatVector.fromMemorySegment(SPECIES, from, p + 4 * fromStep, ORDER);
                FloatVector d5 = FloatVector.fromMemorySegment(SPECIES, from, p + 5 * fromStep, ORDER);
                d2.fma(s, d0.add(d4)).intoMemorySegment(to, q, ORDER);
                FloatVector even = d2.fma(b2, d4);
                FloatVector odd = d1.fma(b2, d3);
                odd.fma(plusA, even).intoMemorySegment(to, q + toStep, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * toStep, ORDER);
                even = d2.fma(a2, d4);
                odd = d1.fma(a2, d3);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * toStep, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * toStep, ORDER);
                d3.fma(s, d1.add(d5)).intoMemorySegment(to, q + 5 * toStep, ORDER);
                p += fromInner;
                q += toInner;
            }
        }
    }

    @Override
    public void inputRows(MemorySegment from, long plane, long image, int height, int width, int padding, int down,
            int firstRow, int rows, MemorySegment to, long toOffset, long line, long next) {
        VectorWinogradTiles.inputRows(from, plane, image, height, width, padding, down, firstRow, rows, to, toOffset,
                line, next);
    }

    @Override
    public void inputColumns(MemorySegment from, long fromOffset, long fromNext, int groups, long[] masks, int first,
            MemorySegment to, long toOffset, long next) {
        VectorWinogradTiles.inputColumns(from, fromOffset, fromNext, groups, masks, first, to, toOffset, next);
    }

    @Override
    public void outputColumns(MemorySegment from, long fromOffset, long next, int groups, MemorySegment to,
            long toOffset, long toNext) {
        VectorWinogradTiles.outputColumns(from, fromOffset, next, groups, to, toOffset, toNext);
    }

    @Override
    public void outputRows(MemorySegment from, long fromOffset, long fromNext, long line, float bias,
            MemorySegment to, long plane, long image, int height, int width, int down, int firstRow, int rows,
            MemorySegment check) {
        VectorWinogradTiles.outputRows(from, fromOffset, fromNext, line, bias, to, plane, image, height, width, down,
                firstRow, rows, check);
    }

    @Override
    public void products(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bRow, int groups,
            int depth, MemorySegment c, long cOffset, long cRow, int tiles) {
        VectorWinogradTiles.products(a, aOffset, b, bOffset, bRow, groups, depth, c, cOffset, cRow, tiles);
    }

    @Override
    public void weights(MemorySegment from, long fromOffset, long step, long fromNext, int channels, MemorySegment to,
            long toOffset, long toUpper, long next, MemorySegment scratch) {
        for (int c = 0; c < channels; c++) {
            spread(from, fromOffset + c * fromNext, step, 3 * step, 3, scratch, 0, STEP, 3 * STEP);
            spread(scratch, 0, 3 * STEP, STEP, SIDE, scratch, 18 * STEP, SIDE * STEP, STEP);
            halve(scratch, 18 * STEP, to, toOffset + c * HALF, toUpper, next);
        }
    }

    /** Stores the halves of one vector for each frequency, as integers: Lanes.SPECIES says why. */
    private static void halve(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, long toUpper,
            long next) {
        for (int f = 0; f < FREQUENCIES; f++) {
            long p = fromOffset + f * STEP;
            long q = toOffset + f * next;
            IntVector.fromMemorySegment(HALF_SPECIES, from, p, ORDER).intoMemorySegment(to, q, ORDER);
            IntVector.fromMemorySegment(HALF_SPECIES, from, p + HALF, ORDER)
                    .intoMemorySegment(to, q + toUpper, ORDER);
        }
    }

    /** G g, for some vectors g of 3 elements that lie {@code inner} apart. */
    private static void spread(MemorySegment from, long fromOffset, long outer, long inner, int count,
            MemorySegment to, long toOffset, long toOuter, long toInner) {
        FloatVector a2 = FloatVector.broadcast(SPECIES, KA * A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, KB * B2);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -KA * A);
        FloatVector plusA = FloatVector.broadcast(SPECIES, KA * A);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -KB * B);
        FloatVector plusB = FloatVector.broadcast(SPECIES, KB * B);
        FloatVector a0 = FloatVector.broadcast(SPECIES, KA);
        FloatVector b0 = FloatVector.broadcast(SPECIES, KB);
        for (int i = 0; i < count; i++) {
            long p = fromOffset + i * outer;
            long q = toOffset + i * toOuter;
            FloatVector g0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
            FloatVector g1 = FloatVector.fromMemorySegment(SPECIES, from, p + inner, ORDER);
            FloatVector g2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * inner, ORDER);
            g0.intoMemorySegment(to, q, ORDER);
            FloatVector even = g2.fma(a2, g0.mul(a0));
            g1.fma(plusA, even).intoMemorySegment(to, q + toInner, ORDER);
            g1.fma(minusA, even).intoMemorySegment(to, q + 2 * toInner, ORDER);
            even = g2.fma(b2, g0.mul(b0));
            g1.fma(plusB, even).intoMemorySegment(to, q + 3 * toInner, ORDER);
            g1.fma(minusB, even).intoMemorySegment(to, q + 4 * toInner, ORDER);
            g2.intoMemorySegment(to, q + 5 * toInner, ORDER);
        }
    }

    @Override
    public void outputGradient(MemorySegment from, long fromOffset, long column, long line, int tiles,
            MemorySegment to, long toOffset, long toTile, long next, MemorySegment scratch) {
        outputGradients(1, TILE * tiles, from, fromOffset, 0, column, line, scratch, 0, 0, SIDE * STEP, STEP);
        outputGradients(SIDE, tiles, scratch, 0, STEP, TILE * SIDE * STEP, SIDE * STEP, to, toOffset, SIDE * next,
                toTile, next);
    }

    /** A y for {@code outer · inner} vectors y of four elements, as {@link #inputs}. */
    private static void outputGradients(int outer, int inner, MemorySegment from, long fromOffset, long fromOuter,
            long fromInner, long fromStep, MemorySegment to, long toOffset, long toOuter, long toInner, long toStep) {
        FloatVector a2 = FloatVector.broadcast(SPECIES, A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, B2);
        FloatVector plusA = FloatVector.broadcast(SPECIES, A);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -A);
        FloatVector plusB = FloatVector.broadcast(SPECIES, B);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -B);
        for (int i = 0; i < outer; i++) {
            long p = fromOffset + i * fromOuter;
            long q = toOffset + i * toOuter;
            for (int j = 0; j < inner; j++) {
                FloatVector y0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
                FloatVector y1 = FloatVector.fromMemorySegment(SPECIES, from, p + fromStep, ORDER);
                FloatVector y2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * fromStep, ORDER);
                FloatVector y3 = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * fromStep, ORDER);
                y0.intoMemorySegment(to, q, ORDER);
                FloatVector even = y2.fma(a2, y0);
                FloatVector odd = y3.fma(a2, y1);
                odd.fma(plusA, even).intoMemorySegment(to, q + toStep, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * toStep, ORDER);
                even = y2.fma(b2, y0);
                odd = y3.fma(b2, y1);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * toStep, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * toStep, ORDER);
                y3.intoMemorySegment(to, q + 5 * toStep, ORDER);
                p += fromInner;
                q += toInner;
            }
        }
    }

    @Override
    public void weightGradient(MemorySegment from, long fromOffset, long fromNext, long next, int channels,
            MemorySegment to, long toOffset, MemorySegment check, MemorySegment scratch) {
        for (int c = 0; c < channels; c++) {
            gather(from, fromOffset + c * fromNext, next, SIDE * next, SIDE, scratch, 0, STEP, SIDE * STEP, check);
            gather(scratch, 0, SIDE * STEP, STEP, 3, to, toOffset + 9L * c * STEP, 3 * STEP, STEP, check);
        }
    }

    /** Gᵀ u, for some vectors u of 6 elements that lie {@code inner} apart. */
    private static void gather(MemorySegment from, long fromOffset, long outer, long inner, int count,
            MemorySegment to, long toOffset, long toOuter, long toInner, MemorySegment check) {
        FloatVector ka = FloatVector.broadcast(SPECIES, KA);
        FloatVector kb = FloatVector.broadcast(SPECIES, KB);
        FloatVector ka1 = FloatVector.broadcast(SPECIES, KA * A);
        FloatVector kb1 = FloatVector.broadcast(SPECIES, KB * B);
        FloatVector ka2 = FloatVector.broadcast(SPECIES, KA * A2);
        FloatVector kb2 = FloatVector.broadcast(SPECIES, KB * B2);
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, check, 0, ORDER);
        for (int i = 0; i < count; i++) {
            long p = fromOffset + i * outer;
            long q = toOffset + i * toOuter;
            FloatVector u1 = FloatVector.fromMemorySegment(SPECIES, from, p + inner, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * inner, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * inner, ORDER);
            FloatVector u4 = FloatVector.fromMemorySegment(SPECIES, from, p + 4 * inner, ORDER);
            FloatVector evenA = u1.add(u2);
            FloatVector evenB = u3.add(u4);
            FloatVector g0 = evenB.fma(kb, evenA.fma(ka, FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)));
            FloatVector g1 = u3.sub(u4).fma(kb1, u1.sub(u2).mul(ka1));
            FloatVector g2 = evenB.fma(kb2, evenA.fma(ka2,
                    FloatVector.fromMemorySegment(SPECIES, from, p + 5 * inner, ORDER)));
            g0.intoMemorySegment(to, q, ORDER);
            g1.intoMemorySegment(to, q + toInner, ORDER);
            g2.intoMemorySegment(to, q + 2 * toInner, ORDER);
            sum = g0.add(g1).add(g2).fma(zero, sum);
        }
        sum.intoMemorySegment(check, 0, ORDER);
    }

    @Override
    public void input(MemorySegment from, long fromOffset, long column, long line, int tiles, MemorySegment to,
            long toOffset, long next, MemorySegment scratch) {
        inputs(1, TILE * tiles + 2, from, fromOffset, 0, column, line, scratch, 0, 0, SIDE * STEP, STEP);
        inputs(SIDE, tiles, scratch, 0, STEP, TILE * SIDE * STEP, SIDE * STEP, to, toOffset, SIDE * next, STEP, next);
    }

    @Override
    public void sums(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bNext, int vectors,
            int tiles, MemorySegment c, long cOffset, long cRow) {
        if (vectors == 1) {
            VectorWinogradProducts.sixteenByOne(a, aOffset, b, bOffset, tiles, c, cOffset, cRow);
            return;
        }
        VectorWinogradProducts.eightByTwo(a, aOffset, b, bOffset, bOffset + bNext, tiles, c, cOffset, cRow);
        VectorWinogradProducts.eightByTwo(a, aOffset + STEP / 2, b, bOffset, bOffset + bNext, tiles, c,
                cOffset + 8 * cRow, cRow);
    }

    /** Exchanges halves, then quarters, and so on. */
    @Override
    public void transpose(MemorySegment from, long fromOffset, long[] fromAt, int fromFirst, MemorySegment to,
            long toOffset, long[] toAt, int toFirst) {
        FloatVector r00 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst], ORDER);
        FloatVector r10 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 1], ORDER);
        FloatVector r20 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 2], ORDER);
        FloatVector r30 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 3], ORDER);
        FloatVector r40 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 4], ORDER);
        FloatVector r50 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 5], ORDER);
        FloatVector r60 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 6], ORDER);
        FloatVector r70 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 7], ORDER);
        FloatVector r80 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 8], ORDER);
        FloatVector r90 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 9], ORDER);
        FloatVector ra0 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 10], ORDER);
        FloatVector rb0 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 11], ORDER);
        FloatVector rc0 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 12], ORDER);
        FloatVector rd0 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 13], ORDER);
        FloatVector re0 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 14], ORDER);
        FloatVector rf0 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 15], ORDER);
        FloatVector r01 = r00.blend(r80.rearrange(ACROSS_8), UPPER_8);
        FloatVector r81 = r80.blend(r00.rearrange(ACROSS_8), LOWER_8);
        FloatVector r11 = r10.blend(r90.rearrange(ACROSS_8), UPPER_8);
        FloatVector r91 = r90.blend(r10.rearrange(ACROSS_8), LOWER_8);
        FloatVector r21 = r20.blend(ra0.rearrange(ACROSS_8), UPPER_8);
        FloatVector ra1 = ra0.blend(r20.rearrange(ACROSS_8), LOWER_8);
        FloatVector r31 = r30.blend(rb0.rearrange(ACROSS_8), UPPER_8);
        FloatVector rb1 = rb0.blend(r30.rearrange(ACROSS_8), LOWER_8);
        FloatVector r41 = r40.blend(rc0.rearrange(ACROSS_8), UPPER_8);
        FloatVector rc1 = rc0.blend(r40.rearrange(ACROSS_8), LOWER_8);
        FloatVector r51 = r50.blend(rd0.rearrange(ACROSS_8), UPPER_8);
        FloatVector rd1 = rd0.blend(r50.rearrange(ACROSS_8), LOWER_8);
        FloatVector r61 = r60.blend(re0.rearrange(ACROSS_8), UPPER_8);
        FloatVector re1 = re0.blend(r60.rearrange(ACROSS_8), LOWER_8);
        FloatVector r71 = r70.blend(rf0.rearrange(ACROSS_8), UPPER_8);
        FloatVector rf1 = rf0.blend(r70.rearrange(ACROSS_8), LOWER_8);
        FloatVector r02 = r01.blend(r41.rearrange(ACROSS_4), UPPER_4);
        FloatVector r42 = r41.blend(r01.rearrange(ACROSS_4), LOWER_4);
        FloatVector r12 = r11.blend(r51.rearrange(ACROSS_4), UPPER_4);
        FloatVector r52 = r51.blend(r11.rearrange(ACROSS_4), LOWER_4);
        FloatVector r22 = r21.blend(r61.rearrange(ACROSS_4), UPPER_4);
        FloatVector r62 = r61.blend(r21.rearrange(ACROSS_4), LOWER_4);
        FloatVector r32 = r31.blend(r71.rearrange(ACROSS_4), UPPER_4);
        FloatVector r72 = r71.blend(r31.rearrange(ACROSS_4), LOWER_4);
        FloatVector r82 = r81.blend(rc1.rearrange(ACROSS_4), UPPER_4);
        FloatVector rc2 = rc1.blend(r81.rearrange(ACROSS_4), LOWER_4);
        FloatVector r92 = r91.blend(rd1.rearrange(ACROSS_4), UPPER_4);
        FloatVector rd2 = rd1.blend(r91.rearrange(ACROSS_4), LOWER_4);
        FloatVector ra2 = ra1.blend(re1.rearrange(ACROSS_4), UPPER_4);
        FloatVector re2 = re1.blend(ra1.rearrange(ACROSS_4), LOWER_4);
        FloatVector rb2 = rb1.blend(rf1.rearrange(ACROSS_4), UPPER_4);
        FloatVector rf2 = rf1.blend(rb1.rearrange(ACROSS_4), LOWER_4);
        FloatVector r03 = r02.blend(r22.rearrange(ACROSS_2), UPPER_2);
        FloatVector r23 = r22.blend(r02.rearrange(ACROSS_2), LOWER_2);
        FloatVector r13 = r12.blend(r32.rearrange(ACROSS_2), UPPER_2);
        FloatVector r33 = r32.blend(r12.rearrange(ACROSS_2), LOWER_2);
        FloatVector r43 = r42.blend(r62.rearrange(ACROSS_2), UPPER_2);
        FloatVector r63 = r62.blend(r42.rearrange(ACROSS_2), LOWER_2);
        FloatVector r53 = r52.blend(r72.rearrange(ACROSS_2), UPPER_2);
        FloatVector r73 = r72.blend(r52.rearrange(ACROSS_2), LOWER_2);
        FloatVector r83 = r82.blend(ra2.rearrange(ACROSS_2), UPPER_2);
        FloatVector ra3 = ra2.blend(r82.rearrange(ACROSS_2), LOWER_2);
        FloatVector r93 = r92.blend(rb2.rearrange(ACROSS_2), UPPER_2);
        FloatVector rb3 = rb2.blend(r92.rearrange(ACROSS_2), LOWER_2);
        FloatVector rc3 = rc2.blend(re2.rearrange(ACROSS_2), UPPER_2);
        FloatVector re3 = re2.blend(rc2.rearrange(ACROSS_2), LOWER_2);
        FloatVector rd3 = rd2.blend(rf2.rearrange(ACROSS_2), UPPER_2);
        FloatVector rf3 = rf2.blend(rd2.rearrange(ACROSS_2), LOWER_2);
        FloatVector r04 = r03.blend(r13.rearrange(ACROSS_1), UPPER_1);
        FloatVector r14 = r13.blend(r03.rearrange(ACROSS_1), LOWER_1);
        FloatVector r24 = r23.blend(r33.rearrange(ACROSS_1), UPPER_1);
        FloatVector r34 = r33.blend(r23.rearrange(ACROSS_1), LOWER_1);
        FloatVector r44 = r43.blend(r53.rearrange(ACROSS_1), UPPER_1);
        FloatVector r54 = r53.blend(r43.rearrange(ACROSS_1), LOWER_1);
        FloatVector r64 = r63.blend(r73.rearrange(ACROSS_1), UPPER_1);
        FloatVector r74 = r73.blend(r63.rearrange(ACROSS_1), LOWER_1);
        FloatVector r84 = r83.blend(r93.rearrange(ACROSS_1), UPPER_1);
        FloatVector r94 = r93.blend(r83.rearrange(ACROSS_1), LOWER_1);
        FloatVector ra4 = ra3.blend(rb3.rearrange(ACROSS_1), UPPER_1);
        FloatVector rb4 = rb3.blend(ra3.rearrange(ACROSS_1), LOWER_1);
        FloatVector rc4 = rc3.blend(rd3.rearrange(ACROSS_1), UPPER_1);
        FloatVector rd4 = rd3.blend(rc3.rearrange(ACROSS_1), LOWER_1);
        FloatVector re4 = re3.blend(rf3.rearrange(ACROSS_1), UPPER_1);
        FloatVector rf4 = rf3.blend(re3.rearrange(ACROSS_1), LOWER_1);
        r04.intoMemorySegment(to, toOffset + toAt[toFirst], ORDER);
        r14.intoMemorySegment(to, toOffset + toAt[toFirst + 1], ORDER);
        r24.intoMemorySegment(to, toOffset + toAt[toFirst + 2], ORDER);
        r34.intoMemorySegment(to, toOffset + toAt[toFirst + 3], ORDER);
        r44.intoMemorySegment(to, toOffset + toAt[toFirst + 4], ORDER);
        r54.intoMemorySegment(to, toOffset + toAt[toFirst + 5], ORDER);
        r64.intoMemorySegment(to, toOffset + toAt[toFirst + 6], ORDER);
        r74.intoMemorySegment(to, toOffset + toAt[toFirst + 7], ORDER);
        r84.intoMemorySegment(to, toOffset + toAt[toFirst + 8], ORDER);
        r94.intoMemorySegment(to, toOffset + toAt[toFirst + 9], ORDER);
        ra4.intoMemorySegment(to, toOffset + toAt[toFirst + 10], ORDER);
        rb4.intoMemorySegment(to, toOffset + toAt[toFirst + 11], ORDER);
        rc4.intoMemorySegment(to, toOffset + toAt[toFirst + 12], ORDER);
        rd4.intoMemorySegment(to, toOffset + toAt[toFirst + 13], ORDER);
        re4.intoMemorySegment(to, toOffset + toAt[toFirst + 14], ORDER);
        rf4.intoMemorySegment(to, toOffset + toAt[toFirst + 15], ORDER);
    }
}
