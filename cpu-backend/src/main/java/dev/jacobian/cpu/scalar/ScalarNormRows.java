package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.NormRows;
import java.lang.foreign.MemorySegment;

/** Batch normalisation on scalars. */
final class ScalarNormRows implements NormRows {
    @Override
    public void normalize(
            MemorySegment x, long xAt, MemorySegment y, long yAt, int n, float mean, float scale, float bias) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, (Floats.get(x, xAt + i) - mean) * scale + bias);
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
            int at) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, (Floats.get(x, xAt + i) - mean[at + i]) * scale[at + i] + bias[at + i]);
        }
    }

    @Override
    public void backward(
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
        for (int i = 0; i < n; i++) {
            float centered = Floats.get(x, xAt + i) - mean;
            Floats.set(dx, dxAt + i, (Floats.get(dy, dyAt + i) - a - centered * b) * scale);
        }
    }

    @Override
    public void backward(
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
        for (int i = 0; i < n; i++) {
            float centered = Floats.get(x, xAt + i) - mean[at + i];
            float gradient = Floats.get(dy, dyAt + i) - a[at + i];
            Floats.set(dx, dxAt + i, (gradient - centered * b[at + i]) * scale[at + i]);
        }
    }
}
