package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.AttentionRows;
import dev.jacobian.cpu.Floats;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Attention's loops on vectors: strips are one vector wide. */
final class VectorAttentionRows implements AttentionRows {
    private static final float LN2 = 0.6931472f;
    private static final float LOG2_E = 1.442695f;

    private final OutOfLine.Block scale = new OutOfLine.Block(VectorAttentionRows::scaleAll);
    private final OutOfLine.Block hide = new OutOfLine.Block(VectorAttentionRows::hideRows);
    private final OutOfLine.Block max = new OutOfLine.Block(VectorAttentionRows::maxOfRows);
    private final OutOfLine.Block exp = new OutOfLine.Block(VectorAttentionRows::expOfRows);
    private final OutOfLine.Block join = new OutOfLine.Block(VectorAttentionRows::joinAll);
    private final OutOfLine.Block finish = new OutOfLine.Block(VectorAttentionRows::finishAll);
    private final OutOfLine.Block scaleRows = new OutOfLine.Block(VectorAttentionRows::scaleEach);
    private final OutOfLine.Block scaleAddRows = new OutOfLine.Block(VectorAttentionRows::scaleAddEach);
    private final OutOfLine.Block dots = new OutOfLine.Block(VectorAttentionRows::dotEach);
    private final OutOfLine.Block gradient = new OutOfLine.Block(VectorAttentionRows::gradientOfRows);

    @Override
    public int lanes() {
        return COUNT;
    }

    @Override
    public void scale(MemorySegment x, long at, int n, float factor) {
        scale.run(x, at, 0, x, 0, 0, x, 0, 1, n, factor);
    }

    private static void scaleAll(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float factor) {
        int j = 0;
        for (; j <= columns - COUNT; j += COUNT) {
            store(load(x, (xAt + j) << 2).mul(factor), x, (xAt + j) << 2);
        }
        if (j < columns) {
            VectorMask<Float> tail = Lanes.tail(j, columns);
            store(load(x, (xAt + j) << 2, tail).mul(factor), x, (xAt + j) << 2, tail);
        }
    }

    @Override
    public void hide(MemorySegment x, long at, long step, int from, int to, int diagonal, float value) {
        int first = Math.max(from, diagonal + 1);
        hide.run(x, at + first * step, step, x, 0, 0, x, 0, to - first, first - diagonal, value);
    }

    private static void hideRows(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int hidden, float value) {
        FloatVector values = all(value);
        for (int i = 0; i < rows; i++) {
            store(values, x, (xAt + i * xStep) << 2, Lanes.tail(0, hidden + i));
        }
    }

    @Override
    public void max(MemorySegment x, long at, long step, int rows, MemorySegment known, long maxAt, long newMaxAt) {
        max.run(x, at, step, known, maxAt, 0, known, newMaxAt, rows, COUNT, 0);
    }

    private static void maxOfRows(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float unused) {
        FloatVector a = load(y, yAt << 2);
        FloatVector b = all(Float.NEGATIVE_INFINITY);
        FloatVector c = b;
        FloatVector d = b;
        long step = xStep << 2;
        long p = xAt << 2;
        int i = 0;
        for (; i <= rows - 4; i += 4) {
            a = larger(a, load(x, p));
            b = larger(b, load(x, p + step));
            c = larger(c, load(x, p + 2 * step));
            d = larger(d, load(x, p + 3 * step));
            p += 4 * step;
        }
        for (; i < rows; i++) {
            a = larger(a, load(x, p));
            p += step;
        }
        store(larger(larger(larger(a, b), c), d), z, zAt << 2);
    }

    /**
     * Unlike the vector's own maximum few instructions; never NaN, and then the sum is. Called on b, a loaded vector: the
     * class of a variable of a loop is not known to the compiler while it depends on what a call on it returns.
     */
    private static FloatVector larger(FloatVector a, FloatVector b) {
        return b.blend(a, b.compare(VectorOperators.GT, a).not());
    }

    @Override
    public void exp(MemorySegment x, long at, long step, int rows, MemorySegment known, long shiftAt, long partAt) {
        exp.run(x, at, step, known, shiftAt, 0, known, partAt, rows, COUNT, 0);
    }

    private static void expOfRows(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float unused) {
        FloatVector shift = finite(load(y, yAt << 2));
        FloatVector sum = all(0);
        long step = xStep << 2;
        long p = xAt << 2;
        for (int i = 0; i < rows; i++) {
            FloatVector e = VectorMath.exp2OfNegative(load(x, p).sub(shift));
            store(e, x, p);
            sum = e.add(sum);
            p += step;
        }
        store(sum, z, zAt << 2);
    }

