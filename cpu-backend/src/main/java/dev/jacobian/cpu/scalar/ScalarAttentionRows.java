package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.AttentionRows;
import dev.jacobian.cpu.Floats;
import java.lang.foreign.MemorySegment;

/** Attention's rows on scalars. */
final class ScalarAttentionRows implements AttentionRows {
    @Override
    public float max(MemorySegment x, long at, int n, float scale) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            float value = Floats.get(x, at + i) * scale;
            max = value > max ? value : max;
        }
        return max;
    }

    @Override
    public float exp(MemorySegment x, long at, int n, int padded, float scale, float shift) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp(Floats.get(x, at + i) * scale - shift);
            Floats.set(x, at + i, e);
            sum += e;
        }
        clear(x, at + n, padded - n);
        return sum;
    }

    private static void clear(MemorySegment x, long at, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(x, at + i, 0);
        }
    }

    @Override
    public void gradient(MemorySegment s, long sAt, MemorySegment g, long gAt, int n, int padded, float scale,
            float shift, float delta) {
        for (int i = 0; i < n; i++) {
            float p = (float) Math.exp(Floats.get(s, sAt + i) * scale - shift);
            Floats.set(s, sAt + i, p);
            Floats.set(g, gAt + i, p * (Floats.get(g, gAt + i) - delta) * scale);
        }
        clear(s, sAt + n, padded - n);
        clear(g, gAt + n, padded - n);
    }

    @Override
    public void scale(MemorySegment x, long xAt, float factor, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, factor * Floats.get(x, xAt + i));
        }
    }

    @Override
    public void scaleAdd(MemorySegment x, long xAt, float factor, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, factor * Floats.get(y, yAt + i) + Floats.get(x, xAt + i));
        }
    }

    @Override
    public float dot(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) Floats.get(x, xAt + i) * Floats.get(y, yAt + i);
        }
        return (float) sum;
    }
}
