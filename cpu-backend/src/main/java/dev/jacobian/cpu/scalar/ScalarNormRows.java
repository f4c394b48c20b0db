package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.NormRows;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Batch normalisation on scalars. */
final class ScalarNormRows implements NormRows {
    private static float gradient(MemorySegment y, long yAt, MemorySegment dy, long dyAt) {
        return y == null || Floats.get(y, yAt) > 0 ? Floats.get(dy, dyAt) : 0;
    }

    private static float atLeast(float value, float least) {
        return value <= least ? least : value;
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
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, atLeast((Floats.get(x, xAt + i) - mean) * scale + bias, least));
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
        for (int i = 0; i < n; i++) {
            float value = (Floats.get(x, xAt + i) - mean[at + i]) * scale[at + i] + bias[at + i];
            Floats.set(y, yAt + i, atLeast(value, least));
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
        double sum = 0;
        double product = 0;
        for (int i = 0; i < n; i++) {
            double g = gradient(y, yAt + i, dy, dyAt + i);
            sum += g;
            product += g * (Floats.get(x, xAt + i) - mean);
        }
        sums[0] += sum;
        sums[1] += product;
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
        Arrays.fill(sums, 0, columns, 0);
        Arrays.fill(products, 0, columns, 0);
        for (int row = 0; row < rows; row++) {
            long at = row * rowStep;
            for (int c = 0; c < columns; c++) {
                float g = gradient(y, yAt + at + c, dy, dyAt + at + c);
                sums[c] += g;
                products[c] += g * (Floats.get(x, xAt + at + c) - mean[c]);
            }
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
            float mean,
            float scale,
            float a,
            float b) {
        for (int i = 0; i < n; i++) {
            float centered = Floats.get(x, xAt + i) - mean;
            float g = gradient(y, yAt + i, dy, dyAt + i) - a;
            Floats.set(dx, dxAt + i, (g - centered * b) * scale);
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
        for (int i = 0; i < n; i++) {
            float centered = Floats.get(x, xAt + i) - mean[at + i];
            float g = gradient(y, yAt + i, dy, dyAt + i) - a[at + i];
            Floats.set(dx, dxAt + i, (g - centered * b[at + i]) * scale[at + i]);
        }
    }
}
