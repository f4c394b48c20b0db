package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.conv.WinogradKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Winograd's transforms with 16 tiles of one channel in a vector. Rows of tiles are computed first, or last, as they lie
 * in the image; between that and the columns, vectors of 16 elements of a row become four of every fourth element each,
 * or the reverse.
 */
final class VectorWinogradTiles {
    private static final VectorSpecies<Float> SPECIES = Lanes.SPECIES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int LANES = Lanes.COUNT;
    private static final long STEP = SPECIES.vectorByteSize();
    private static final long FLOAT = Float.BYTES;
    /** Half a vector: the weights of one step of a product. */
    private static final long HALF = STEP / 2;
    private static final long QUARTER = STEP / 4;
    private static final int TILE = 4;

    /** Of two vectors, the elements number 0 and 1 of each four, then 2 and 3. */
    private static final FloatVector LOWER_PAIRS = select(i -> 4 * (i % 8) + i / 8);
    private static final FloatVector UPPER_PAIRS = select(i -> 4 * (i % 8) + i / 8 + 2);
    /** The first halves of both, and the second ones. */
    private static final FloatVector FIRST_HALVES = select(i -> i < 8 ? i : i + 8);
    private static final FloatVector SECOND_HALVES = select(i -> i < 8 ? i + 8 : i + 16);
    /** The last element of the first one before the second one, and the first of the second one behind the first. */
    private static final FloatVector BEFORE = select(i -> i + 15);
    private static final FloatVector BEHIND = select(i -> i + 1);
    /** By turns elements of each, from the first halves, and from the second ones. */
    private static final FloatVector FIRST_TURNS = select(i -> i / 2 + 16 * (i % 2));
    private static final FloatVector SECOND_TURNS = select(i -> i / 2 + 16 * (i % 2) + 8);
    /** By turns pairs of each. */
    private static final FloatVector FIRST_PAIR_TURNS = select(i -> i / 4 * 2 + i % 2 + 8 * (i & 2));
    private static final FloatVector SECOND_PAIR_TURNS = select(i -> i / 4 * 2 + i % 2 + 8 * (i & 2) + 8);

    private VectorWinogradTiles() {}

