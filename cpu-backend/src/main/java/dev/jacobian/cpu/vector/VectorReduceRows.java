package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;

import dev.jacobian.backend.ReduceOp;
import dev.jacobian.cpu.ReduceRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Reductions on vectors, with four sums at a time: an addition takes four cycles, and two can start in each. */
final class VectorReduceRows implements ReduceRows {
    @Override
    public float run(ReduceOp op, MemorySegment x, long at, int n) {
        return switch (op) {
            case SUM -> sum(x, at, n);
            case MAX -> extreme(x, at, n, 0);
            case MIN -> extreme(x, at, n, Integer.MIN_VALUE);
        };
    }

    static float sum(MemorySegment x, long at, int n) {
        FloatVector a = all(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int i = 0;
        for (; i <= n - 4 * COUNT; i += 4 * COUNT) {
            a = load(x, (at + i) << 2).add(a);
            b = load(x, (at + i + COUNT) << 2).add(b);
            c = load(x, (at + i + 2L * COUNT) << 2).add(c);
            d = load(x, (at + i + 3L * COUNT) << 2).add(d);
        }
        for (; i <= n - COUNT; i += COUNT) {
            a = load(x, (at + i) << 2).add(a);
        }
        if (i < n) {
            a = load(x, (at + i) << 2, Lanes.tail(i, n)).add(a);
        }
        return Lanes.sum(a.add(b).add(c.add(d)));
    }

    /** The maximum of all elements with their sign bits flipped, flipped back: the minimum where they are. */
    private static float extreme(MemorySegment x, long at, int n, int flip) {
        FloatVector a = all(Float.NEGATIVE_INFINITY);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            a = flip(load(x, (at + i) << 2), flip).max(a);
            b = flip(load(x, (at + i + COUNT) << 2), flip).max(b);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            a = a.lanewise(VectorOperators.MAX, flip(load(x, (at + i) << 2, tail), flip), tail);
        }
        float max = a.max(b).reduceLanes(VectorOperators.MAX);
        return flip == 0 ? max : -max;
    }

    private static FloatVector flip(FloatVector v, int flip) {
        IntVector bits = v.reinterpretAsInts();
        return bits.lanewise(VectorOperators.XOR, flip).reinterpretAsFloats();
    }

    @Override
    public void columns(ReduceOp op, MemorySegment x, long at, long rowStep, int rows, float[] out, int columns) {
        switch (op) {
            case SUM -> columnSums(x, at, rowStep, rows, out, columns);
            case MAX -> columnExtremes(x, at, rowStep, rows, out, columns, 0);
            case MIN -> columnExtremes(x, at, rowStep, rows, out, columns, Integer.MIN_VALUE);
        }
    }

    private static void columnSums(MemorySegment x, long at, long rowStep, int rows, float[] out, int columns) {
        int column = 0;
        for (; column <= columns - 4 * COUNT; column += 4 * COUNT) {
            FloatVector a = all(0);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int row = 0; row < rows; row++) {
                long place = at + column + row * rowStep;
                a = load(x, place << 2).add(a);
                b = load(x, (place + COUNT) << 2).add(b);
                c = load(x, (place + 2L * COUNT) << 2).add(c);
                d = load(x, (place + 3L * COUNT) << 2).add(d);
            }
            a.intoArray(out, column);
            b.intoArray(out, column + COUNT);
            c.intoArray(out, column + 2 * COUNT);
            d.intoArray(out, column + 3 * COUNT);
        }
        for (; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                a = load(x, (at + column + row * rowStep) << 2, tail).add(a);
            }
            a.intoArray(out, column, tail);
        }
    }

    private static void columnExtremes(
            MemorySegment x, long at, long rowStep, int rows, float[] out, int columns, int flip) {
        for (int column = 0; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            FloatVector a = all(Float.NEGATIVE_INFINITY);
            for (int row = 0; row < rows; row++) {
                a = flip(load(x, (at + column + row * rowStep) << 2, tail), flip).max(a);
            }
            flip(a, flip).intoArray(out, column, tail);
        }
    }

    @Override
    public float squares(MemorySegment x, long at, int n, float center) {
        FloatVector middle = all(center);
        FloatVector a = all(0);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            FloatVector first = load(x, (at + i) << 2).sub(middle);
            FloatVector second = load(x, (at + i + COUNT) << 2).sub(middle);
            a = fma(first, first, a);
            b = fma(second, second, b);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector first = load(x, (at + i) << 2, tail).sub(middle);
            a = fma(first, first, a).blend(a, tail.not());
        }
        return Lanes.sum(a.add(b));
    }

    @Override
    public void columnSquares(
            MemorySegment x, long at, long rowStep, int rows, float[] center, float[] out, int columns) {
        for (int column = 0; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            FloatVector middle = FloatVector.fromArray(Lanes.SPECIES, center, column, tail);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                FloatVector first = load(x, (at + column + row * rowStep) << 2, tail).sub(middle);
                a = fma(first, first, a);
            }
            a.intoArray(out, column, tail);
        }
    }
}
