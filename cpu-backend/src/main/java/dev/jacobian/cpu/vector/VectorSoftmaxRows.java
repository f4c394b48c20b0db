package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.ReduceRows;
import dev.jacobian.cpu.SoftmaxRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Softmax and its relatives on vectors. */
final class VectorSoftmaxRows implements SoftmaxRows {
    @Override
    public float max(MemorySegment x, long at, int n) {
        FloatVector a = all(Float.NEGATIVE_INFINITY);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            a = larger(a, load(x, (at + i) << 2));
            b = larger(b, load(x, (at + i + COUNT) << 2));
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            a = a.blend(larger(a, load(x, (at + i) << 2, tail)), tail);
        }
        return larger(a, b).reduceLanes(VectorOperators.MAX);
    }

    /** Unlike the vector's own maximum two instructions, not five; never NaN, and then the sum is. */
    private static FloatVector larger(FloatVector a, FloatVector b) {
        return a.blend(b, b.compare(VectorOperators.GT, a));
    }

    @Override
    public double sumExp(MemorySegment x, long at, int n, float max) {
        double sum = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            sum += sumExpOfPart(x, at + i, Math.min(ReduceRows.RUN, n - i), max);
        }
        return sum;
    }

    private static float sumExpOfPart(MemorySegment x, long at, int n, float max) {
        FloatVector a = all(0);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            a = a.add(VectorMath.expOfNegative(load(x, (at + i) << 2).sub(max)));
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            a = a.add(VectorMath.expOfNegative(load(x, (at + i) << 2, tail).sub(max)), tail);
        }
        return Lanes.sum(a);
    }

    @Override
    public void row(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        float max = max(x, xAt, n);
        if (log) {
            subtract(x, xAt, max, (float) Math.log(sumExp(x, xAt, n, max)), y, yAt, n);
        } else {
            double sum = 0;
            for (int i = 0; i < n; i += ReduceRows.RUN) {
                sum += storeExp(x, xAt + i, max, y, yAt + i, Math.min(ReduceRows.RUN, n - i));
            }
            scale(y, yAt, (float) (1 / sum), n);
        }
    }

    private static void subtract(MemorySegment x, long xAt, float max, float log, MemorySegment y, long yAt, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            store(load(x, (xAt + i) << 2).sub(max).sub(log), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            store(load(x, (xAt + i) << 2, tail).sub(max).sub(log), y, (yAt + i) << 2, tail);
        }
    }

    private static float storeExp(MemorySegment x, long xAt, float max, MemorySegment y, long yAt, int n) {
        FloatVector a = all(0);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector e = VectorMath.expOfNegative(load(x, (xAt + i) << 2).sub(max));
            store(e, y, (yAt + i) << 2);
            a = a.add(e);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector e = VectorMath.expOfNegative(load(x, (xAt + i) << 2, tail).sub(max));
            store(e, y, (yAt + i) << 2, tail);
            a = a.add(e, tail);
        }
        return Lanes.sum(a);
    }

    private static void scale(MemorySegment y, long at, float factor, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            store(load(y, (at + i) << 2).mul(factor), y, (at + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            store(load(y, (at + i) << 2, tail).mul(factor), y, (at + i) << 2, tail);
        }
    }

    @Override
    public void columns(
            boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rowStep, int n, int columns) {
        for (int column = 0; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            long from = (xAt + column) << 2;
            long to = (yAt + column) << 2;
            long step = rowStep << 2;
            FloatVector max = all(Float.NEGATIVE_INFINITY);
            for (int k = 0; k < n; k++) {
                max = larger(max, load(x, from + k * step, tail));
            }
            FloatVector sum = all(0);
            for (int k = 0; k < n; k++) {
                FloatVector difference = load(x, from + k * step, tail).sub(max);
                FloatVector e = VectorMath.expOfNegative(difference);
                store(log ? difference : e, y, to + k * step, tail);
                sum = sum.add(e);
            }
            if (log) {
                FloatVector logSum = VectorMath.log(sum);
                for (int k = 0; k < n; k++) {
                    store(load(y, to + k * step, tail).sub(logSum), y, to + k * step, tail);
                }
            } else {
                FloatVector factor = all(1).div(sum);
                for (int k = 0; k < n; k++) {
                    store(load(y, to + k * step, tail).mul(factor), y, to + k * step, tail);
                }
            }
        }
    }

    @Override
    public void rowBackward(
            boolean log, MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        double total = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            int count = Math.min(ReduceRows.RUN, n - i);
            total += log ? VectorReduceRows.sum(dy, dyAt + i, count) : dot(y, yAt + i, dy, dyAt + i, count);
        }
        FloatVector sum = all((float) total);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector value = load(y, (yAt + i) << 2, tail);
            FloatVector gradient = load(dy, (dyAt + i) << 2, tail);
            store(gradient(log, value, gradient, sum), dx, (dxAt + i) << 2, tail);
        }
    }

    private static FloatVector gradient(boolean log, FloatVector y, FloatVector dy, FloatVector sum) {
        return log ? dy.sub(VectorMath.exp(y).mul(sum)) : y.mul(dy.sub(sum));
    }

    private static float dot(MemorySegment y, long yAt, MemorySegment dy, long dyAt, int n) {
        FloatVector a = all(0);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            a = Lanes.fma(load(y, (yAt + i) << 2), load(dy, (dyAt + i) << 2), a);
            b = Lanes.fma(load(y, (yAt + i + COUNT) << 2), load(dy, (dyAt + i + COUNT) << 2), b);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            a = Lanes.fma(load(y, (yAt + i) << 2, tail), load(dy, (dyAt + i) << 2, tail), a);
        }
        return Lanes.sum(a.add(b));
    }

    @Override
    public void columnsBackward(
            boolean log,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long rowStep,
            int n,
            int columns) {
        for (int column = 0; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            long step = rowStep << 2;
            long result = (yAt + column) << 2;
            long from = (dyAt + column) << 2;
            long to = (dxAt + column) << 2;
            FloatVector sum = all(0);
            for (int k = 0; k < n; k++) {
                FloatVector gradient = load(dy, from + k * step, tail);
                sum = sum.add(log ? gradient : gradient.mul(load(y, result + k * step, tail)));
            }
            for (int k = 0; k < n; k++) {
                FloatVector value = load(y, result + k * step, tail);
                FloatVector gradient = load(dy, from + k * step, tail);
                store(gradient(log, value, gradient, sum), dx, to + k * step, tail);
            }
        }
    }

    @Override
    public void shiftedExp(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector e = VectorMath.exp(load(x, (xAt + i) << 2, tail).sub(logSumExp));
            store(e.sub(shift).mul(scale), y, (yAt + i) << 2, tail);
        }
    }
}
