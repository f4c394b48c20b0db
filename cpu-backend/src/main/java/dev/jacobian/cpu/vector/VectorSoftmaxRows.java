package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.ReduceRows;
import dev.jacobian.cpu.SoftmaxRows;
import dev.jacobian.cpu.vector.OutOfLine.Block;
import dev.jacobian.cpu.vector.OutOfLine.Loop;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax and its relatives on vectors.
 *
 * <p>A loop has a mask for every vector, or its tail is another method. With a tail of its own, a method is compiled
 * without whichever part has not been used yet; when that is, it is compiled again in a hurry, with little known about
 * what that part calls, and at times makes an object of every vector from then on.
 */
final class VectorSoftmaxRows implements SoftmaxRows {
    /** Where a block of columns has its maxima, its sums, and a row for what is in between, in scratch memory. */
    private static final long MAXIMA = COUNT;

    private static final long SUMS = MAXIMA + ReduceRows.COLUMNS;
    private static final long ROW = SUMS + ReduceRows.COLUMNS;

    /** Rows of a block of columns that are read again while they are in the nearest cache. */
    private static final int GROUP = 16;

    private final Loop largest = new Loop((x, xAt, _, _, _, _, n, _, _, _) -> largest(x, xAt, n));
    private final Loop largestOfTail = new Loop((x, xAt, _, _, _, _, n, _, _, _) -> largestOfTail(x, xAt, n));
    private final Loop exp = new Loop((x, xAt, y, yAt, _, _, n, max, _, _) -> expOfVectors(x, xAt, max, y, yAt, n));
    private final Loop expOfTail = new Loop((x, xAt, y, yAt, _, _, n, max, _, _) -> {
        expOfTail(x, xAt, max, y, yAt, n);
        return 0;
    });
    private final Loop scale = new Loop((x, xAt, y, yAt, _, _, n, a, b, factor) -> {
        scale(x, xAt, a, b, factor, y, yAt, n);
        return 0;
    });
    private final Loop shortRows = new Loop((x, xAt, y, yAt, _, n, rows, _, _, _) -> {
        shortRows(x, xAt, y, yAt, rows, (int) n);
        return 0;
    });
    private final Loop dot = new Loop((y, yAt, dy, dyAt, _, _, n, _, _, _) -> dot(y, yAt, dy, dyAt, n));
    private final Loop sum = new Loop((dy, dyAt, _, _, _, _, n, _, _, _) -> sum(dy, dyAt, n));
    private final Loop gradient = new Loop((y, yAt, dy, dyAt, dx, dxAt, n, sum, _, _) -> {
        gradient(y, yAt, dy, dyAt, dx, dxAt, sum, n);
        return 0;
    });
    private final Loop logGradient = new Loop((p, pAt, dy, dyAt, dx, dxAt, n, sum, _, _) -> {
        logGradient(p, pAt, dy, dyAt, dx, dxAt, sum, n);
        return 0;
    });
    private final Block columnMaxima = new Block((x, xAt, step, max, maxAt, _, change, changeAt, rows, columns,
            _) -> columnMaxima(x, xAt, step, max, maxAt, change, changeAt, rows, columns));
    private final Block columnSums = new Block((x, xAt, step, max, maxAt, _, sum, sumAt, rows, columns,
            _) -> columnSums(x, xAt, step, max, maxAt, sum, sumAt, rows, columns));
    private final Loop columnShares = new Loop((x, xAt, y, yAt, max, maxAt, columns, _, _, _) -> {
        columnShares(x, xAt, y, yAt, max, maxAt, columns);
        return 0;
    });
    private final Loop columnLogs = new Loop((x, xAt, y, yAt, max, maxAt, columns, _, _, _) -> {
        columnLogs(x, xAt, y, yAt, max, maxAt, columns);
        return 0;
    });
    private final Block columnDots = new Block((y, yAt, step, dy, dyAt, _, sum, sumAt, rows, columns,
            _) -> columnDots(y, yAt, dy, dyAt, step, sum, sumAt, rows, columns));
    private final Block columnTotals = new Block((_, _, step, dy, dyAt, _, sum, sumAt, rows, columns,
            _) -> columnTotals(dy, dyAt, step, sum, sumAt, rows, columns));
    private final Loop columnGradient = new Loop((y, yAt, dy, dyAt, dx, dxAt, columns, _, _, _) -> {
        columnGradient(y, yAt, dy, dyAt, dx, dxAt, columns);
        return 0;
    });
    private final Loop columnLogGradient = new Loop((p, pAt, dy, dyAt, dx, dxAt, columns, _, _, _) -> {
        columnLogGradient(p, pAt, dy, dyAt, dx, dxAt, columns);
        return 0;
    });
    private final ElementRows.Binary multiply;
    private final ElementRows.Unary log;
    private final ElementRows.Unary reciprocal;

