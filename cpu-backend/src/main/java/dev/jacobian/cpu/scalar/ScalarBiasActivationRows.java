package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.BiasActivationRows;
import dev.jacobian.cpu.Floats;
import java.lang.foreign.MemorySegment;

/** Bias and activation on scalars, row after row. */
final class ScalarBiasActivationRows implements BiasActivationRows {
    @Override
    public void add(
            MemorySegment x,
            long xAt,
            MemorySegment bias,
            long biasAt,
            float least,
            MemorySegment y,
            long yAt,
            int rows,
            int n) {
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            for (int i = 0; i < n; i++) {
                float value = Floats.get(x, xAt + at + i) + Floats.get(bias, biasAt + i);
                Floats.set(y, yAt + at + i, value <= least ? least : value);
            }
        }
    }

    @Override
    public void maskAndSum(
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment sums,
            long sumsAt,
            int rows,
            int n) {
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            for (int i = 0; i < n; i++) {
                float gradient = Floats.get(y, yAt + at + i) > 0 ? Floats.get(dy, dyAt + at + i) : 0;
                Floats.set(dx, dxAt + at + i, gradient);
                Floats.set(sums, sumsAt + i, row == 0 ? gradient : Floats.get(sums, sumsAt + i) + gradient);
            }
        }
    }

    @Override
    public void scaleAndSum(
            float a,
            float b,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment sums,
            long sumsAt,
            int rows,
            int n) {
        for (int row = 0; row < rows; row++) {
            long at = (long) row * n;
            for (int i = 0; i < n; i++) {
                float value = Floats.get(y, yAt + at + i);
                float gradient = Floats.get(dy, dyAt + at + i) * (a + (b - value) * value);
                Floats.set(dx, dxAt + at + i, gradient);
                Floats.set(sums, sumsAt + i, row == 0 ? gradient : Floats.get(sums, sumsAt + i) + gradient);
            }
        }
    }

    @Override
    public void sum(MemorySegment x, long xAt, MemorySegment sums, long sumsAt, int rows, int n) {
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < n; i++) {
                float value = Floats.get(x, xAt + (long) row * n + i);
                Floats.set(sums, sumsAt + i, row == 0 ? value : Floats.get(sums, sumsAt + i) + value);
            }
        }
    }
}
