package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.AttentionRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Attention's rows on vectors. Tails have methods of their own for the reason in {@link VectorMath}. */
final class VectorAttentionRows implements AttentionRows {
    @Override
    public float max(MemorySegment x, long at, int n, float scale) {
        FloatVector a = all(Float.NEGATIVE_INFINITY);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            a = larger(a, load(x, (at + i) << 2).mul(scale));
            b = larger(b, load(x, (at + i + COUNT) << 2).mul(scale));
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            a = a.blend(larger(a, load(x, (at + i) << 2, tail).mul(scale)), tail);
        }
        return larger(a, b).reduceLanes(VectorOperators.MAX);
    }

    /** Unlike the vector's own maximum two instructions, not five; never NaN, and then the sum is. */
    private static FloatVector larger(FloatVector a, FloatVector b) {
        return a.blend(b, b.compare(VectorOperators.GT, a));
    }

    @Override
    public float exp(MemorySegment x, long at, int n, int padded, float scale, float shift) {
        FloatVector sum = all(0);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector e = VectorMath.expOfNegative(load(x, (at + i) << 2).mul(scale).sub(shift));
            store(e, x, (at + i) << 2);
            sum = sum.add(e);
        }
        float total = Lanes.sum(sum) + (i < n ? expOfTail(x, at + i, n - i, scale, shift) : 0);
        clear(x, at, n, padded);
        return total;
    }

    private static float expOfTail(MemorySegment x, long at, int n, float scale, float shift) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector e = VectorMath.expOfNegative(load(x, at << 2, tail).mul(scale).sub(shift));
        store(e, x, at << 2, tail);
        return Lanes.sum(all(0).blend(e, tail));
    }

    private static void clear(MemorySegment x, long at, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            store(all(0), x, (at + i) << 2, Lanes.tail(i, to));
        }
    }

    @Override
    public void gradient(MemorySegment s, long sAt, MemorySegment g, long gAt, int n, int padded, float scale,
            float shift, float delta) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector p = VectorMath.expOfNegative(load(s, (sAt + i) << 2).mul(scale).sub(shift));
            store(p, s, (sAt + i) << 2);
            store(load(g, (gAt + i) << 2).sub(delta).mul(p).mul(scale), g, (gAt + i) << 2);
        }
        if (i < n) {
            gradientOfTail(s, sAt + i, g, gAt + i, n - i, scale, shift, delta);
        }
        clear(s, sAt, n, padded);
        clear(g, gAt, n, padded);
    }

    private static void gradientOfTail(
            MemorySegment s, long sAt, MemorySegment g, long gAt, int n, float scale, float shift, float delta) {
        VectorMask<Float> tail = Lanes.tail(0, n);
        FloatVector p = VectorMath.expOfNegative(load(s, sAt << 2, tail).mul(scale).sub(shift));
        store(p, s, sAt << 2, tail);
        store(load(g, gAt << 2, tail).sub(delta).mul(p).mul(scale), g, gAt << 2, tail);
    }

    @Override
    public void scale(MemorySegment x, long xAt, float factor, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            store(load(x, (xAt + i) << 2, tail).mul(factor), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void scaleAdd(MemorySegment x, long xAt, float factor, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector old = load(y, (yAt + i) << 2, tail);
            store(fma(old, factor, load(x, (xAt + i) << 2, tail)), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public float dot(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        FloatVector sum = all(0);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            sum = fma(load(x, (xAt + i) << 2, tail), load(y, (yAt + i) << 2, tail), sum);
        }
        return Lanes.sum(sum);
    }
}
