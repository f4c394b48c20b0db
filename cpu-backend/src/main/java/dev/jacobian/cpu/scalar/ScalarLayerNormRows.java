package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.LayerNormRows;
import java.lang.foreign.MemorySegment;

/** Layer normalisation on scalars, with sums of a row in double precision. */
final class ScalarLayerNormRows implements LayerNormRows {
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
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += Floats.get(x, xAt + at + i);
            }
            double middle = sum / n;
            double squares = 0;
            for (int i = 0; i < n; i++) {
                double deviation = Floats.get(x, xAt + at + i) - middle;
                squares += deviation * deviation;
            }
            float center = (float) middle;
            float scale = (float) (1 / Math.sqrt(squares / n + epsilon));
            Floats.set(mean, meanAt + row, center);
            Floats.set(rstd, rstdAt + row, scale);
            for (int i = 0; i < n; i++) {
                float normal = (Floats.get(x, xAt + at + i) - center) * scale;
                Floats.set(y, yAt + at + i, weight == null
                        ? normal
                        : normal * Floats.get(weight, weightAt + i) + Floats.get(bias, biasAt + i));
            }
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
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            float center = Floats.get(mean, meanAt + row);
            float scale = Floats.get(rstd, rstdAt + row);
            double sum = 0;
            double product = 0;
            for (int i = 0; i < n; i++) {
                double gradient = Floats.get(dy, dyAt + at + i);
                gradient *= weight == null ? 1 : Floats.get(weight, weightAt + i);
                sum += gradient;
                product += gradient * (Floats.get(x, xAt + at + i) - center);
            }
            float a = (float) (sum / n);
            float b = (float) (product * scale * scale / n);
            for (int i = 0; i < n; i++) {
                float gradient = Floats.get(dy, dyAt + at + i);
                gradient *= weight == null ? 1 : Floats.get(weight, weightAt + i);
                float centered = Floats.get(x, xAt + at + i) - center;
                Floats.set(dx, dxAt + at + i, (gradient - a - centered * b) * scale);
            }
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
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            float center = Floats.get(mean, meanAt + row);
            float scale = Floats.get(rstd, rstdAt + row);
            for (int i = 0; i < n; i++) {
                float gradient = Floats.get(dy, dyAt + at + i);
                float product = gradient * ((Floats.get(x, xAt + at + i) - center) * scale);
                Floats.set(dweight, dweightAt + i, row == 0 ? product : Floats.get(dweight, dweightAt + i) + product);
                Floats.set(dbias, dbiasAt + i, row == 0 ? gradient : Floats.get(dbias, dbiasAt + i) + gradient);
            }
        }
    }
}