    VectorSoftmaxRows(ElementRows elements) {
        multiply = elements.binary(BinaryOp.MUL);
        log = elements.unary(UnaryOp.LOG);
        reciprocal = elements.unary(UnaryOp.RECIPROCAL);
    }

    @Override
    public float max(MemorySegment x, long at, int n) {
        return n >= COUNT ? largest.run(x, at, n) : largestOfTail.run(x, at, n);
    }

    /** Of at least one vector. The last ones overlap others: what was taken once is not larger a second time. */
    private static float largest(MemorySegment x, long at, int n) {
        FloatVector a = all(Float.NEGATIVE_INFINITY);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int last = n - COUNT;
        for (int i = 0; i < n; i += 4 * COUNT) {
            a = larger(load(x, (at + Math.min(i, last)) << 2), a);
            b = larger(load(x, (at + Math.min(i + COUNT, last)) << 2), b);
            c = larger(load(x, (at + Math.min(i + 2 * COUNT, last)) << 2), c);
            d = larger(load(x, (at + Math.min(i + 3 * COUNT, last)) << 2), d);
        }
        return larger(larger(a, b), larger(c, d)).reduceLanes(VectorOperators.MAX);
    }

    /** Unlike the vector's own maximum few instructions; never NaN where max is none, and then the sum is. */
    private static FloatVector larger(FloatVector next, FloatVector max) {
        return next.blend(max, next.compare(VectorOperators.GT, max).not());
    }

    private static float largestOfTail(MemorySegment x, long at, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector least = all(Float.NEGATIVE_INFINITY);
        return larger(least.blend(load(x, at << 2, tail), tail), least).reduceLanes(VectorOperators.MAX);
    }

