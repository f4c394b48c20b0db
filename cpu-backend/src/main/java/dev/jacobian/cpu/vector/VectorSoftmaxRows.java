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

/** Softmax and its relatives on vectors. Tails have methods of their own for the reason in {@link VectorMath}. */
final class VectorSoftmaxRows implements SoftmaxRows {
    @Override
    public float max(MemorySegment x, long at, int n) {
        return largest(x, at, n);
    }

    private static float largest(MemorySegment x, long at, int n) {
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
        return sum(x, at, n, max);
    }

    private static double sum(MemorySegment x, long at, int n, float max) {
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
        return Lanes.sum(a) + (i < n ? sumExpOfTail(x, at + i, n - i, max) : 0);
    }

    private static float sumExpOfTail(MemorySegment x, long at, int n, float max) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        return Lanes.sum(all(0).blend(VectorMath.expOfNegative(load(x, at << 2, tail).sub(max)), tail));
    }

    @Override
    public void rows(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rows, int n) {
        if (!log && n <= COUNT) {
            shortRows(x, xAt, y, yAt, rows, n);
            return;
        }
        for (long row = 0; row < rows; row++) {
            row(log, x, xAt + row * n, y, yAt + row * n, n);
        }
    }

    /** Rows of one vector each, which never leave the registers. */
    private static void shortRows(MemorySegment x, long xAt, MemorySegment y, long yAt, long rows, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        for (long at = 0; at < rows * n; at += n) {
            FloatVector v = all(Float.NEGATIVE_INFINITY).blend(load(x, (xAt + at) << 2, tail), tail);
            FloatVector e = VectorMath.expOfNegative(v.sub(v.reduceLanes(VectorOperators.MAX)));
            store(e.mul(1 / Lanes.sum(e)), y, (yAt + at) << 2, tail);
        }
    }

    private static void row(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        float max = largest(x, xAt, n);
        if (log) {
            subtract(x, xAt, max, (float) Math.log(sum(x, xAt, n, max)), y, yAt, n);
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
        return Lanes.sum(a) + (i < n ? storeExpOfTail(x, xAt + i, max, y, yAt + i, n - i) : 0);
    }

    private static float storeExpOfTail(MemorySegment x, long xAt, float max, MemorySegment y, long yAt, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector e = VectorMath.expOfNegative(load(x, xAt << 2, tail).sub(max));
        store(e, y, yAt << 2, tail);
        return Lanes.sum(all(0).blend(e, tail));
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
        int whole = columns - columns % COUNT;
        if (whole > 0) {
            columns(log, x, xAt, y, yAt, rowStep, n, whole, Lanes.scratch());
        }
        long step = rowStep << 2;
        for (int column = whole; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            long from = (xAt + column) << 2;
            long to = (yAt + column) << 2;
            FloatVector max = columnMax(x, from, step, n, tail);
            if (log) {
                FloatVector logSum = VectorMath.log(columnSum(x, from, step, n, max, tail));
                for (int k = 0; k < n; k++) {
                    store(load(x, from + k * step, tail).sub(max).sub(logSum), y, to + k * step, tail);
                }
            } else {
                FloatVector factor = all(1).div(columnExp(x, from, y, to, step, n, max, tail));
                for (int k = 0; k < n; k++) {
                    store(load(y, to + k * step, tail).mul(factor), y, to + k * step, tail);
                }
            }
        }
    }

    /**
     * Whole vectors of columns, a row of them at a time, since rows may be pages apart: their maxima and sums lie in
     * scratch memory.
     */
    private static void columns(
            boolean log,
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            long rowStep,
            int n,
            int columns,
            MemorySegment scratch) {
        long maxima = COUNT;
        long sums = maxima + ReduceRows.COLUMNS;
        for (int i = 0; i < columns; i += COUNT) {
            store(all(Float.NEGATIVE_INFINITY), scratch, (maxima + i) << 2);
            store(all(0), scratch, (sums + i) << 2);
        }
        for (int k = 0; k < n; k++) {
            rowMax(x, xAt + k * rowStep, scratch, maxima, columns);
        }
        for (int k = 0; k < n; k++) {
            if (log) {
                rowSumExp(x, xAt + k * rowStep, scratch, maxima, sums, columns);
            } else {
                rowExp(x, xAt + k * rowStep, y, yAt + k * rowStep, scratch, maxima, sums, columns);
            }
        }
        if (log) {
            logOf(scratch, sums, columns);
        }
        for (int k = 0; k < n; k++) {
            if (log) {
                rowSubtract(x, xAt + k * rowStep, y, yAt + k * rowStep, scratch, maxima, sums, columns);
            } else {
                rowDivide(y, yAt + k * rowStep, scratch, sums, columns);
            }
        }
    }

    private static void rowMax(MemorySegment x, long at, MemorySegment scratch, long maxima, int n) {
        for (int i = 0; i < n; i += COUNT) {
            FloatVector max = load(scratch, (maxima + i) << 2);
            store(larger(max, load(x, (at + i) << 2)), scratch, (maxima + i) << 2);
        }
    }

    private static void rowSumExp(MemorySegment x, long at, MemorySegment scratch, long maxima, long sums, int n) {
        for (int i = 0; i < n; i += COUNT) {
            FloatVector e = VectorMath.expOfNegative(load(x, (at + i) << 2).sub(load(scratch, (maxima + i) << 2)));
            store(load(scratch, (sums + i) << 2).add(e), scratch, (sums + i) << 2);
        }
    }

    private static void rowExp(
            MemorySegment x, long xAt, MemorySegment y, long yAt, MemorySegment scratch, long maxima, long sums,
            int n) {
        for (int i = 0; i < n; i += COUNT) {
            FloatVector e = VectorMath.expOfNegative(load(x, (xAt + i) << 2).sub(load(scratch, (maxima + i) << 2)));
            store(e, y, (yAt + i) << 2);
            store(load(scratch, (sums + i) << 2).add(e), scratch, (sums + i) << 2);
        }
    }

    private static void logOf(MemorySegment x, long at, int n) {
        for (int i = 0; i < n; i += COUNT) {
            store(VectorMath.log(load(x, (at + i) << 2)), x, (at + i) << 2);
        }
    }

    private static void rowSubtract(
            MemorySegment x, long xAt, MemorySegment y, long yAt, MemorySegment scratch, long maxima, long logs,
            int n) {
        for (int i = 0; i < n; i += COUNT) {
            FloatVector v = load(x, (xAt + i) << 2).sub(load(scratch, (maxima + i) << 2));
            store(v.sub(load(scratch, (logs + i) << 2)), y, (yAt + i) << 2);
        }
    }

    private static void rowDivide(MemorySegment y, long at, MemorySegment scratch, long sums, int n) {
        for (int i = 0; i < n; i += COUNT) {
            FloatVector factor = all(1).div(load(scratch, (sums + i) << 2));
            store(load(y, (at + i) << 2).mul(factor), y, (at + i) << 2);
        }
    }

    private static FloatVector columnMax(MemorySegment x, long from, long step, int n, VectorMask<Float> tail) {
        FloatVector max = all(Float.NEGATIVE_INFINITY);
        for (int k = 0; k < n; k++) {
            max = larger(max, load(x, from + k * step, tail));
        }
        return max;
    }

    private static FloatVector columnSum(
            MemorySegment x, long from, long step, int n, FloatVector max, VectorMask<Float> tail) {
        FloatVector sum = all(0);
        for (int k = 0; k < n; k++) {
            sum = sum.add(VectorMath.expOfNegative(load(x, from + k * step, tail).sub(max)));
        }
        return sum;
    }

    private static FloatVector columnExp(
            MemorySegment x,
            long from,
            MemorySegment y,
            long to,
            long step,
            int n,
            FloatVector max,
            VectorMask<Float> tail) {
        FloatVector sum = all(0);
        for (int k = 0; k < n; k++) {
            FloatVector e = VectorMath.expOfNegative(load(x, from + k * step, tail).sub(max));
            store(e, y, to + k * step, tail);
            sum = sum.add(e);
        }
        return sum;
    }

    @Override
    public void rowBackward(
            boolean log, MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        double total = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            int count = Math.min(ReduceRows.RUN, n - i);
            total += log ? VectorReduceRows.sum(dy, dyAt + i, count) : dot(y, yAt + i, dy, dyAt + i, count);
        }
        if (log) {
            logGradient(y, yAt, dy, dyAt, dx, dxAt, (float) total, n);
        } else {
            gradient(y, yAt, dy, dyAt, dx, dxAt, (float) total, n);
        }
    }

    private static void logGradient(
            MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, float sum, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector p = VectorMath.expOfNegative(load(y, (yAt + i) << 2));
            store(load(dy, (dyAt + i) << 2).sub(p.mul(sum)), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            logGradientTail(y, yAt + i, dy, dyAt + i, dx, dxAt + i, sum, n - i);
        }
    }

    private static void logGradientTail(
            MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, float sum, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector p = VectorMath.expOfNegative(load(y, yAt << 2, tail));
        store(load(dy, dyAt << 2, tail).sub(p.mul(sum)), dx, dxAt << 2, tail);
    }

    private static void gradient(
            MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, float sum, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector p = load(y, (yAt + i) << 2, tail);
            store(p.mul(load(dy, (dyAt + i) << 2, tail).sub(sum)), dx, (dxAt + i) << 2, tail);
        }
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
        long step = rowStep << 2;
        for (int column = 0; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            long result = (yAt + column) << 2;
            long from = (dyAt + column) << 2;
            long to = (dxAt + column) << 2;
            if (log) {
                columnLogGradient(y, result, dy, from, dx, to, step, n, tail);
            } else {
                columnGradient(y, result, dy, from, dx, to, step, n, tail);
            }
        }
    }

    private static void columnLogGradient(
            MemorySegment y,
            long result,
            MemorySegment dy,
            long from,
            MemorySegment dx,
            long to,
            long step,
            int n,
            VectorMask<Float> tail) {
        FloatVector sum = all(0);
        for (int k = 0; k < n; k++) {
            sum = sum.add(load(dy, from + k * step, tail));
        }
        for (int k = 0; k < n; k++) {
            FloatVector p = VectorMath.expOfNegative(load(y, result + k * step, tail));
            store(load(dy, from + k * step, tail).sub(p.mul(sum)), dx, to + k * step, tail);
        }
    }

    private static void columnGradient(
            MemorySegment y,
            long result,
            MemorySegment dy,
            long from,
            MemorySegment dx,
            long to,
            long step,
            int n,
            VectorMask<Float> tail) {
        FloatVector sum = all(0);
        for (int k = 0; k < n; k++) {
            sum = sum.add(load(dy, from + k * step, tail).mul(load(y, result + k * step, tail)));
        }
        for (int k = 0; k < n; k++) {
            FloatVector p = load(y, result + k * step, tail);
            store(p.mul(load(dy, from + k * step, tail).sub(sum)), dx, to + k * step, tail);
        }
    }

    @Override
    public void shiftedExp(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector e = VectorMath.exp(load(x, (xAt + i) << 2).sub(logSumExp));
            store(e.sub(shift).mul(scale), y, (yAt + i) << 2);
        }
        if (i < n) {
            shiftedExpTail(x, xAt + i, logSumExp, shift, scale, y, yAt + i, n - i);
        }
    }

    private static void shiftedExpTail(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector e = VectorMath.exp(load(x, xAt << 2, tail).sub(logSumExp));
        store(e.sub(shift).mul(scale), y, yAt << 2, tail);
    }
}