    /** Where all are −∞ so far, any finite shift makes their exponentials 0. */
    private static FloatVector finite(FloatVector max) {
        return max.blend(0, max.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
    }

    @Override
    public void join(MemorySegment known, int columns) {
        join.run(known, 0, 0, known, 0, 0, known, 0, 1, columns, 0);
    }

    private static void joinAll(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float unused) {
        long row = (long) columns << 2;
        for (int j = 0; j < columns; j += COUNT) {
            long p = (long) j << 2;
            FloatVector max = load(x, p + row);
            FloatVector factor = VectorMath.exp2OfNegative(load(x, p).sub(finite(max)));
            store(fma(factor, load(x, p + 2 * row), load(x, p + 3 * row)), x, p + 2 * row);
            store(max, x, p);
            store(factor, x, p + 4 * row);
        }
    }

    @Override
    public void finish(MemorySegment known, int columns, MemorySegment logSumExp, long logAt, int n) {
        finish.run(known, 0, columns, logSumExp, logAt, 0, known, 0, 1, n, 0);
    }

    private static void finishAll(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int n, float unused) {
        for (int j = 0; j < n; j += COUNT) {
            FloatVector sum = load(x, (2 * xStep + j) << 2);
            FloatVector log = fma(load(x, (long) j << 2), LN2, VectorMath.logOfPositive(sum));
            store(log, y, (yAt + j) << 2, Lanes.tail(j, n));
            store(all(1).div(sum), x, (2 * xStep + j) << 2);
        }
    }

    @Override
    public void scaleRows(MemorySegment x, long xAt, long xStep, MemorySegment factors, long factorAt, MemorySegment y,
            long yAt, long yStep, int rows, int columns) {
        scaleRows.run(x, xAt, xStep, y, yAt, yStep, factors, factorAt, rows, columns, 0);
    }

    /** Column by column, since inner loops of few steps would take most of the time. */
    private static void scaleEach(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float unused) {
        int j = 0;
        for (; j <= columns - COUNT; j += COUNT) {
            long from = (xAt + j) << 2;
            long to = (yAt + j) << 2;
            for (int i = 0; i < rows; i++) {
                store(load(x, from + ((i * xStep) << 2)).mul(Floats.get(z, zAt + i)), y, to + ((i * yStep) << 2));
            }
        }
        if (j < columns) {
            VectorMask<Float> tail = Lanes.tail(j, columns);
            long from = (xAt + j) << 2;
            long to = (yAt + j) << 2;
            for (int i = 0; i < rows; i++) {
                FloatVector scaled = load(x, from + ((i * xStep) << 2), tail).mul(Floats.get(z, zAt + i));
                store(scaled, y, to + ((i * yStep) << 2), tail);
            }
        }
    }

    @Override
    public void scaleAddRows(MemorySegment x, long xAt, long xStep, MemorySegment factors, long factorAt,
            MemorySegment y, long yAt, long yStep, int rows, int columns) {
        scaleAddRows.run(x, xAt, xStep, y, yAt, yStep, factors, factorAt, rows, columns, 0);
    }

    private static void scaleAddEach(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float unused) {
        int j = 0;
        for (; j <= columns - COUNT; j += COUNT) {
            long from = (xAt + j) << 2;
            long to = (yAt + j) << 2;
            for (int i = 0; i < rows; i++) {
                long p = to + ((i * yStep) << 2);
                store(fma(load(y, p), Floats.get(z, zAt + i), load(x, from + ((i * xStep) << 2))), y, p);
            }
        }
        if (j < columns) {
            VectorMask<Float> tail = Lanes.tail(j, columns);
            long from = (xAt + j) << 2;
            long to = (yAt + j) << 2;
            for (int i = 0; i < rows; i++) {
                long p = to + ((i * yStep) << 2);
                FloatVector added = load(x, from + ((i * xStep) << 2), tail);
                store(fma(load(y, p, tail), Floats.get(z, zAt + i), added), y, p, tail);
            }
        }
    }

    @Override
    public void dots(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep, int rows,
            int columns, MemorySegment z, long zAt) {
        dots.run(x, xAt, xStep, y, yAt, yStep, z, zAt, rows, columns, 0);
    }

    private static void dotEach(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float unused) {
        int whole = columns - columns % COUNT;
        VectorMask<Float> tail = Lanes.tail(whole, columns);
        for (int i = 0; i < rows; i++) {
            long p = (xAt + i * xStep) << 2;
            long q = (yAt + i * yStep) << 2;
            FloatVector sum = all(0);
            for (int j = 0; j < whole; j += COUNT) {
                sum = fma(load(x, p + ((long) j << 2)), load(y, q + ((long) j << 2)), sum);
            }
            if (whole < columns) {
                sum = fma(load(x, p + ((long) whole << 2), tail), load(y, q + ((long) whole << 2), tail), sum);
            }
            Floats.set(z, zAt + i, Lanes.sum(sum));
        }
    }

    @Override
    public void gradient(MemorySegment s, MemorySegment g, long at, long step, int rows, MemorySegment known,
            long logAt, int columns, float scale) {
        gradient.run(s, at, step, g, at, step, known, logAt, rows, columns, scale);
    }

    private static void gradientOfRows(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep,
            MemorySegment z, long zAt, int rows, int columns, float scale) {
        FloatVector shift = load(z, zAt << 2).mul(LOG2_E);
        FloatVector delta = load(z, (zAt + columns) << 2);
        long step = xStep << 2;
        long at = xAt << 2;
        for (int i = 0; i < rows; i++) {
            FloatVector p = VectorMath.exp2OfNegative(VectorMath.atMost(load(x, at).sub(shift), 0));
            store(p, x, at);
            store(load(y, at).sub(delta).mul(p.mul(scale)), y, at);
            at += step;
        }
    }
}