    @Override
    public double sumExp(MemorySegment x, long at, int n, float max) {
        MemorySegment scratch = Lanes.scratch();
        double sum = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            sum += exp(x, at + i, max, scratch, COUNT, Math.min(ReduceRows.RUN, n - i));
        }
        return sum;
    }

    /** y = e^(x − max), and the sum. */
    private float exp(MemorySegment x, long xAt, float max, MemorySegment y, long yAt, int n) {
        int whole = n - n % COUNT;
        float sum = whole > 0 ? exp.run(x, xAt, y, yAt, whole, max) : 0;
        if (whole < n) {
            expOfTail.run(x, xAt + whole, y, yAt + whole, n - whole, max);
            sum += this.sum.run(y, yAt + whole, n - whole);
        }
        return sum;
    }

    private static float expOfVectors(MemorySegment x, long xAt, float max, MemorySegment y, long yAt, int n) {
        FloatVector a = all(0);
        for (int i = 0; i < n; i += COUNT) {
            FloatVector e = VectorMath.expOfNegative(load(x, (xAt + i) << 2).sub(max));
            store(e, y, (yAt + i) << 2);
            a = e.add(a);
        }
        return Lanes.sum(a);
    }

    /** Without the sum, which would be beyond what the compiler makes one method of. */
    private static void expOfTail(MemorySegment x, long xAt, float max, MemorySegment y, long yAt, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        store(VectorMath.expOfNegative(load(x, xAt << 2, tail).sub(max)), y, yAt << 2, tail);
    }

    @Override
    public void rows(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rows, int n) {
        if (!log && n <= COUNT) {
            shortRows.run(x, xAt, y, yAt, y, n, Math.toIntExact(rows), 0, 0, 0);
            return;
        }
        for (long row = 0; row < rows; row++) {
            row(log, x, xAt + row * n, y, yAt + row * n, n);
        }
    }

    /** Rows of one vector each, which never leave the registers. */
    private static void shortRows(MemorySegment x, long xAt, MemorySegment y, long yAt, int rows, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        for (long at = 0; at < (long) rows * n; at += n) {
            FloatVector v = all(Float.NEGATIVE_INFINITY).blend(load(x, (xAt + at) << 2, tail), tail);
            FloatVector e = VectorMath.expOfNegative(v.sub(v.reduceLanes(VectorOperators.MAX)));
            store(e.mul(1 / Lanes.sum(e)), y, (yAt + at) << 2, tail);
        }
    }

    private void row(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        float max = max(x, xAt, n);
        if (log) {
            float logSum = (float) Math.log(sumExp(x, xAt, n, max));
            scale.run(x, xAt, y, yAt, y, yAt, n, max, logSum, 1);
        } else {
            double sum = 0;
            for (int i = 0; i < n; i += ReduceRows.RUN) {
                sum += exp(x, xAt + i, max, y, yAt + i, Math.min(ReduceRows.RUN, n - i));
            }
            scale.run(y, yAt, y, yAt, y, yAt, n, 0, 0, (float) (1 / sum));
        }
    }

    /** y = (x − a − b) · factor. */
    private static void scale(
            MemorySegment x, long xAt, float a, float b, float factor, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            store(load(x, (xAt + i) << 2, tail).sub(a).sub(b).mul(factor), y, (yAt + i) << 2, tail);
        }
    }

    /**
     * Twice over memory: first for the maxima and the sums so far, in groups of rows that stay in the nearest cache, then
     * for the result. A larger maximum makes what was summed before smaller.
     */
    @Override
    public void columns(
            boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rowStep, int n, int columns) {
        MemorySegment scratch = Lanes.scratch();
        // Not infinite, so that a group of rows that are −∞ throughout adds nothing.
        fill(scratch, MAXIMA, -Float.MAX_VALUE, columns);
        fill(scratch, SUMS, 0, columns);
        for (int k = 0; k < n; k += GROUP) {
            long at = xAt + k * rowStep;
            int rows = Math.min(GROUP, n - k);
            columnMaxima.run(x, at, rowStep, scratch, MAXIMA, 0, scratch, ROW, rows, columns, 0);
            exp(scratch, ROW, 0, scratch, ROW, columns);
            multiply.run(scratch, SUMS, scratch, ROW, scratch, SUMS, columns);
            columnSums.run(x, at, rowStep, scratch, MAXIMA, 0, scratch, SUMS, rows, columns, 0);
        }
        if (log) {
            this.log.run(scratch, SUMS, scratch, SUMS, columns);
        } else {
            reciprocal.run(scratch, SUMS, scratch, SUMS, columns);
        }
        for (int k = 0; k < n; k++) {
            (log ? columnLogs : columnShares).run(x, xAt + k * rowStep, y, yAt + k * rowStep, scratch, MAXIMA, columns,
                    0,
                    0, 0);
        }
    }

    /** max = the largest so far, and change = what it was − what it is. */
    private static void columnMaxima(MemorySegment x, long xAt, long rowStep, MemorySegment max, long maxAt,
            MemorySegment change, long changeAt, int rows, int columns) {
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector before = load(max, (maxAt + c) << 2);
            FloatVector a = load(max, (maxAt + c) << 2);
            for (int row = 0; row < rows; row++) {
                a = larger(load(x, (xAt + row * rowStep + c) << 2, tail), a);
            }
            store(before.sub(a), change, (changeAt + c) << 2, tail);
            store(a, max, (maxAt + c) << 2, tail);
        }
    }

    /** sum = sum + Σ e^(x − max). */
    private static void columnSums(MemorySegment x, long xAt, long rowStep, MemorySegment max, long maxAt,
            MemorySegment sum, long sumAt, int rows, int columns) {
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector largest = load(max, (maxAt + c) << 2);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                FloatVector v = load(x, (xAt + row * rowStep + c) << 2, tail);
                a = VectorMath.expOfNegative(v.sub(largest)).add(a);
            }
            store(load(sum, (sumAt + c) << 2).add(a), sum, (sumAt + c) << 2, tail);
        }
    }

    /** y = e^(x − max) · share, with the shares behind the maxima. */
    private static void columnShares(MemorySegment x, long xAt, MemorySegment y, long yAt, MemorySegment max,
            long maxAt, int columns) {
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector v = load(x, (xAt + c) << 2, tail).sub(load(max, (maxAt + c) << 2));
            FloatVector share = load(max, (maxAt + SUMS - MAXIMA + c) << 2);
            store(VectorMath.expOfNegative(v).mul(share), y, (yAt + c) << 2, tail);
        }
    }

    /** y = x − max − logSum, with those behind the maxima. */
    private static void columnLogs(MemorySegment x, long xAt, MemorySegment y, long yAt, MemorySegment max, long maxAt,
            int columns) {
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector v = load(x, (xAt + c) << 2, tail).sub(load(max, (maxAt + c) << 2));
            store(v.sub(load(max, (maxAt + SUMS - MAXIMA + c) << 2)), y, (yAt + c) << 2, tail);
        }
    }

    private static void fill(MemorySegment memory, long at, float value, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(memory, at + i, value);
        }
    }

    @Override
    public void rowBackward(
            boolean log, MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        double total = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            int count = Math.min(ReduceRows.RUN, n - i);
            total += (log ? sum : dot).run(dy, dyAt + i, y, yAt + i, count, 0);
        }
        if (!log) {
            gradient.run(y, yAt, dy, dyAt, dx, dxAt, n, (float) total, 0, 0);
            return;
        }
        MemorySegment scratch = Lanes.scratch();
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            int count = Math.min(ReduceRows.RUN, n - i);
            exp(y, yAt + i, 0, scratch, COUNT, count);
            logGradient.run(scratch, COUNT, dy, dyAt + i, dx, dxAt + i, count, (float) total, 0, 0);
        }
    }

    /** dx = y (dy − sum). */
    private static void gradient(
            MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, float sum, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector gradient = load(dy, (dyAt + i) << 2, tail).sub(sum);
            store(load(y, (yAt + i) << 2, tail).mul(gradient), dx, (dxAt + i) << 2, tail);
        }
    }

    /** dx = dy − p · sum. */
    private static void logGradient(
            MemorySegment p, long pAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, float sum, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector share = load(p, (pAt + i) << 2, tail).mul(sum);
            store(load(dy, (dyAt + i) << 2, tail).sub(share), dx, (dxAt + i) << 2, tail);
        }
    }

    private static float dot(MemorySegment y, long yAt, MemorySegment dy, long dyAt, int n) {
        FloatVector sum = all(0);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            sum = Lanes.fma(load(y, (yAt + i) << 2, tail), load(dy, (dyAt + i) << 2, tail), sum);
        }
        return Lanes.sum(sum);
    }

    private static float sum(MemorySegment dy, long at, int n) {
        FloatVector sum = all(0);
        for (int i = 0; i < n; i += COUNT) {
            sum = load(dy, (at + i) << 2, Lanes.tail(i, n)).add(sum);
        }
        return Lanes.sum(sum);
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
        MemorySegment scratch = Lanes.scratch();
        fill(scratch, SUMS, 0, columns);
        for (int k = 0; k < n; k += GROUP) {
            (log ? columnTotals : columnDots).run(y, yAt + k * rowStep, rowStep, dy, dyAt + k * rowStep, rowStep,
                    scratch, SUMS, Math.min(GROUP, n - k), columns, 0);
        }
        for (int k = 0; k < n; k++) {
            long at = yAt + k * rowStep;
            if (log) {
                exp(y, at, 0, scratch, ROW, columns);
            }
            (log ? columnLogGradient : columnGradient).run(log ? scratch : y, log ? ROW : at, dy, dyAt + k * rowStep,
                    dx, dxAt + k * rowStep, columns, 0, 0, 0);
        }
    }

    /** sum = sum + Σ y · dy. */
    private static void columnDots(MemorySegment y, long yAt, MemorySegment dy, long dyAt, long rowStep,
            MemorySegment sum, long sumAt, int rows, int columns) {
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                long at = row * rowStep + c;
                a = Lanes.fma(load(y, (yAt + at) << 2, tail), load(dy, (dyAt + at) << 2, tail), a);
            }
            store(load(sum, (sumAt + c) << 2).add(a), sum, (sumAt + c) << 2, tail);
        }
    }

    /** sum = sum + Σ dy. */
    private static void columnTotals(MemorySegment dy, long dyAt, long rowStep, MemorySegment sum, long sumAt, int rows,
            int columns) {
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector a = all(0);
            for (int row = 0; row < rows; row++) {
                a = load(dy, (dyAt + row * rowStep + c) << 2, tail).add(a);
            }
            store(load(sum, (sumAt + c) << 2).add(a), sum, (sumAt + c) << 2, tail);
        }
    }

    /** dx = y (dy − sum), with the sums in scratch memory. */
    private static void columnGradient(MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx,
            long dxAt, int columns) {
        MemorySegment sums = Lanes.scratch();
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector gradient = load(dy, (dyAt + c) << 2, tail).sub(load(sums, (SUMS + c) << 2));
            store(load(y, (yAt + c) << 2, tail).mul(gradient), dx, (dxAt + c) << 2, tail);
        }
    }

    /** dx = dy − p · sum, with the sums in scratch memory. */
    private static void columnLogGradient(MemorySegment p, long pAt, MemorySegment dy, long dyAt, MemorySegment dx,
            long dxAt, int columns) {
        MemorySegment sums = Lanes.scratch();
        for (int c = 0; c < columns; c += COUNT) {
            VectorMask<Float> tail = Lanes.tail(c, columns);
            FloatVector share = load(p, (pAt + c) << 2, tail).mul(load(sums, (SUMS + c) << 2));
            store(load(dy, (dyAt + c) << 2, tail).sub(share), dx, (dxAt + c) << 2, tail);
        }
    }

    @Override
    public void shiftedExp(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n) {
        exp(x, xAt, logSumExp, y, yAt, n);
        this.scale.run(y, yAt, y, yAt, y, yAt, n, shift, 0, scale);
    }
}