    private static FloatVector select(IntUnaryOperator source) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = source.applyAsInt(i);
        }
        return FloatVector.fromArray(SPECIES, lanes, 0);
    }

    /** As {@link WinogradKernel#inputRows}. Loads with masks would make objects of them. */
    static void inputRows(MemorySegment from, long plane, long image, int height, int width, int padding, int down,
            int firstRow, int rows, MemorySegment to, long toOffset, long line, long next) {
        FloatVector s = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.S);
        FloatVector a2 = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.B2);
        FloatVector plusA = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.A);
        FloatVector plusB = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.B);
        FloatVector zero = FloatVector.zero(SPECIES);
        long outside = width < LANES ? -1L << width : 0;
        int lastColumn = Math.max(0, width - LANES);
        int vectors = (width + LANES - 1) / LANES;
        long fromLine = width * FLOAT;
        int row = firstRow;
        long base = plane;
        long target = toOffset;
        for (int i = 0; i < rows; i++) {
            int y = TILE * row - padding;
            VectorMask<Float> k0 = VectorMask.fromLong(SPECIES, y >= 0 && y < height ? outside : -1L);
            VectorMask<Float> k1 = VectorMask.fromLong(SPECIES, y + 1 >= 0 && y + 1 < height ? outside : -1L);
            VectorMask<Float> k2 = VectorMask.fromLong(SPECIES, y + 2 < height ? outside : -1L);
            VectorMask<Float> k3 = VectorMask.fromLong(SPECIES, y + 3 < height ? outside : -1L);
            VectorMask<Float> k4 = VectorMask.fromLong(SPECIES, y + 4 < height ? outside : -1L);
            VectorMask<Float> k5 = VectorMask.fromLong(SPECIES, y + 5 < height ? outside : -1L);
            long p0 = base + Math.min(Math.max(y, 0), height - 1) * fromLine;
            long p1 = base + Math.min(Math.max(y + 1, 0), height - 1) * fromLine;
            long p2 = base + Math.min(y + 2, height - 1) * fromLine;
            long p3 = base + Math.min(y + 3, height - 1) * fromLine;
            long p4 = base + Math.min(y + 4, height - 1) * fromLine;
            long p5 = base + Math.min(y + 5, height - 1) * fromLine;
            for (int v = 0; v < vectors; v++) {
                long at = Math.min(v * LANES, lastColumn) * FLOAT;
                long q = target + at;
                FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, from, p0 + at, ORDER).blend(zero, k0);
                FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, from, p1 + at, ORDER).blend(zero, k1);
                FloatVector d2 = FloatVector.fromMemorySegment(SPECIES, from, p2 + at, ORDER).blend(zero, k2);
                FloatVector d3 = FloatVector.fromMemorySegment(SPECIES, from, p3 + at, ORDER).blend(zero, k3);
                FloatVector d4 = FloatVector.fromMemorySegment(SPECIES, from, p4 + at, ORDER).blend(zero, k4);
                FloatVector d5 = FloatVector.fromMemorySegment(SPECIES, from, p5 + at, ORDER).blend(zero, k5);
                d2.fma(s, d0.add(d4)).intoMemorySegment(to, q, ORDER);
                FloatVector even = d2.fma(b2, d4);
                FloatVector odd = d1.fma(b2, d3);
                odd.fma(plusA, even).intoMemorySegment(to, q + next, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * next, ORDER);
                even = d2.fma(a2, d4);
                odd = d1.fma(a2, d3);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * next, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * next, ORDER);
                d3.fma(s, d1.add(d5)).intoMemorySegment(to, q + 5 * next, ORDER);
            }
            target += line;
            row++;
            if (row == down) {
                row = 0;
                base += image;
            }
        }
    }

    /** As {@link WinogradKernel#inputColumns}. */
    static void inputColumns(MemorySegment from, long fromOffset, long fromNext, int groups, long[] masks, int first,
            MemorySegment to, long toOffset, long next) {
        FloatVector s = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.S);
        FloatVector a2 = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.B2);
        FloatVector plusA = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A);
        FloatVector minusA = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.A);
        FloatVector plusB = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B);
        FloatVector minusB = FloatVector.broadcast(SPECIES, -VectorWinogradKernel.B);
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int g = 0; g < groups; g++) {
            VectorMask<Float> begins = VectorMask.fromLong(SPECIES, masks[first + 2 * g]);
            VectorMask<Float> ends = VectorMask.fromLong(SPECIES, masks[first + 2 * g + 1]);
            long p = fromOffset + g * (TILE * STEP);
            long q = toOffset + g * STEP;
            for (int i = 0; i < 6; i++) {
                FloatVector r0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(SPECIES, from, p + STEP, ORDER);
                FloatVector r2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * STEP, ORDER);
                FloatVector r3 = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * STEP, ORDER);
                FloatVector low = LOWER_PAIRS.selectFrom(r0, r1);
                FloatVector high = LOWER_PAIRS.selectFrom(r2, r3);
                FloatVector d1 = FIRST_HALVES.selectFrom(low, high);
                FloatVector d2 = SECOND_HALVES.selectFrom(low, high);
                low = UPPER_PAIRS.selectFrom(r0, r1);
                high = UPPER_PAIRS.selectFrom(r2, r3);
                FloatVector d3 = FIRST_HALVES.selectFrom(low, high);
                FloatVector d4 = SECOND_HALVES.selectFrom(low, high);
                FloatVector d0 = BEFORE.selectFrom(FloatVector.fromMemorySegment(SPECIES, from, p - STEP, ORDER), d4)
                        .blend(zero, begins);
                FloatVector d5 = BEHIND
                        .selectFrom(d1, FloatVector.fromMemorySegment(SPECIES, from, p + 4 * STEP, ORDER))
                        .blend(zero, ends);
                d2.fma(s, d0.add(d4)).intoMemorySegment(to, q, ORDER);
                FloatVector even = d2.fma(b2, d4);
                FloatVector odd = d1.fma(b2, d3);
                odd.fma(plusA, even).intoMemorySegment(to, q + next, ORDER);
                odd.fma(minusA, even).intoMemorySegment(to, q + 2 * next, ORDER);
                even = d2.fma(a2, d4);
                odd = d1.fma(a2, d3);
                odd.fma(plusB, even).intoMemorySegment(to, q + 3 * next, ORDER);
                odd.fma(minusB, even).intoMemorySegment(to, q + 4 * next, ORDER);
                d3.fma(s, d1.add(d5)).intoMemorySegment(to, q + 5 * next, ORDER);
                p += fromNext;
                q += 6 * next;
            }
        }
    }

    /** As {@link WinogradKernel#outputColumns}. */
    static void outputColumns(MemorySegment from, long fromOffset, long next, int groups, MemorySegment to,
            long toOffset, long toNext) {
        FloatVector a = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A);
        FloatVector b = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B);
        FloatVector a2 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B2);
        FloatVector a3 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A3);
        FloatVector b3 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B3);
        for (int g = 0; g < groups; g++) {
            long p = fromOffset + g * STEP;
            long q = toOffset + g * (TILE * STEP);
            for (int i = 0; i < 6; i++) {
                FloatVector m1 = FloatVector.fromMemorySegment(SPECIES, from, p + next, ORDER);
                FloatVector m2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * next, ORDER);
                FloatVector m3 = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * next, ORDER);
                FloatVector m4 = FloatVector.fromMemorySegment(SPECIES, from, p + 4 * next, ORDER);
                FloatVector evenA = m1.add(m2);
                FloatVector oddA = m1.sub(m2);
                FloatVector evenB = m3.add(m4);
                FloatVector oddB = m3.sub(m4);
                FloatVector y0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(evenA.add(evenB));
                FloatVector y1 = oddB.fma(b, oddA.mul(a));
                FloatVector y2 = evenB.fma(b2, evenA.mul(a2));
                FloatVector y3 = oddB.fma(b3,
                        oddA.fma(a3, FloatVector.fromMemorySegment(SPECIES, from, p + 5 * next, ORDER)));
                FloatVector low = FIRST_TURNS.selectFrom(y0, y1);
                FloatVector high = FIRST_TURNS.selectFrom(y2, y3);
                FIRST_PAIR_TURNS.selectFrom(low, high).intoMemorySegment(to, q, ORDER);
                SECOND_PAIR_TURNS.selectFrom(low, high).intoMemorySegment(to, q + STEP, ORDER);
                low = SECOND_TURNS.selectFrom(y0, y1);
                high = SECOND_TURNS.selectFrom(y2, y3);
                FIRST_PAIR_TURNS.selectFrom(low, high).intoMemorySegment(to, q + 2 * STEP, ORDER);
                SECOND_PAIR_TURNS.selectFrom(low, high).intoMemorySegment(to, q + 3 * STEP, ORDER);
                p += 6 * next;
                q += toNext;
            }
        }
    }

    /** As {@link WinogradKernel#outputRows}. */
    static void outputRows(MemorySegment from, long fromOffset, long fromNext, long line, float bias,
            MemorySegment to, long plane, long image, int height, int width, int down, int firstRow, int rows,
            MemorySegment check) {
        FloatVector a = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A);
        FloatVector b = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B);
        FloatVector a2 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A2);
        FloatVector b2 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B2);
        FloatVector a3 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.A3);
        FloatVector b3 = FloatVector.broadcast(SPECIES, VectorWinogradKernel.B3);
        FloatVector add = FloatVector.broadcast(SPECIES, bias);
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, check, 0, ORDER);
        VectorMask<Float> inside = VectorMask.fromLong(SPECIES,
                width < LANES ? (1L << width) - 1 : (1L << LANES) - 1);
        VectorMask<Float> outside = inside.not();
        int lastColumn = Math.max(0, width - LANES);
        int vectors = (width + LANES - 1) / LANES;
        long toLine = width * FLOAT;
        int row = firstRow;
        long base = plane;
        long source = fromOffset;
        for (int i = 0; i < rows; i++) {
            int y = TILE * row;
            // Lines that the image lacks are overwritten by the last one that it has.
            long q0 = base + y * toLine;
            long q1 = base + Math.min(y + 1, height - 1) * toLine;
            long q2 = base + Math.min(y + 2, height - 1) * toLine;
            long q3 = base + Math.min(y + 3, height - 1) * toLine;
            for (int v = 0; v < vectors; v++) {
                long at = Math.min(v * LANES, lastColumn) * FLOAT;
                long p = source + at;
                FloatVector m1 = FloatVector.fromMemorySegment(SPECIES, from, p + fromNext, ORDER);
                FloatVector m2 = FloatVector.fromMemorySegment(SPECIES, from, p + 2 * fromNext, ORDER);
                FloatVector m3 = FloatVector.fromMemorySegment(SPECIES, from, p + 3 * fromNext, ORDER);
                FloatVector m4 = FloatVector.fromMemorySegment(SPECIES, from, p + 4 * fromNext, ORDER);
                FloatVector evenA = m1.add(m2);
                FloatVector oddA = m1.sub(m2);
                FloatVector evenB = m3.add(m4);
                FloatVector oddB = m3.sub(m4);
                FloatVector y0 = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER).add(add)
                        .add(evenA.add(evenB));
                FloatVector y1 = oddB.fma(b, oddA.fma(a, add));
                FloatVector y2 = evenB.fma(b2, evenA.fma(a2, add));
                FloatVector y3 = oddB.fma(b3, oddA.fma(a3,
                        FloatVector.fromMemorySegment(SPECIES, from, p + 5 * fromNext, ORDER).add(add)));
                y3.intoMemorySegment(to, q3 + at, ORDER, inside);
                y2.intoMemorySegment(to, q2 + at, ORDER, inside);
                y1.intoMemorySegment(to, q1 + at, ORDER, inside);
                y0.intoMemorySegment(to, q0 + at, ORDER, inside);
                sum = y0.add(y1).add(y2.add(y3)).blend(zero, outside).fma(zero, sum);
            }
            source += line;
            row++;
            if (row == down) {
                row = 0;
                base += image;
            }
        }
        sum.intoMemorySegment(check, 0, ORDER);
    }

    /** As {@link WinogradKernel#products}. */
    static void products(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bRow, int groups,
            int depth, MemorySegment c, long cOffset, long cRow, int tiles) {
        assert depth % 2 == 0;
        int group = 0;
        for (; group + 1 < groups; group += 2) {
            twoVectors(a, aOffset, b, bOffset + group * STEP, bRow, depth, c, cOffset + group * STEP, cRow, tiles);
        }
        if (group < groups) {
            oneVector(a, aOffset, b, bOffset + group * STEP, bRow, depth, c, cOffset + group * STEP, cRow, tiles);
        }
    }

    /**
     * Register tiles of four rows by two vectors, each with a sum over even and one over odd channels: most of the method's
     * rounding is that of its sums, and of two short ones it is less. They are so short that the parts into which the
     * compiler would cut a loop that counts would take as long as the sums, which is why this one does not count.
     */
    private static void twoVectors(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bRow, int depth,
            MemorySegment c, long cOffset, long cRow, int tiles) {
        long to = cOffset;
        for (int i = 0; i < 2 * tiles; i++) {
            long p = aOffset + i / 2 * (depth * HALF) + i % 2 * QUARTER;
            FloatVector zero = FloatVector.zero(SPECIES);
            FloatVector c00 = zero;
            FloatVector c01 = zero;
            FloatVector c10 = zero;
            FloatVector c11 = zero;
            FloatVector c20 = zero;
            FloatVector c21 = zero;
            FloatVector c30 = zero;
            FloatVector c31 = zero;
            FloatVector d00 = zero;
            FloatVector d01 = zero;
            FloatVector d10 = zero;
            FloatVector d11 = zero;
            FloatVector d20 = zero;
            FloatVector d21 = zero;
            FloatVector d30 = zero;
            FloatVector d31 = zero;
            long from = bOffset;
            long end = p + depth * HALF;
            while (p != end) {
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
                b0 = FloatVector.fromMemorySegment(SPECIES, b, from + bRow, ORDER);
                b1 = FloatVector.fromMemorySegment(SPECIES, b, from + bRow + STEP, ORDER);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF));
                d00 = v.fma(b0, d00);
                d01 = v.fma(b1, d01);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + FLOAT));
                d10 = v.fma(b0, d10);
                d11 = v.fma(b1, d11);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 2 * FLOAT));
                d20 = v.fma(b0, d20);
                d21 = v.fma(b1, d21);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 3 * FLOAT));
                d30 = v.fma(b0, d30);
                d31 = v.fma(b1, d31);
                p += 2 * HALF;
                from += 2 * bRow;
            }
            c00.add(d00).intoMemorySegment(c, to, ORDER);
            c01.add(d01).intoMemorySegment(c, to + STEP, ORDER);
            to += cRow;
            c10.add(d10).intoMemorySegment(c, to, ORDER);
            c11.add(d11).intoMemorySegment(c, to + STEP, ORDER);
            to += cRow;
            c20.add(d20).intoMemorySegment(c, to, ORDER);
            c21.add(d21).intoMemorySegment(c, to + STEP, ORDER);
            to += cRow;
            c30.add(d30).intoMemorySegment(c, to, ORDER);
            c31.add(d31).intoMemorySegment(c, to + STEP, ORDER);
            to += cRow;
        }
    }

    /** Register tiles of eight rows by one vector, with the same sums. */
    private static void oneVector(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bRow, int depth,
            MemorySegment c, long cOffset, long cRow, int tiles) {
        long to = cOffset;
        long p = aOffset;
        for (int i = 0; i < tiles; i++) {
            FloatVector zero = FloatVector.zero(SPECIES);
            FloatVector c00 = zero;
            FloatVector c10 = zero;
            FloatVector c20 = zero;
            FloatVector c30 = zero;
            FloatVector c40 = zero;
            FloatVector c50 = zero;
            FloatVector c60 = zero;
            FloatVector c70 = zero;
            FloatVector d00 = zero;
            FloatVector d10 = zero;
            FloatVector d20 = zero;
            FloatVector d30 = zero;
            FloatVector d40 = zero;
            FloatVector d50 = zero;
            FloatVector d60 = zero;
            FloatVector d70 = zero;
            long from = bOffset;
            long end = p + depth * HALF;
            while (p != end) {
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
                b0 = FloatVector.fromMemorySegment(SPECIES, b, from + bRow, ORDER);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF));
                d00 = v.fma(b0, d00);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + FLOAT));
                d10 = v.fma(b0, d10);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 2 * FLOAT));
                d20 = v.fma(b0, d20);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 3 * FLOAT));
                d30 = v.fma(b0, d30);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 4 * FLOAT));
                d40 = v.fma(b0, d40);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 5 * FLOAT));
                d50 = v.fma(b0, d50);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 6 * FLOAT));
                d60 = v.fma(b0, d60);
                v = FloatVector.broadcast(SPECIES, a.get(JAVA_FLOAT_UNALIGNED, p + HALF + 7 * FLOAT));
                d70 = v.fma(b0, d70);
                p += 2 * HALF;
                from += 2 * bRow;
            }
            c00.add(d00).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c10.add(d10).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c20.add(d20).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c30.add(d30).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c40.add(d40).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c50.add(d50).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c60.add(d60).intoMemorySegment(c, to, ORDER);
            to += cRow;
            c70.add(d70).intoMemorySegment(c, to, ORDER);
            to += cRow;
        }
    }
}
