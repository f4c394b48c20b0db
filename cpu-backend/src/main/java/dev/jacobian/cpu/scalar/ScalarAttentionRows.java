package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.AttentionRows;
import dev.jacobian.cpu.Floats;
import java.lang.foreign.MemorySegment;

/** Attention's loops on scalars. */
final class ScalarAttentionRows implements AttentionRows {
    private static final int LANES = 8;
    private static final double LN2 = Math.log(2);

    /** 2ˣ. */
    private static float exp2(float x) {
        return (float) Math.exp(x * LN2);
    }

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public void scale(MemorySegment x, long at, int n, float factor) {
        for (int i = 0; i < n; i++) {
            Floats.set(x, at + i, Floats.get(x, at + i) * factor);
        }
    }

    @Override
    public void hide(MemorySegment x, long at, long step, int from, int to, int diagonal, float value) {
        for (int i = Math.max(from, diagonal + 1); i < to; i++) {
            for (int j = 0; j < Math.min(LANES, i - diagonal); j++) {
                Floats.set(x, at + i * step + j, value);
            }
        }
    }

    @Override
    public void max(MemorySegment x, long at, long step, int rows, MemorySegment known, long maxAt, long newMaxAt) {
        for (int j = 0; j < LANES; j++) {
            float max = Floats.get(known, maxAt + j);
            for (int i = 0; i < rows; i++) {
                float value = Floats.get(x, at + i * step + j);
                max = value > max ? value : max;
            }
            Floats.set(known, newMaxAt + j, max);
        }
    }

    @Override
    public void exp(MemorySegment x, long at, long step, int rows, MemorySegment known, long shiftAt, long partAt) {
        for (int j = 0; j < LANES; j++) {
            float shift = finite(Floats.get(known, shiftAt + j));
            float sum = 0;
            for (int i = 0; i < rows; i++) {
                long p = at + i * step + j;
                float e = exp2(Floats.get(x, p) - shift);
                Floats.set(x, p, e);
                sum += e;
            }
            Floats.set(known, partAt + j, sum);
        }
    }

    private static float finite(float max) {
        return max == Float.NEGATIVE_INFINITY ? 0 : max;
    }

    @Override
    public void join(MemorySegment known, int columns) {
        for (int j = 0; j < columns; j++) {
            float max = Floats.get(known, columns + j);
            float factor = exp2(Floats.get(known, j) - finite(max));
            Floats.set(known, 2L * columns + j,
                    factor * Floats.get(known, 2L * columns + j) + Floats.get(known, 3L * columns + j));
            Floats.set(known, j, max);
            Floats.set(known, 4L * columns + j, factor);
        }
    }

    @Override
    public void finish(MemorySegment known, int columns, MemorySegment logSumExp, long logAt, int n) {
        for (int j = 0; j < n; j++) {
            float sum = Floats.get(known, 2L * columns + j);
            Floats.set(logSumExp, logAt + j, (float) (Floats.get(known, j) * LN2 + Math.log(sum)));
            Floats.set(known, 2L * columns + j, 1 / sum);
        }
    }

    @Override
    public void scaleRows(MemorySegment x, long xAt, long xStep, MemorySegment factors, long factorAt, MemorySegment y,
            long yAt, long yStep, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            float factor = Floats.get(factors, factorAt + i);
            for (int j = 0; j < columns; j++) {
                Floats.set(y, yAt + i * yStep + j, factor * Floats.get(x, xAt + i * xStep + j));
            }
        }
    }

    @Override
    public void scaleAddRows(MemorySegment x, long xAt, long xStep, MemorySegment factors, long factorAt,
            MemorySegment y, long yAt, long yStep, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            float factor = Floats.get(factors, factorAt + i);
            for (int j = 0; j < columns; j++) {
                long p = yAt + i * yStep + j;
                Floats.set(y, p, factor * Floats.get(y, p) + Floats.get(x, xAt + i * xStep + j));
            }
        }
    }

    @Override
    public void dots(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep, int rows,
            int columns, MemorySegment z, long zAt) {
        for (int i = 0; i < rows; i++) {
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                sum += (double) Floats.get(x, xAt + i * xStep + j) * Floats.get(y, yAt + i * yStep + j);
            }
            Floats.set(z, zAt + i, (float) sum);
        }
    }

    @Override
    public void gradient(MemorySegment s, MemorySegment g, long at, long step, int rows, MemorySegment known,
            long logAt, int columns, float scale) {
        for (int j = 0; j < LANES; j++) {
            float shift = (float) (Floats.get(known, logAt + j) / LN2);
            float delta = Floats.get(known, logAt + columns + j);
            for (int i = 0; i < rows; i++) {
                long at0 = at + i * step + j;
                float p = exp2(Math.min(Floats.get(s, at0) - shift, 0));
                Floats.set(s, at0, p);
                Floats.set(g, at0, (Floats.get(g, at0) - delta) * (p * scale));
            }
        }
    }
}
