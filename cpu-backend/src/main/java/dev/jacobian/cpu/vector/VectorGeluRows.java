package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.GeluRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** GELU on vectors. Tails have methods of their own for the reason in {@link VectorMath}. */
final class VectorGeluRows implements GeluRows {
    @Override
    public void gelu(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            store(gelu(load(x, (xAt + i) << 2)), y, (yAt + i) << 2);
        }
        if (i < n) {
            geluOfTail(x, xAt + i, y, yAt + i, n - i);
        }
    }

    private static void geluOfTail(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        store(gelu(load(x, xAt << 2, tail)), y, yAt << 2, tail);
    }

    private static FloatVector gelu(FloatVector x) {
        FloatVector size = x.abs();
        FloatVector s = x.mul(x);
        FloatVector p = fma(fma(all(P5), s, P4), s, P3);
        p = fma(fma(fma(p, s, P2), s, P1), s, P0);
        FloatVector q = fma(fma(all(Q5), s, Q4), s, Q3);
        q = fma(fma(fma(q, s, Q2), s, Q1), s, 1);
        FloatVector r = size.mul(p).div(q).blend(0.5f, size.compare(VectorOperators.GE, LARGEST));
        return fma(size, r, x.mul(0.5f));
    }

    @Override
    public void geluBackward(
            MemorySegment x, long xAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector gradient = load(dy, (dyAt + i) << 2);
            store(gradient.mul(derivative(load(x, (xAt + i) << 2))), dx, (dxAt + i) << 2);
        }
        if (i < n) {
            backwardOfTail(x, xAt + i, dy, dyAt + i, dx, dxAt + i, n - i);
        }
    }

    private static void backwardOfTail(
            MemorySegment x, long xAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector gradient = load(dy, dyAt << 2, tail);
        store(gradient.mul(derivative(load(x, xAt << 2, tail))), dx, dxAt << 2, tail);
    }

    private static FloatVector derivative(FloatVector x) {
        FloatVector s = x.mul(x);
        FloatVector p = fma(fma(all(GRADIENT_P5), s, GRADIENT_P4), s, GRADIENT_P3);
        p = fma(fma(fma(p, s, GRADIENT_P2), s, GRADIENT_P1), s, GRADIENT_P0);
        FloatVector q = fma(fma(all(GRADIENT_Q5), s, GRADIENT_Q4), s, GRADIENT_Q3);
        q = fma(fma(fma(q, s, GRADIENT_Q2), s, GRADIENT_Q1), s, 1);
        FloatVector g = x.mul(p).div(q);
        g = g.blend(0.5f, x.compare(VectorOperators.GE, GRADIENT_LARGEST));
        g = g.blend(-0.5f, x.compare(VectorOperators.LE, -GRADIENT_LARGEST));
        return g.add(fma(x, 0, all(0.5f))); // NaN of infinities, as ∞ · φ(∞) is
    }
}
