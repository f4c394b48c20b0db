package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.SoftmaxRows;
import java.lang.foreign.MemorySegment;

/** Softmax and its relatives on scalars. A column is walked like a row, only with larger steps. */
final class ScalarSoftmaxRows implements SoftmaxRows {
    @Override
    public float max(MemorySegment x, long at, int n) {
        return max(x, at, 1, n);
    }

    private static float max(MemorySegment x, long at, long step, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            float value = Floats.get(x, at + i * step);
            max = value > max ? value : max;
        }
        return max;
    }

    @Override
    public double sumExp(MemorySegment x, long at, int n, float max) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp(Floats.get(x, at + i) - max);
        }
        return sum;
    }

    @Override
    public void rows(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rows, int n) {
        for (long row = 0; row < rows; row++) {
            softmax(log, x, xAt + row * n, y, yAt + row * n, 1, n);
        }
    }

    @Override
    public void columns(
            boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long rowStep, int n, int columns) {
        for (int column = 0; column < columns; column++) {
            softmax(log, x, xAt + column, y, yAt + column, rowStep, n);
        }
    }

    private static void softmax(boolean log, MemorySegment x, long xAt, MemorySegment y, long yAt, long step, int n) {
        float max = max(x, xAt, step, n);
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float difference = Floats.get(x, xAt + i * step) - max;
            double e = Math.exp(difference);
            Floats.set(y, yAt + i * step, log ? difference : (float) e);
            sum += e;
        }
        float factor = (float) (1 / sum);
        float logSum = (float) Math.log(sum);
        for (int i = 0; i < n; i++) {
            float value = Floats.get(y, yAt + i * step);
            Floats.set(y, yAt + i * step, log ? value - logSum : value * factor);
        }
    }

    @Override
    public void rowBackward(
            boolean log, MemorySegment y, long yAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        backward(log, y, yAt, dy, dyAt, dx, dxAt, 1, n);
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
        for (int column = 0; column < columns; column++) {
            backward(log, y, yAt + column, dy, dyAt + column, dx, dxAt + column, rowStep, n);
        }
    }

    private static void backward(
            boolean log,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long step,
            int n) {
        double total = 0;
        for (int i = 0; i < n; i++) {
            double gradient = Floats.get(dy, dyAt + i * step);
            total += log ? gradient : gradient * Floats.get(y, yAt + i * step);
        }
        float sum = (float) total;
        for (int i = 0; i < n; i++) {
            float value = Floats.get(y, yAt + i * step);
            float gradient = Floats.get(dy, dyAt + i * step);
            float result = log ? gradient - (float) Math.exp(value) * sum : value * (gradient - sum);
            Floats.set(dx, dxAt + i * step, result);
        }
    }

    @Override
    public void shiftedExp(
            MemorySegment x, long xAt, float logSumExp, float shift, float scale, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, ((float) Math.exp(Floats.get(x, xAt + i) - logSumExp) - shift) * scale);
        }
    }
}
