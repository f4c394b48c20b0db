package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.conv.WinogradKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
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
    private static final int FLOAT = Float.BYTES;

    /** The points: their squares' product is 1. */
    private static final float A = 2f / 3;
    private static final float B = 3f / 2;
    private static final float A2 = 4f / 9;
    private static final float B2 = 9f / 4;
    private static final float A3 = 8f / 27;
    private static final float B3 = 27f / 8;
    /** The sum of their squares. */
    private static final float S = 97f / 36;

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

    @Override
    public void input(MemorySegment from, long fromOffset, long line, int channels, int tiles, MemorySegment to,
            long toOffset, long next) {
        inputEdge(from, fromOffset, line, channels, tiles, to, toOffset, next);
        inputPair(from, fromOffset, line, channels, tiles, A, -B2, to, toOffset + 6 * next, next);
        inputPair(from, fromOffset, line, channels, tiles, B, -A2, to, toOffset + 18 * next, next);
        inputEdge(from, fromOffset + line, line, channels, tiles, to, toOffset + 30 * next, next);
    }

    /** Frequencies of the points 0 or, from the second row on, ∞ vertically. */
    private static void inputEdge(MemorySegment from, long fromOffset, long line, int channels, int tiles,
            MemorySegment to, long toOffset, long next) {
        long column = (long) channels * FLOAT;
        FloatVector s = FloatVector.broadcast(SPECIES, -S);
        FloatVector a2 = FloatVector.broadcast(SPECIES, -A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, -B2);
        FloatVector plusA = FloatVector.broadcast(SPECIES, A);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -A);
        FloatVector plusB = FloatVector.broadcast(SPECIES, B);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -B);
        for (int tile = 0; tile < tiles; tile++) {
            for (int c = 0; c < channels; c += LANES) {
                long at = (long) Math.min(c, channels - LANES) * FLOAT;
                long p = fromOffset + 4L * tile * column + at;
                long q = toOffset + tile * column + at;
                FloatVector t0 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(s,
                        FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)
                                .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER)));
                p += column;
                FloatVector t1 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(s,
                        FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)
                                .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER)));
                p += column;
                FloatVector t2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(s,
                        FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)
                                .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER)));
                p += column;
                FloatVector t3 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(s,
                        FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)
                                .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER)));
                p += column;
                FloatVector t4 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(s,
                        FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)
                                .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER)));
                p += column;
                FloatVector t5 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(s,
                        FloatVector.fromMemorySegment(SPECIES, from, p, ORDER)
                                .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER)));
                t2.fma(s, t0.add(t4)).intoMemorySegment(to, q, ORDER);
                FloatVector even = t2.fma(b2, t4);
                FloatVector odd = t1.fma(b2, t3);
                odd.fma(plusA, even).intoMemorySegment(to, q + next, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * next, ORDER);
                even = t2.fma(a2, t4);
                odd = t1.fma(a2, t3);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * next, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * next, ORDER);
                t3.fma(s, t1.add(t5)).intoMemorySegment(to, q + 5 * next, ORDER);
            }
        }
    }

    /** Frequencies of the points ±a vertically, with −b². */
    private static void inputPair(MemorySegment from, long fromOffset, long line, int channels, int tiles, float point,
            float other, MemorySegment to, long toOffset, long next) {
        long column = (long) channels * FLOAT;
        FloatVector s = FloatVector.broadcast(SPECIES, -S);
        FloatVector a2 = FloatVector.broadcast(SPECIES, -A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, -B2);
        FloatVector plusA = FloatVector.broadcast(SPECIES, A);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -A);
        FloatVector plusB = FloatVector.broadcast(SPECIES, B);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -B);
        FloatVector square = FloatVector.broadcast(SPECIES, other);
        FloatVector plus = FloatVector.broadcast(SPECIES, point);
        FloatVector minus = FloatVector.broadcast(SPECIES, -point);
        for (int tile = 0; tile < tiles; tile++) {
            for (int c = 0; c < channels; c += LANES) {
                long at = (long) Math.min(c, channels - LANES) * FLOAT;
                long p = fromOffset + 4L * tile * column + at;
                long q = toOffset + tile * column + at;
                FloatVector even = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER));
                FloatVector odd = FloatVector.fromMemorySegment(SPECIES, from, p + line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 3 * line, ORDER));
                FloatVector t0 = odd.fma(plus, even);
                FloatVector u0 = odd.fma(minus, even);
                p += column;
                even = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER));
                odd = FloatVector.fromMemorySegment(SPECIES, from, p + line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 3 * line, ORDER));
                FloatVector t1 = odd.fma(plus, even);
                FloatVector u1 = odd.fma(minus, even);
                p += column;
                even = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER));
                odd = FloatVector.fromMemorySegment(SPECIES, from, p + line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 3 * line, ORDER));
                FloatVector t2 = odd.fma(plus, even);
                FloatVector u2 = odd.fma(minus, even);
                p += column;
                even = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER));
                odd = FloatVector.fromMemorySegment(SPECIES, from, p + line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 3 * line, ORDER));
                FloatVector t3 = odd.fma(plus, even);
                FloatVector u3 = odd.fma(minus, even);
                p += column;
                even = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER));
                odd = FloatVector.fromMemorySegment(SPECIES, from, p + line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 3 * line, ORDER));
                FloatVector t4 = odd.fma(plus, even);
                FloatVector u4 = odd.fma(minus, even);
                p += column;
                even = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 4 * line, ORDER));
                odd = FloatVector.fromMemorySegment(SPECIES, from, p + line, ORDER).fma(square,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 3 * line, ORDER));
                FloatVector t5 = odd.fma(plus, even);
                FloatVector u5 = odd.fma(minus, even);
                t2.fma(s, t0.add(t4)).intoMemorySegment(to, q, ORDER);
                even = t2.fma(b2, t4);
                odd = t1.fma(b2, t3);
                odd.fma(plusA, even).intoMemorySegment(to, q + next, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * next, ORDER);
                even = t2.fma(a2, t4);
                odd = t1.fma(a2, t3);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * next, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * next, ORDER);
                t3.fma(s, t1.add(t5)).intoMemorySegment(to, q + 5 * next, ORDER);
                q += 6 * next;
                u2.fma(s, u0.add(u4)).intoMemorySegment(to, q, ORDER);
                even = u2.fma(b2, u4);
                odd = u1.fma(b2, u3);
                odd.fma(plusA, even).intoMemorySegment(to, q + next, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * next, ORDER);
                even = u2.fma(a2, u4);
                odd = u1.fma(a2, u3);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * next, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * next, ORDER);
                u3.fma(s, u1.add(u5)).intoMemorySegment(to, q + 5 * next, ORDER);
            }
        }
    }

    @Override
    public void output(MemorySegment from, long fromOffset, long next, long fromTile, int tiles, MemorySegment bias,
            long biasOffset, MemorySegment to, long toOffset, long column, long line, MemorySegment check,
            long checkOffset) {
        outputEven(from, fromOffset, next, fromTile, tiles, bias, biasOffset, to, toOffset, column, line, check,
                checkOffset);
        outputOdd(from, fromOffset, next, fromTile, tiles, bias, biasOffset, to, toOffset + line, column, line, check,
                checkOffset);
    }

    /** Rows 0 and 2 of tiles. */
    private static void outputEven(MemorySegment from, long fromOffset, long next, long fromTile, int tiles,
            MemorySegment bias, long biasOffset, MemorySegment to, long toOffset, long column, long line,
            MemorySegment check, long checkOffset) {
        long row = 6 * next;
        FloatVector add = FloatVector.fromMemorySegment(SPECIES, bias, biasOffset, ORDER);
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, check, checkOffset, ORDER);
        FloatVector zero = FloatVector.broadcast(SPECIES, 0);
        FloatVector a = FloatVector.broadcast(SPECIES, A);
        FloatVector b = FloatVector.broadcast(SPECIES, B);
        FloatVector a2 = FloatVector.broadcast(SPECIES, A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, B2);
        FloatVector a3 = FloatVector.broadcast(SPECIES, A3);
        FloatVector b3 = FloatVector.broadcast(SPECIES, B3);
        for (int tile = 0; tile < tiles; tile++) {
            long p = fromOffset + tile * fromTile;
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            FloatVector e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(d).add(e);
            FloatVector u0 = e.fma(b2, d.mul(a2));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t1 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(d).add(e);
            FloatVector u1 = e.fma(b2, d.mul(a2));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t2 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(d).add(e);
            FloatVector u2 = e.fma(b2, d.mul(a2));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t3 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(d).add(e);
            FloatVector u3 = e.fma(b2, d.mul(a2));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t4 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(d).add(e);
            FloatVector u4 = e.fma(b2, d.mul(a2));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t5 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(d).add(e);
            FloatVector u5 = e.fma(b2, d.mul(a2));
            long q = toOffset + 4L * tile * column;
            FloatVector sa = t1.add(t2);
            FloatVector da = t1.sub(t2);
            FloatVector sb = t3.add(t4);
            FloatVector db = t3.sub(t4);
            FloatVector y0 = t0.add(sa).add(sb.add(add));
            FloatVector y1 = db.fma(b, da.fma(a, add));
            FloatVector y2 = sb.fma(b2, sa.fma(a2, add));
            FloatVector y3 = db.fma(b3, da.fma(a3, t5.add(add)));
            y0.intoMemorySegment(to, q, ORDER);
            y1.intoMemorySegment(to, q + column, ORDER);
            y2.intoMemorySegment(to, q + 2 * column, ORDER);
            y3.intoMemorySegment(to, q + 3 * column, ORDER);
            sum = y0.add(y1).add(y2.add(y3)).fma(zero, sum);
            q += 2 * line;
            sa = u1.add(u2);
            da = u1.sub(u2);
            sb = u3.add(u4);
            db = u3.sub(u4);
            y0 = u0.add(sa).add(sb.add(add));
            y1 = db.fma(b, da.fma(a, add));
            y2 = sb.fma(b2, sa.fma(a2, add));
            y3 = db.fma(b3, da.fma(a3, u5.add(add)));
            y0.intoMemorySegment(to, q, ORDER);
            y1.intoMemorySegment(to, q + column, ORDER);
            y2.intoMemorySegment(to, q + 2 * column, ORDER);
            y3.intoMemorySegment(to, q + 3 * column, ORDER);
            sum = y0.add(y1).add(y2.add(y3)).fma(zero, sum);
        }
        sum.intoMemorySegment(check, checkOffset, ORDER);
    }

    /** Rows 1 and 3 of tiles. */
    private static void outputOdd(MemorySegment from, long fromOffset, long next, long fromTile, int tiles,
            MemorySegment bias, long biasOffset, MemorySegment to, long toOffset, long column, long line,
            MemorySegment check, long checkOffset) {
        long row = 6 * next;
        FloatVector add = FloatVector.fromMemorySegment(SPECIES, bias, biasOffset, ORDER);
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, check, checkOffset, ORDER);
        FloatVector zero = FloatVector.broadcast(SPECIES, 0);
        FloatVector a = FloatVector.broadcast(SPECIES, A);
        FloatVector b = FloatVector.broadcast(SPECIES, B);
        FloatVector a2 = FloatVector.broadcast(SPECIES, A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, B2);
        FloatVector a3 = FloatVector.broadcast(SPECIES, A3);
        FloatVector b3 = FloatVector.broadcast(SPECIES, B3);
        for (int tile = 0; tile < tiles; tile++) {
            long p = fromOffset + tile * fromTile;
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            FloatVector e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t0 = e.fma(b, d.mul(a));
            FloatVector u0 = e.fma(b3, d.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * row, ORDER)));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t1 = e.fma(b, d.mul(a));
            FloatVector u1 = e.fma(b3, d.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * row, ORDER)));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t2 = e.fma(b, d.mul(a));
            FloatVector u2 = e.fma(b3, d.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * row, ORDER)));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t3 = e.fma(b, d.mul(a));
            FloatVector u3 = e.fma(b3, d.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * row, ORDER)));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t4 = e.fma(b, d.mul(a));
            FloatVector u4 = e.fma(b3, d.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * row, ORDER)));
            p += next;
            d = FloatVector.fromMemorySegment(SPECIES, from, p + row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 2 * row, ORDER));
            e = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * row, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, from, p + 4 * row, ORDER));
            FloatVector t5 = e.fma(b, d.mul(a));
            FloatVector u5 = e.fma(b3, d.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * row, ORDER)));
            long q = toOffset + 4L * tile * column;
            FloatVector sa = t1.add(t2);
            FloatVector da = t1.sub(t2);
            FloatVector sb = t3.add(t4);
            FloatVector db = t3.sub(t4);
            FloatVector y0 = t0.add(sa).add(sb.add(add));
            FloatVector y1 = db.fma(b, da.fma(a, add));
            FloatVector y2 = sb.fma(b2, sa.fma(a2, add));
            FloatVector y3 = db.fma(b3, da.fma(a3, t5.add(add)));
            y0.intoMemorySegment(to, q, ORDER);
            y1.intoMemorySegment(to, q + column, ORDER);
            y2.intoMemorySegment(to, q + 2 * column, ORDER);
            y3.intoMemorySegment(to, q + 3 * column, ORDER);
            sum = y0.add(y1).add(y2.add(y3)).fma(zero, sum);
            q += 2 * line;
            sa = u1.add(u2);
            da = u1.sub(u2);
            sb = u3.add(u4);
            db = u3.sub(u4);
            y0 = u0.add(sa).add(sb.add(add));
            y1 = db.fma(b, da.fma(a, add));
            y2 = sb.fma(b2, sa.fma(a2, add));
            y3 = db.fma(b3, da.fma(a3, u5.add(add)));
            y0.intoMemorySegment(to, q, ORDER);
            y1.intoMemorySegment(to, q + column, ORDER);
            y2.intoMemorySegment(to, q + 2 * column, ORDER);
            y3.intoMemorySegment(to, q + 3 * column, ORDER);
            sum = y0.add(y1).add(y2.add(y3)).fma(zero, sum);
        }
        sum.intoMemorySegment(check, checkOffset, ORDER);
    }

    @Override
    public void weights(MemorySegment from, long fromOffset, long step, long fromNext, int channels, MemorySegment to,
            long toOffset, long toNext, long next) {
        MemorySegment scratch = Lanes.scratch();
        for (int c = 0; c < channels; c++) {
            spread(from, fromOffset + c * fromNext, step, 3 * step, 3, scratch, 0, STEP, 6 * STEP);
            spread(scratch, 0, 6 * STEP, STEP, 6, to, toOffset + c * toNext, 6 * next, next);
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
    public void transpose(MemorySegment from, long fromOffset, long[] fromAt, int fromFirst, MemorySegment to,
            long toOffset, long[] toAt, int toFirst) {
        if (LANES == 16) {
            transpose16(from, fromOffset, fromAt, fromFirst, to, toOffset, toAt, toFirst);
        } else if (LANES == 8) {
            transpose8(from, fromOffset, fromAt, fromFirst, to, toOffset, toAt, toFirst);
        } else {
            transpose4(from, fromOffset, fromAt, fromFirst, to, toOffset, toAt, toFirst);
        }
    }

    /** Exchanges halves, then quarters, and so on. */
    private static void transpose16(MemorySegment from, long fromOffset, long[] fromAt, int fromFirst,
            MemorySegment to, long toOffset, long[] toAt, int toFirst) {
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

    /** Exchanges halves, then quarters, and so on. */
    private static void transpose8(MemorySegment from, long fromOffset, long[] fromAt, int fromFirst,
            MemorySegment to, long toOffset, long[] toAt, int toFirst) {
        FloatVector r00 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst], ORDER);
        FloatVector r10 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 1], ORDER);
        FloatVector r20 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 2], ORDER);
        FloatVector r30 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 3], ORDER);
        FloatVector r40 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 4], ORDER);
        FloatVector r50 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 5], ORDER);
        FloatVector r60 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 6], ORDER);
        FloatVector r70 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 7], ORDER);
        FloatVector r01 = r00.blend(r40.rearrange(ACROSS_4), UPPER_4);
        FloatVector r41 = r40.blend(r00.rearrange(ACROSS_4), LOWER_4);
        FloatVector r11 = r10.blend(r50.rearrange(ACROSS_4), UPPER_4);
        FloatVector r51 = r50.blend(r10.rearrange(ACROSS_4), LOWER_4);
        FloatVector r21 = r20.blend(r60.rearrange(ACROSS_4), UPPER_4);
        FloatVector r61 = r60.blend(r20.rearrange(ACROSS_4), LOWER_4);
        FloatVector r31 = r30.blend(r70.rearrange(ACROSS_4), UPPER_4);
        FloatVector r71 = r70.blend(r30.rearrange(ACROSS_4), LOWER_4);
        FloatVector r02 = r01.blend(r21.rearrange(ACROSS_2), UPPER_2);
        FloatVector r22 = r21.blend(r01.rearrange(ACROSS_2), LOWER_2);
        FloatVector r12 = r11.blend(r31.rearrange(ACROSS_2), UPPER_2);
        FloatVector r32 = r31.blend(r11.rearrange(ACROSS_2), LOWER_2);
        FloatVector r42 = r41.blend(r61.rearrange(ACROSS_2), UPPER_2);
        FloatVector r62 = r61.blend(r41.rearrange(ACROSS_2), LOWER_2);
        FloatVector r52 = r51.blend(r71.rearrange(ACROSS_2), UPPER_2);
        FloatVector r72 = r71.blend(r51.rearrange(ACROSS_2), LOWER_2);
        FloatVector r03 = r02.blend(r12.rearrange(ACROSS_1), UPPER_1);
        FloatVector r13 = r12.blend(r02.rearrange(ACROSS_1), LOWER_1);
        FloatVector r23 = r22.blend(r32.rearrange(ACROSS_1), UPPER_1);
        FloatVector r33 = r32.blend(r22.rearrange(ACROSS_1), LOWER_1);
        FloatVector r43 = r42.blend(r52.rearrange(ACROSS_1), UPPER_1);
        FloatVector r53 = r52.blend(r42.rearrange(ACROSS_1), LOWER_1);
        FloatVector r63 = r62.blend(r72.rearrange(ACROSS_1), UPPER_1);
        FloatVector r73 = r72.blend(r62.rearrange(ACROSS_1), LOWER_1);
        r03.intoMemorySegment(to, toOffset + toAt[toFirst], ORDER);
        r13.intoMemorySegment(to, toOffset + toAt[toFirst + 1], ORDER);
        r23.intoMemorySegment(to, toOffset + toAt[toFirst + 2], ORDER);
        r33.intoMemorySegment(to, toOffset + toAt[toFirst + 3], ORDER);
        r43.intoMemorySegment(to, toOffset + toAt[toFirst + 4], ORDER);
        r53.intoMemorySegment(to, toOffset + toAt[toFirst + 5], ORDER);
        r63.intoMemorySegment(to, toOffset + toAt[toFirst + 6], ORDER);
        r73.intoMemorySegment(to, toOffset + toAt[toFirst + 7], ORDER);
    }

    /** Exchanges halves, then quarters, and so on. */
    private static void transpose4(MemorySegment from, long fromOffset, long[] fromAt, int fromFirst,
            MemorySegment to, long toOffset, long[] toAt, int toFirst) {
        FloatVector r00 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst], ORDER);
        FloatVector r10 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 1], ORDER);
        FloatVector r20 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 2], ORDER);
        FloatVector r30 = FloatVector.fromMemorySegment(SPECIES, from, fromOffset + fromAt[fromFirst + 3], ORDER);
        FloatVector r01 = r00.blend(r20.rearrange(ACROSS_2), UPPER_2);
        FloatVector r21 = r20.blend(r00.rearrange(ACROSS_2), LOWER_2);
        FloatVector r11 = r10.blend(r30.rearrange(ACROSS_2), UPPER_2);
        FloatVector r31 = r30.blend(r10.rearrange(ACROSS_2), LOWER_2);
        FloatVector r02 = r01.blend(r11.rearrange(ACROSS_1), UPPER_1);
        FloatVector r12 = r11.blend(r01.rearrange(ACROSS_1), LOWER_1);
        FloatVector r22 = r21.blend(r31.rearrange(ACROSS_1), UPPER_1);
        FloatVector r32 = r31.blend(r21.rearrange(ACROSS_1), LOWER_1);
        r02.intoMemorySegment(to, toOffset + toAt[toFirst], ORDER);
        r12.intoMemorySegment(to, toOffset + toAt[toFirst + 1], ORDER);
        r22.intoMemorySegment(to, toOffset + toAt[toFirst + 2], ORDER);
        r32.intoMemorySegment(to, toOffset + toAt[toFirst + 3], ORDER);
    }
}
