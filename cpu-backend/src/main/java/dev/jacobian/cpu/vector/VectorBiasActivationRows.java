package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.BiasActivationRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Bias and activation on vectors. Sums of columns stay in registers, several vectors of them at a time: the rows of a chunk are
 * walked once for each.
 */
final class VectorBiasActivationRows implements BiasActivationRows {
    @Override
    public void add(
            MemorySegment x,
            long xAt,
            MemorySegment bias,
            long biasAt,
            float least,
            MemorySegment y,
            long yAt,
            int rows,
            int n) {
        FloatVector floor = all(least);
        int whole = n - n % COUNT;
        VectorMask<Float> tail = Lanes.tail(whole, n);
        for (int row = 0; row < rows; row++) {
            long from = xAt + (long) row * n;
            long to = yAt + (long) row * n;
            for (int i = 0; i < whole; i += COUNT) {
                FloatVector v = load(x, (from + i) << 2).add(load(bias, (biasAt + i) << 2));
                store(v.blend(floor, v.compare(VectorOperators.LE, floor)), y, (to + i) << 2);
            }
            if (whole < n) {
                FloatVector v = load(x, (from + whole) << 2, tail).add(load(bias, (biasAt + whole) << 2, tail));
                store(v.blend(floor, v.compare(VectorOperators.LE, floor)), y, (to + whole) << 2, tail);
            }
        }
    }

    @Override
    public void maskAndSum(
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment sums,
            long sumsAt,
            int rows,
            int n) {
        int column = 0;
        for (; column <= n - 2 * COUNT; column += 2 * COUNT) {
            FloatVector a = all(0);
            FloatVector b = a;
            for (int row = 0; row < rows; row++) {
                long at = (long) row * n + column;
                FloatVector first = masked(load(dy, (dyAt + at) << 2), load(y, (yAt + at) << 2));
                FloatVector second = masked(load(dy, (dyAt + at + COUNT) << 2), load(y, (yAt + at + COUNT) << 2));
                store(first, dx, (dxAt + at) << 2);
                store(second, dx, (dxAt + at + COUNT) << 2);
                a = first.add(a);
                b = second.add(b);
            }
            store(a, sums, (sumsAt + column) << 2);
            store(b, sums, (sumsAt + column + COUNT) << 2);
        }
        for (; column < n; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, n);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                long at = (long) row * n + column;
                FloatVector first = masked(load(dy, (dyAt + at) << 2, tail), load(y, (yAt + at) << 2, tail));
                store(first, dx, (dxAt + at) << 2, tail);
                a = first.add(a);
            }
            store(a, sums, (sumsAt + column) << 2, tail);
        }
    }

    private static FloatVector masked(FloatVector dy, FloatVector y) {
        return all(0).blend(dy, y.compare(VectorOperators.GT, 0));
    }

    @Override
    public void scaleAndSum(
            float a,
            float b,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment sums,
            long sumsAt,
            int rows,
            int n) {
        int column = 0;
        for (; column <= n - 2 * COUNT; column += 2 * COUNT) {
            FloatVector sum = all(0);
            FloatVector more = sum;
            for (int row = 0; row < rows; row++) {
                long at = (long) row * n + column;
                FloatVector first = scaled(a, b, load(dy, (dyAt + at) << 2), load(y, (yAt + at) << 2));
                FloatVector second = scaled(a, b, load(dy, (dyAt + at + COUNT) << 2), load(y, (yAt + at + COUNT) << 2));
                store(first, dx, (dxAt + at) << 2);
                store(second, dx, (dxAt + at + COUNT) << 2);
                sum = first.add(sum);
                more = second.add(more);
            }
            store(sum, sums, (sumsAt + column) << 2);
            store(more, sums, (sumsAt + column + COUNT) << 2);
        }
        for (; column < n; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, n);
            FloatVector sum = all(0);
            for (int row = 0; row < rows; row++) {
                long at = (long) row * n + column;
                FloatVector first = scaled(a, b, load(dy, (dyAt + at) << 2, tail), load(y, (yAt + at) << 2, tail));
                store(first, dx, (dxAt + at) << 2, tail);
                sum = first.add(sum);
            }
            store(sum, sums, (sumsAt + column) << 2, tail);
        }
    }

    private static FloatVector scaled(float a, float b, FloatVector dy, FloatVector y) {
        return dy.mul(fma(all(b).sub(y), y, a));
    }

    @Override
    public void sum(MemorySegment x, long xAt, MemorySegment sums, long sumsAt, int rows, int n) {
        int column = 0;
        for (; column <= n - 4 * COUNT; column += 4 * COUNT) {
            FloatVector a = all(0);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int row = 0; row < rows; row++) {
                long at = xAt + (long) row * n + column;
                a = load(x, at << 2).add(a);
                b = load(x, (at + COUNT) << 2).add(b);
                c = load(x, (at + 2L * COUNT) << 2).add(c);
                d = load(x, (at + 3L * COUNT) << 2).add(d);
            }
            store(a, sums, (sumsAt + column) << 2);
            store(b, sums, (sumsAt + column + COUNT) << 2);
            store(c, sums, (sumsAt + column + 2L * COUNT) << 2);
            store(d, sums, (sumsAt + column + 3L * COUNT) << 2);
        }
        for (; column < n; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, n);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                a = load(x, (xAt + (long) row * n + column) << 2, tail).add(a);
            }
            store(a, sums, (sumsAt + column) << 2, tail);
        }
    }
}
