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
import dev.jacobian.cpu.vector.OutOfLine.Loop;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax and its relatives on vectors. All of them go through one loop for the exponential function, and columns, apart
 * from that, through the elementwise loops.
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

    private final Loop largest = new Loop((x, xAt, _, _, _, _, n, _, _, _) -> largest(x, xAt, n));
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
    private final ElementRows.Binary add;
    private final ElementRows.Binary subtract;
    private final ElementRows.Binary multiply;
    private final ElementRows.Binary maximum;
    private final ElementRows.Unary log;
    private final ElementRows.Unary reciprocal;

    VectorSoftmaxRows(ElementRows elements) {
        add = elements.binary(BinaryOp.ADD);
        subtract = elements.binary(BinaryOp.SUB);
        multiply = elements.binary(BinaryOp.MUL);
        maximum = elements.binary(BinaryOp.MAXIMUM);
        log = elements.unary(UnaryOp.LOG);
        reciprocal = elements.unary(UnaryOp.RECIPROCAL);
    }

    @Override
    public float max(MemorySegment x, long at, int n) {
        return largest.run(x, at, n);
    }

    /** Unlike the vector's own maximum few instructions; never NaN, and then the sum is. */
    private static float largest(MemorySegment x, long at, int n) {
        FloatVector max = all(Float.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector next = load(x, (at + i) << 2, tail);
            max = next.blend(max, next.compare(VectorOperators.GT, max).and(tail).not());
        }
        return max.reduceLanes(VectorOperators.MAX);
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

    /** A row of the block at a time, since rows may be pages apart. */
    @Override
    public void columns(
            boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rowStep, int n, int columns) {
        MemorySegment scratch = Lanes.scratch();
        fill(scratch, MAXIMA, Float.NEGATIVE_INFINITY, columns);
        fill(scratch, SUMS, 0, columns);
        for (int k = 0; k < n; k++) {
            maximum.run(scratch, MAXIMA, x, xAt + k * rowStep, scratch, MAXIMA, columns);
        }
        for (int k = 0; k < n; k++) {
            MemorySegment row = log ? scratch : y;
            long at = log ? ROW : yAt + k * rowStep;
            subtract.run(x, xAt + k * rowStep, scratch, MAXIMA, row, at, columns);
            exp(row, at, 0, row, at, columns);
            add.run(scratch, SUMS, row, at, scratch, SUMS, columns);
        }
        if (log) {
            this.log.run(scratch, SUMS, scratch, SUMS, columns);
        } else {
            reciprocal.run(scratch, SUMS, scratch, SUMS, columns);
        }
        for (int k = 0; k < n; k++) {
            long at = yAt + k * rowStep;
            if (log) {
                subtract.run(x, xAt + k * rowStep, scratch, MAXIMA, y, at, columns);
                subtract.run(y, at, scratch, SUMS, y, at, columns);
            } else {
                multiply.run(y, at, scratch, SUMS, y, at, columns);
            }
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
        for (int k = 0; k < n; k++) {
            long at = dyAt + k * rowStep;
            if (log) {
                add.run(scratch, SUMS, dy, at, scratch, SUMS, columns);
            } else {
                multiply.run(y, yAt + k * rowStep, dy, at, scratch, ROW, columns);
                add.run(scratch, SUMS, scratch, ROW, scratch, SUMS, columns);
            }
        }
        for (int k = 0; k < n; k++) {
            long at = dyAt + k * rowStep;
            if (log) {
                exp(y, yAt + k * rowStep, 0, scratch, ROW, columns);
                multiply.run(scratch, ROW, scratch, SUMS, scratch, ROW, columns);
                subtract.run(dy, at, scratch, ROW, dx, dxAt + k * rowStep, columns);
            } else {
                subtract.run(dy, at, scratch, SUMS, scratch, ROW, columns);
                multiply.run(y, yAt + k * rowStep, scratch, ROW, dx, dxAt + k * rowStep, columns);
            }
        }
    }

    @Override
    public void shiftedExp(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n) {
        exp(x, xAt, logSumExp, y, yAt, n);
        this.scale.run(y, yAt, y, yAt, y, yAt, n, shift, 0, scale);
    }
}
