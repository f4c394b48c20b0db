package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Max-pooling, plane by plane; windows of 2 by 2 that tile the plane have loops of their own. */
final class CpuMaxPool2d {
    private static final Window2d TWO_BY_TWO = Window2d.of(2, 2).stride(2, 2);

    private final Parallel team;
    private final PoolRows rows;

    CpuMaxPool2d(Parallel team, PoolRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void forward(View x, Window2d window, View y, View index) {
        int height = x.dim(2);
        int width = x.dim(3);
        int outHeight = y.dim(2);
        int outWidth = y.dim(3);
        long inputs = (long) height * width;
        long outputs = (long) outHeight * outWidth;
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(y);
        MemorySegment places = Floats.memory(index);
        boolean four = window.equals(TWO_BY_TWO);
        Ranges.run(team, y.size() / Math.max(1, outputs), inputs, (first, last) -> {
            if (four) {
                rows.maxOfFour(from, x.offset() + first * inputs, (int) (last - first), height, width, to,
                        y.offset() + first * outputs, places, index.offset() + first * outputs);
                return;
            }
            for (long plane = first; plane < last; plane++) {
                long xAt = x.offset() + plane * inputs;
                long yAt = y.offset() + plane * outputs;
                long indexAt = index.offset() + plane * outputs;
                for (int row = 0; row < outHeight; row++) {
                    row(window, row, from, xAt, height, width, to, yAt + (long) row * outWidth, places,
                            indexAt + (long) row * outWidth, outWidth);
                }
            }
        });
    }

    /** One row of windows: element by element of the window, in row-major order, so that the first of equals stays. */
    private void row(Window2d window, int row, MemorySegment from, long xAt, int height, int width, MemorySegment to,
            long yAt, MemorySegment places, long indexAt, int outWidth) {
        int top = row * window.strideH() - window.paddingH();
        int firstTap = Windows.firstTap(top, window.dilationH());
        int taps = Windows.endTap(top, window.kernelH(), window.dilationH(), height);
        // A window that is −∞ throughout has its maximum in its first element.
        for (int q = 0; q < outWidth; q++) {
            int left = q * window.strideW() - window.paddingW();
            int column = left + Windows.firstTap(left, window.dilationW()) * window.dilationW();
            Floats.set(to, yAt + q, Float.NEGATIVE_INFINITY);
            places.set(ValueLayout.JAVA_INT, (indexAt + q) << 2,
                    (top + firstTap * window.dilationH()) * width + column);
        }
        for (int i = firstTap; i < taps; i++) {
            int line = (top + i * window.dilationH()) * width;
            for (int j = 0; j < window.kernelW(); j++) {
                int shift = j * window.dilationW() - window.paddingW();
                int begin = Windows.firstTap(shift, window.strideW());
                int end = Windows.endTap(shift, outWidth, window.strideW(), width);
                if (begin < end) {
                    int place = line + shift + begin * window.strideW();
                    rows.maxTap(from, xAt + place, window.strideW(), place, to, yAt + begin, places, indexAt + begin,
                            end - begin);
                }
            }
        }
    }

    void backward(View dy, View index, Window2d window, View dx) {
        int height = dx.dim(2);
        int width = dx.dim(3);
        long inputs = (long) height * width;
        long outputs = (long) dy.dim(2) * dy.dim(3);
        MemorySegment from = Floats.memory(dy);
        MemorySegment to = Floats.memory(dx);
        MemorySegment places = Floats.memory(index);
        boolean four = window.equals(TWO_BY_TWO);
        Ranges.run(team, dx.size() / Math.max(1, inputs), inputs, (first, last) -> {
            if (four) {
                rows.maxOfFourBackward(from, dy.offset() + first * outputs, places, index.offset() + first * outputs,
                        to, dx.offset() + first * inputs, (int) (last - first), height, width);
                return;
            }
            for (long plane = first; plane < last; plane++) {
                long dxAt = dx.offset() + plane * inputs;
                to.asSlice(dxAt << 2, inputs << 2).fill((byte) 0);
                scatter(from, dy.offset() + plane * outputs, places, index.offset() + plane * outputs, outputs, to,
                        dxAt, inputs);
            }
        });
    }

    private static void scatter(MemorySegment from, long dyAt, MemorySegment places, long indexAt, long outputs,
            MemorySegment to, long dxAt, long inputs) {
        for (long i = 0; i < outputs; i++) {
            int place = places.get(ValueLayout.JAVA_INT, (indexAt + i) << 2);
            if (place >= 0 && place < inputs) {
                Floats.set(to, dxAt + place, Floats.get(to, dxAt + place) + Floats.get(from, dyAt + i));
            }
        }
    }
}
