package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.GeluRows;
import java.lang.foreign.MemorySegment;

/** GELU on scalars. */
final class ScalarGeluRows implements GeluRows {
    @Override
    public void gelu(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, gelu(Floats.get(x, xAt + i)));
        }
    }

    private static float gelu(float x) {
        float size = Math.abs(x);
        float s = x * x;
        float p = ((((P5 * s + P4) * s + P3) * s + P2) * s + P1) * s + P0;
        float q = ((((Q5 * s + Q4) * s + Q3) * s + Q2) * s + Q1) * s + 1;
        return size * (size >= LARGEST ? 0.5f : size * p / q) + x * 0.5f;
    }

    @Override
    public void geluBackward(
            MemorySegment x, long xAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(dx, dxAt + i, Floats.get(dy, dyAt + i) * derivative(Floats.get(x, xAt + i)));
        }
    }

    private static float derivative(float x) {
        if (Math.abs(x) >= GRADIENT_LARGEST) {
            return x * 0 + (x > 0 ? 1 : 0); // NaN of infinities, as ∞ · φ(∞) is
        }
        float s = x * x;
        float p = ((((GRADIENT_P5 * s + GRADIENT_P4) * s + GRADIENT_P3) * s + GRADIENT_P2) * s + GRADIENT_P1) * s
                + GRADIENT_P0;
        float q = ((((GRADIENT_Q5 * s + GRADIENT_Q4) * s + GRADIENT_Q3) * s + GRADIENT_Q2) * s + GRADIENT_Q1) * s + 1;
        return x * p / q + 0.5f;
    }
}
