package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.LayerNormRows;
import dev.jacobian.cpu.ReduceRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Layer normalisation on vectors. Sums are made in float32 lanes for a bounded length, and in double precision beyond. */
final class VectorLayerNormRows implements LayerNormRows {
    private static final VectorReduceRows REDUCTIONS = new VectorReduceRows();

    /**
     * Sums are made of differences from a row's first element. Where that is more than two standard deviations from the
     * mean, too much cancels in the variance, and squares are summed again, about the mean.
     */
    private static final double FAR = 4;

    /**
     * Elements, and rows, for which one step is done before the next: the sums' last additions, divisions and roots of one
     * row then overlap with those of others.
     */
    private static final int BLOCK = 4096;

    private static final int MOST_ROWS = 16;

    @Override
    public void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment bias,
            long biasAt,
            double epsilon,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment y,
            long yAt,
            int rows,
            int n) {
        int most = block(n);
        MemorySegment sums = Lanes.scratch();
        for (int first = 0; first < rows; first += most) {
            int count = Math.min(most, rows - first);
            long from = xAt + (long) first * n;
            long to = yAt + (long) first * n;
            sums(x, from, sums, count, n);
            moments(x, from, sums, epsilon, mean, meanAt + first, rstd, rstdAt + first, count, n);
            for (int row = 0; row < count; row++) {
                float center = Floats.get(mean, meanAt + first + row);
                float scale = Floats.get(rstd, rstdAt + first + row);
                long at = (long) row * n;
                if (weight == null) {
                    normalize(x, from + at, y, to + at, n, center, scale);
                } else {
                    normalize(x, from + at, weight, weightAt, bias, biasAt, y, to + at, n, center, scale);
                }
            }
        }
    }

    /** How many rows, which stay in the nearest cache, each step is done for before the next. */
    private static int block(int n) {
        return Math.clamp(BLOCK / Math.max(1, n), 1, MOST_ROWS);
    }

    /** Σ (x − shift) and Σ (x − shift)² of each row, where shift is its first element. */
    private static void sums(MemorySegment x, long at, MemorySegment sums, int rows, int n) {
        for (int row = 0; row < rows; row++) {
            long from = at + (long) row * n;
            float shift = Floats.get(x, from);
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i += ReduceRows.RUN) {
                long parts = sums(x, from + i, Math.min(ReduceRows.RUN, n - i), shift);
                sum += Lanes.high(parts);
                squares += Lanes.low(parts);
            }
            sums.setAtIndex(ValueLayout.JAVA_DOUBLE, 2L * row, sum);
            sums.setAtIndex(ValueLayout.JAVA_DOUBLE, 2L * row + 1, squares);
        }
    }

    private static void moments(
            MemorySegment x,
            long xAt,
            MemorySegment sums,
            double epsilon,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            int rows,
            int n) {
        double reciprocal = 1.0 / n;
        for (int row = 0; row < rows; row++) {
            long at = xAt + (long) row * n;
            float shift = Floats.get(x, at);
            double delta = sums.getAtIndex(ValueLayout.JAVA_DOUBLE, 2L * row) * reciprocal;
            double variance = sums.getAtIndex(ValueLayout.JAVA_DOUBLE, 2L * row + 1) * reciprocal - delta * delta;
            float center = (float) (shift + delta);
            if (delta * delta > FAR * variance) {
                delta = shift + delta - center;
                variance = Math.max(0, squares(x, at, n, center) / n - delta * delta);
            }
            Floats.set(mean, meanAt + row, center);
            Floats.set(rstd, rstdAt + row, (float) (1 / Math.sqrt(variance + epsilon)));
        }
    }

    /** Σ (x − shift) and Σ (x − shift)², as {@link Lanes#sums}. */
    private static long sums(MemorySegment x, long at, int n, float shift) {
        FloatVector a = all(0);
        FloatVector b = a;
        FloatVector aa = a;
        FloatVector bb = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            FloatVector first = load(x, (at + i) << 2).sub(shift);
            FloatVector second = load(x, (at + i + COUNT) << 2).sub(shift);
            a = first.add(a);
            b = second.add(b);
            aa = fma(first, first, aa);
            bb = fma(second, second, bb);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector first = all(0).blend(load(x, (at + i) << 2, tail).sub(shift), tail);
            a = first.add(a);
            aa = fma(first, first, aa);
        }
        return Lanes.sums(a.add(b), aa.add(bb));
    }

    private static double squares(MemorySegment x, long at, int n, float center) {
        double sum = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            sum += REDUCTIONS.squares(x, at + i, Math.min(ReduceRows.RUN, n - i), center);
        }
        return sum;
    }

    private static void normalize(MemorySegment x, long xAt, MemorySegment y, long yAt, int n, float mean,
            float scale) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            store(load(x, (xAt + i) << 2).sub(mean).mul(scale), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            store(load(x, (xAt + i) << 2, tail).sub(mean).mul(scale), y, (yAt + i) << 2, tail);
        }
    }

    private static void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment bias,
            long biasAt,
            MemorySegment y,
            long yAt,
            int n,
            float mean,
            float scale) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector normal = load(x, (xAt + i) << 2).sub(mean).mul(scale);
            FloatVector biases = load(bias, (biasAt + i) << 2);
            store(fma(normal, load(weight, (weightAt + i) << 2), biases), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector normal = load(x, (xAt + i) << 2, tail).sub(mean).mul(scale);
            FloatVector biases = load(bias, (biasAt + i) << 2, tail);
            store(fma(normal, load(weight, (weightAt + i) << 2, tail), biases), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void backward(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int rows,
            int n) {
        int most = block(2 * n);
        MemorySegment means = Lanes.scratch();
        for (int first = 0; first < rows; first += most) {
            int count = Math.min(most, rows - first);
            for (int row = 0; row < count; row++) {
                long at = (long) (first + row) * n;
                float center = Floats.get(mean, meanAt + first + row);
                double scale = Floats.get(rstd, rstdAt + first + row);
                double sum = 0;
                double product = 0;
                for (int i = 0; i < n; i += ReduceRows.RUN) {
                    int length = Math.min(ReduceRows.RUN, n - i);
                    long sums = weight == null
                            ? VectorNormRows.sums(x, xAt + at + i, dy, dyAt + at + i, length, center)
                            : gradientSums(x, xAt + at + i, weight, weightAt + i, dy, dyAt + at + i, length, center);
                    sum += Lanes.high(sums);
                    product += Lanes.low(sums);
                }
                Floats.set(means, 2L * row, (float) (sum / n));
                Floats.set(means, 2L * row + 1, (float) (product * scale * scale / n));
            }
            for (int row = 0; row < count; row++) {
                long at = (long) (first + row) * n;
                float center = Floats.get(mean, meanAt + first + row);
                float scale = Floats.get(rstd, rstdAt + first + row);
                float a = Floats.get(means, 2L * row);
                float b = Floats.get(means, 2L * row + 1);
                if (weight == null) {
                    VectorNormRows.gradient(x, xAt + at, dy, dyAt + at, dx, dxAt + at, n, center, scale, a, b);
                } else {
                    gradient(x, xAt + at, weight, weightAt, dy, dyAt + at, dx, dxAt + at, n, center, scale, a, b);
                }
            }
        }
    }

    /** Σ weight · dy and Σ weight · dy · (x − mean), as {@link Lanes#sums}. */
    private static long gradientSums(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment dy,
            long dyAt,
            int n,
            float mean) {
        FloatVector a = all(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            FloatVector first = load(weight, (weightAt + i) << 2).mul(load(dy, (dyAt + i) << 2));
            FloatVector second = load(weight, (weightAt + i + COUNT) << 2).mul(load(dy, (dyAt + i + COUNT) << 2));
            a = first.add(a);
            b = second.add(b);
            c = fma(first, load(x, (xAt + i) << 2).sub(mean), c);
            d = fma(second, load(x, (xAt + i + COUNT) << 2).sub(mean), d);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector first = load(weight, (weightAt + i) << 2, tail).mul(load(dy, (dyAt + i) << 2, tail));
            a = first.add(a);
            c = fma(first, load(x, (xAt + i) << 2, tail).sub(mean), c);
        }
        return Lanes.sums(a.add(b), c.add(d));
    }

    /** dx = scale · (weight · dy − a − (x − mean) · b). */
    private static void gradient(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float mean,
            float scale,
            float a,
            float b) {
        FloatVector minusA = all(-a);
        FloatVector minusB = all(-b);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector centered = load(x, (xAt + i) << 2).sub(mean);
            FloatVector gradient = fma(load(weight, (weightAt + i) << 2), load(dy, (dyAt + i) << 2), minusA);
            store(fma(centered, minusB, gradient).mul(scale), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail).sub(mean);
            FloatVector weights = load(weight, (weightAt + i) << 2, tail);
            FloatVector gradient = fma(weights, load(dy, (dyAt + i) << 2, tail), minusA);
            store(fma(centered, minusB, gradient).mul(scale), dx, (dxAt + i) << 2, tail);
        }
    }

    @Override
    public void parameterGradients(
            MemorySegment x,
            long xAt,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dweight,
            long dweightAt,
            MemorySegment dbias,
            long dbiasAt,
            int rows,
            int n) {
        int column = 0;
        for (; column <= n - 4 * COUNT; column += 4 * COUNT) {
            FloatVector a = all(0);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            FloatVector e = a;
            FloatVector f = a;
            FloatVector g = a;
            FloatVector h = a;
            for (int row = 0; row < rows; row++) {
                long at = (long) row * n + column;
                float center = Floats.get(mean, meanAt + row);
                float scale = Floats.get(rstd, rstdAt + row);
                FloatVector first = load(dy, (dyAt + at) << 2);
                a = fma(load(x, (xAt + at) << 2).sub(center).mul(scale), first, a);
                e = first.add(e);
                FloatVector second = load(dy, (dyAt + at + COUNT) << 2);
                b = fma(load(x, (xAt + at + COUNT) << 2).sub(center).mul(scale), second, b);
                f = second.add(f);
                FloatVector third = load(dy, (dyAt + at + 2L * COUNT) << 2);
                c = fma(load(x, (xAt + at + 2L * COUNT) << 2).sub(center).mul(scale), third, c);
                g = third.add(g);
                FloatVector fourth = load(dy, (dyAt + at + 3L * COUNT) << 2);
                d = fma(load(x, (xAt + at + 3L * COUNT) << 2).sub(center).mul(scale), fourth, d);
                h = fourth.add(h);
            }
            store(a, dweight, (dweightAt + column) << 2);
            store(b, dweight, (dweightAt + column + COUNT) << 2);
            store(c, dweight, (dweightAt + column + 2L * COUNT) << 2);
            store(d, dweight, (dweightAt + column + 3L * COUNT) << 2);
            store(e, dbias, (dbiasAt + column) << 2);
            store(f, dbias, (dbiasAt + column + COUNT) << 2);
            store(g, dbias, (dbiasAt + column + 2L * COUNT) << 2);
            store(h, dbias, (dbiasAt + column + 3L * COUNT) << 2);
        }
        for (; column < n; column += COUNT) {
            parameterGradientsOfTail(x, xAt + column, mean, meanAt, rstd, rstdAt, dy, dyAt + column, dweight,
                    dweightAt + column, dbias, dbiasAt + column, rows, n, Lanes.tail(column, n));
        }
    }

    private static void parameterGradientsOfTail(
            MemorySegment x,
            long xAt,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dweight,
            long dweightAt,
            MemorySegment dbias,
            long dbiasAt,
            int rows,
            int n,
            VectorMask<Float> tail) {
        FloatVector weights = all(0);
        FloatVector biases = weights;
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            float center = Floats.get(mean, meanAt + row);
            float scale = Floats.get(rstd, rstdAt + row);
            FloatVector gradient = load(dy, (dyAt + at) << 2, tail);
            weights = fma(load(x, (xAt + at) << 2, tail).sub(center).mul(scale), gradient, weights);
            biases = gradient.add(biases);
        }
        store(weights, dweight, dweightAt << 2, tail);
        store(biases, dbias, dbiasAt << 2, tail);
    }
}
