package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.SPECIES;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.NormRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Batch normalisation on vectors. Loops with and without a mask are apart, since a vector that may be either is an object. */
final class VectorNormRows implements NormRows {
    private static FloatVector masked(FloatVector dy, FloatVector y) {
        return all(0).blend(dy, y.compare(VectorOperators.GT, 0));
    }

    private static FloatVector atLeast(FloatVector v, FloatVector least) {
        return v.blend(least, v.compare(VectorOperators.LE, least));
    }

    @Override
    public void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            int n,
            float mean,
            float scale,
            float bias,
            float least) {
        FloatVector biases = all(bias);
        FloatVector floor = all(least);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector v = fma(load(x, (xAt + i) << 2).sub(mean), scale, biases);
            store(atLeast(v, floor), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector v = fma(load(x, (xAt + i) << 2, tail).sub(mean), scale, biases);
            store(atLeast(v, floor), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            int n,
            float[] mean,
            float[] scale,
            float[] bias,
            int at,
            float least) {
        FloatVector floor = all(least);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector centered = load(x, (xAt + i) << 2).sub(FloatVector.fromArray(SPECIES, mean, at + i));
            FloatVector scales = FloatVector.fromArray(SPECIES, scale, at + i);
            FloatVector v = fma(centered, scales, FloatVector.fromArray(SPECIES, bias, at + i));
            store(atLeast(v, floor), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail)
                    .sub(FloatVector.fromArray(SPECIES, mean, at + i, tail));
            FloatVector scales = FloatVector.fromArray(SPECIES, scale, at + i, tail);
            FloatVector v = fma(centered, scales, FloatVector.fromArray(SPECIES, bias, at + i, tail));
            store(atLeast(v, floor), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void products(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            int n,
            float mean,
            double[] sums) {
        long parts = y == null
                ? sums(x, xAt, dy, dyAt, n, mean)
                : maskedSums(x, xAt, y, yAt, dy, dyAt, n, mean);
        sums[0] += Lanes.high(parts);
        sums[1] += Lanes.low(parts);
    }

    /** Σ dy and Σ dy · (x − mean), as {@link Lanes#sums}. */
    static long sums(MemorySegment x, long xAt, MemorySegment dy, long dyAt, int n, float mean) {
        FloatVector a = all(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            FloatVector first = load(dy, (dyAt + i) << 2);
            FloatVector second = load(dy, (dyAt + i + COUNT) << 2);
            a = first.add(a);
            b = second.add(b);
            c = fma(first, load(x, (xAt + i) << 2).sub(mean), c);
            d = fma(second, load(x, (xAt + i + COUNT) << 2).sub(mean), d);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector first = load(dy, (dyAt + i) << 2, tail);
            a = first.add(a);
            c = fma(first, load(x, (xAt + i) << 2, tail).sub(mean), c);
        }
        return Lanes.sums(a.add(b), c.add(d));
    }

    private static long maskedSums(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
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
            FloatVector first = masked(load(dy, (dyAt + i) << 2), load(y, (yAt + i) << 2));
            FloatVector second = masked(load(dy, (dyAt + i + COUNT) << 2), load(y, (yAt + i + COUNT) << 2));
            a = first.add(a);
            b = second.add(b);
            c = fma(first, load(x, (xAt + i) << 2).sub(mean), c);
            d = fma(second, load(x, (xAt + i + COUNT) << 2).sub(mean), d);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector first = masked(load(dy, (dyAt + i) << 2, tail), load(y, (yAt + i) << 2, tail));
            a = first.add(a);
            c = fma(first, load(x, (xAt + i) << 2, tail).sub(mean), c);
        }
        return Lanes.sums(a.add(b), c.add(d));
    }

    @Override
    public void columnProducts(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            long rowStep,
            int rows,
            float[] mean,
            float[] sums,
            float[] products,
            int columns) {
        for (int column = 0; column < columns; column += COUNT) {
            VectorMask<Float> tail = Lanes.tail(column, columns);
            if (y == null) {
                columnProducts(x, xAt + column, dy, dyAt + column, rowStep, rows, mean, sums, products, column, tail);
            } else {
                columnProducts(x, xAt + column, y, yAt + column, dy, dyAt + column, rowStep, rows, mean, sums, products,
                        column, tail);
            }
        }
    }

    private static void columnProducts(
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            long rowStep,
            int rows,
            float[] mean,
            float[] sums,
            float[] products,
            int column,
            VectorMask<Float> tail) {
        FloatVector center = FloatVector.fromArray(SPECIES, mean, column, tail);
        FloatVector sum = all(0);
        FloatVector product = sum;
        for (int row = 0; row < rows; row++) {
            FloatVector gradient = load(dy, (dyAt + row * rowStep) << 2, tail);
            sum = gradient.add(sum);
            product = fma(gradient, load(x, (xAt + row * rowStep) << 2, tail).sub(center), product);
        }
        sum.intoArray(sums, column, tail);
        product.intoArray(products, column, tail);
    }

    private static void columnProducts(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            long rowStep,
            int rows,
            float[] mean,
            float[] sums,
            float[] products,
            int column,
            VectorMask<Float> tail) {
        FloatVector center = FloatVector.fromArray(SPECIES, mean, column, tail);
        FloatVector sum = all(0);
        FloatVector product = sum;
        for (int row = 0; row < rows; row++) {
            FloatVector result = load(y, (yAt + row * rowStep) << 2, tail);
            FloatVector gradient = masked(load(dy, (dyAt + row * rowStep) << 2, tail), result);
            sum = gradient.add(sum);
            product = fma(gradient, load(x, (xAt + row * rowStep) << 2, tail).sub(center), product);
        }
        sum.intoArray(sums, column, tail);
        product.intoArray(products, column, tail);
    }

    @Override
    public void backward(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float mean,
            float scale,
            float a,
            float b) {
        if (y == null) {
            gradient(x, xAt, dy, dyAt, dx, dxAt, n, mean, scale, a, b);
        } else {
            maskedGradient(x, xAt, y, yAt, dy, dyAt, dx, dxAt, n, mean, scale, a, b);
        }
    }

    static void gradient(
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float mean,
            float scale,
            float a,
            float b) {
        FloatVector minusB = all(-b);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector centered = load(x, (xAt + i) << 2).sub(mean);
            FloatVector g = load(dy, (dyAt + i) << 2).sub(a);
            store(fma(centered, minusB, g).mul(scale), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail).sub(mean);
            FloatVector g = load(dy, (dyAt + i) << 2, tail).sub(a);
            store(fma(centered, minusB, g).mul(scale), dx, (dxAt + i) << 2, tail);
        }
    }

    private static void maskedGradient(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float mean,
            float scale,
            float a,
            float b) {
        FloatVector minusB = all(-b);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector centered = load(x, (xAt + i) << 2).sub(mean);
            FloatVector g = masked(load(dy, (dyAt + i) << 2), load(y, (yAt + i) << 2)).sub(a);
            store(fma(centered, minusB, g).mul(scale), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail).sub(mean);
            FloatVector g = masked(load(dy, (dyAt + i) << 2, tail), load(y, (yAt + i) << 2, tail)).sub(a);
            store(fma(centered, minusB, g).mul(scale), dx, (dxAt + i) << 2, tail);
        }
    }

    @Override
    public void backward(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float[] mean,
            float[] scale,
            float[] a,
            float[] b,
            int at) {
        if (y == null) {
            gradient(x, xAt, dy, dyAt, dx, dxAt, n, mean, scale, a, b, at);
        } else {
            maskedGradient(x, xAt, y, yAt, dy, dyAt, dx, dxAt, n, mean, scale, a, b, at);
        }
    }

    private static void gradient(
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float[] mean,
            float[] scale,
            float[] a,
            float[] b,
            int at) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector centered = load(x, (xAt + i) << 2).sub(FloatVector.fromArray(SPECIES, mean, at + i));
            FloatVector g = load(dy, (dyAt + i) << 2).sub(FloatVector.fromArray(SPECIES, a, at + i));
            FloatVector minusB = FloatVector.fromArray(SPECIES, b, at + i).neg();
            store(fma(centered, minusB, g).mul(FloatVector.fromArray(SPECIES, scale, at + i)), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail)
                    .sub(FloatVector.fromArray(SPECIES, mean, at + i, tail));
            FloatVector g = load(dy, (dyAt + i) << 2, tail).sub(FloatVector.fromArray(SPECIES, a, at + i, tail));
            FloatVector minusB = FloatVector.fromArray(SPECIES, b, at + i, tail).neg();
            store(fma(centered, minusB, g).mul(FloatVector.fromArray(SPECIES, scale, at + i, tail)), dx,
                    (dxAt + i) << 2, tail);
        }
    }

    private static void maskedGradient(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float[] mean,
            float[] scale,
            float[] a,
            float[] b,
            int at) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector centered = load(x, (xAt + i) << 2).sub(FloatVector.fromArray(SPECIES, mean, at + i));
            FloatVector g = masked(load(dy, (dyAt + i) << 2), load(y, (yAt + i) << 2))
                    .sub(FloatVector.fromArray(SPECIES, a, at + i));
            FloatVector minusB = FloatVector.fromArray(SPECIES, b, at + i).neg();
            store(fma(centered, minusB, g).mul(FloatVector.fromArray(SPECIES, scale, at + i)), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail)
                    .sub(FloatVector.fromArray(SPECIES, mean, at + i, tail));
            FloatVector g = masked(load(dy, (dyAt + i) << 2, tail), load(y, (yAt + i) << 2, tail))
                    .sub(FloatVector.fromArray(SPECIES, a, at + i, tail));
            FloatVector minusB = FloatVector.fromArray(SPECIES, b, at + i, tail).neg();
            store(fma(centered, minusB, g).mul(FloatVector.fromArray(SPECIES, scale, at + i, tail)), dx,
                    (dxAt + i) << 2, tail);
        }
    }
}
