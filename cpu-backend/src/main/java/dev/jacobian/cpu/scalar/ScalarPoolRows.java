package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.PoolRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Pooling on scalars. */
final class ScalarPoolRows implements PoolRows {
    @Override
    public void maxOfFour(MemorySegment x, long xAt, int planes, int height, int width, MemorySegment y, long yAt,
            MemorySegment index, long indexAt) {
        long at = 0;
        for (int plane = 0; plane < planes; plane++) {
            long corner = xAt + (long) plane * height * width;
            for (int row = 0; row < height / 2; row++) {
                for (int column = 0; column < width / 2; column++) {
                    int first = 2 * row * width + 2 * column;
                    int best = larger(x, corner, first, first + 1);
                    best = larger(x, corner, best, first + width);
                    best = larger(x, corner, best, first + width + 1);
                    Floats.set(y, yAt + at, Floats.get(x, corner + best));
                    index.set(ValueLayout.JAVA_INT, (indexAt + at++) << 2, best);
                }
            }
        }
    }

    private static int larger(MemorySegment x, long at, int best, int next) {
        return isLarger(Floats.get(x, at + next), Floats.get(x, at + best)) ? next : best;
    }

    /** NaN is larger than all numbers; of equals none is. */
    private static boolean isLarger(float next, float best) {
        return !(next <= best || Float.isNaN(best));
    }

    @Override
    public void maxOfFourBackward(MemorySegment dy, long dyAt, MemorySegment index, long indexAt, MemorySegment dx,
            long dxAt, int planes, int height, int width) {
        int columns = width / 2;
        for (int plane = 0; plane < planes; plane++) {
            long first = (long) plane * (height / 2) * columns;
            for (int place = 0; place < height * width; place++) {
                int row = place / width / 2;
                int column = place % width / 2;
                long at = first + (long) row * columns + column;
                boolean chosen = row < height / 2 && column < columns
                        && index.get(ValueLayout.JAVA_INT, (indexAt + at) << 2) == place;
                Floats.set(dx, dxAt + (long) plane * height * width + place, chosen ? Floats.get(dy, dyAt + at) : 0);
            }
        }
    }

    @Override
    public void maxTap(MemorySegment x, long xAt, int step, int place, MemorySegment y, long yAt, MemorySegment index,
            long indexAt, int n) {
        for (int q = 0; q < n; q++) {
            float value = Floats.get(x, xAt + (long) q * step);
            if (isLarger(value, Floats.get(y, yAt + q))) {
                Floats.set(y, yAt + q, value);
                index.set(ValueLayout.JAVA_INT, (indexAt + q) << 2, place + q * step);
            }
        }
    }

    @Override
    public void addTap(MemorySegment x, long xAt, int step, MemorySegment y, long yAt, int n) {
        for (int q = 0; q < n; q++) {
            Floats.set(y, yAt + q, Floats.get(y, yAt + q) + Floats.get(x, xAt + (long) q * step));
        }
    }
}
