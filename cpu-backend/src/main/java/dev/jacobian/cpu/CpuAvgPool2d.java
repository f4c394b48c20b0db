package dev.jacobian.cpu;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Average pooling, plane by plane. The sum over a window is one over its rows, for all columns of the plane at once, and
 * then one over its columns; a window as large as the plane is a mean of all its elements.
 */
final class CpuAvgPool2d {
    private static final ThreadLocal<MemorySegment> LINES = new ThreadLocal<>();

    private final Parallel team;
    private final PoolRows rows;
    private final ReduceRows reductions;
    private final ElementRows elements;

    CpuAvgPool2d(Parallel team, PoolRows rows, ReduceRows reductions, ElementRows elements) {
        this.team = team;
        this.rows = rows;
        this.reductions = reductions;
        this.elements = elements;
    }

    void forward(View x, Window2d window, boolean countIncludePad, View y) {
        Geometry shape = new Geometry(window, countIncludePad, x.dim(2), x.dim(3), y.dim(2), y.dim(3));
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(y);
        boolean whole = shape.isWholePlane();
        Ranges.run(team, y.size() / Math.max(1, shape.outputs()), shape.inputs(), (first, last) -> {
            for (long plane = first; plane < last; plane++) {
                long xAt = x.offset() + plane * shape.inputs();
                long yAt = y.offset() + plane * shape.outputs();
                if (whole) {
                    Floats.set(to, yAt, (float) (sum(from, xAt, shape.inputs()) / shape.inputs()));
                } else {
                    means(shape, from, xAt, to, yAt);
                }
            }
        });
    }

    private double sum(MemorySegment x, long at, long n) {
        double sum = 0;
        for (long i = 0; i < n; i += ReduceRows.RUN) {
            sum += reductions.run(ReduceOp.SUM, x, at + i, (int) Math.min(ReduceRows.RUN, n - i));
        }
        return sum;
    }

    private void means(Geometry shape, MemorySegment from, long xAt, MemorySegment to, long yAt) {
        Window2d window = shape.window;
        MemorySegment line = line(shape.width);
        for (int row = 0; row < shape.outHeight; row++) {
            int begin = shape.firstRow(row);
            MemorySegment.copy(from, (xAt + (long) begin * shape.width) << 2, line, 0, 4L * shape.width);
            for (int i = begin + 1; i < shape.endRow(row); i++) {
                rows.addTap(from, xAt + (long) i * shape.width, 1, line, 0, shape.width);
            }
            long at = yAt + (long) row * shape.outWidth;
            Strided.fill(to, at, 0, shape.outWidth);
            for (int j = 0; j < window.kernelW(); j++) {
                int shift = j - window.paddingW();
                int first = Windows.firstTap(shift, window.strideW());
                int end = Windows.endTap(shift, shape.outWidth, window.strideW(), shape.width);
                if (first < end) {
                    rows.addTap(line, shift + (long) first * window.strideW(), window.strideW(), to, at + first,
                            end - first);
                }
            }
            divide(shape, row, to, at, to, at);
        }
    }

    /** y = x / divisor for a row of windows. */
    private void divide(Geometry shape, int row, MemorySegment x, long xAt, MemorySegment y, long yAt) {
        if (shape.countIncludePad || shape.window.paddingW() == 0) {
            elements.binary(BinaryOp.DIV).run(x, xAt, shape.divisor(row, 0), y, yAt, shape.outWidth);
        } else {
            for (int q = 0; q < shape.outWidth; q++) {
                Floats.set(y, yAt + q, Floats.get(x, xAt + q) / shape.divisor(row, q));
            }
        }
    }

    void backward(View dy, Window2d window, boolean countIncludePad, View dx) {
        Geometry shape = new Geometry(window, countIncludePad, dx.dim(2), dx.dim(3), dy.dim(2), dy.dim(3));
        MemorySegment from = Floats.memory(dy);
        MemorySegment to = Floats.memory(dx);
        boolean whole = shape.isWholePlane();
        Ranges.run(team, dx.size() / Math.max(1, shape.inputs()), shape.inputs(), (first, last) -> {
            for (long plane = first; plane < last; plane++) {
                long dyAt = dy.offset() + plane * shape.outputs();
                long dxAt = dx.offset() + plane * shape.inputs();
                if (whole) {
                    Strided.fill(to, dxAt, Floats.get(from, dyAt) / shape.divisor(0, 0), (int) shape.inputs());
                } else {
                    spread(shape, from, dyAt, to, dxAt);
                }
            }
        });
    }

    /** Each row of windows as one line of the plane's width, which every row under it takes. */
    private void spread(Geometry shape, MemorySegment from, long dyAt, MemorySegment to, long dxAt) {
        Window2d window = shape.window;
        MemorySegment line = line(shape.width + shape.outWidth);
        long shares = shape.width;
        int cleared = 0;
        for (int row = 0; row < shape.outHeight; row++) {
            divide(shape, row, from, dyAt + (long) row * shape.outWidth, line, shares);
            Strided.fill(line, 0, 0, shape.width);
            for (int j = 0; j < window.kernelW(); j++) {
                int shift = j - window.paddingW();
                int end = Windows.endTap(shift, shape.outWidth, window.strideW(), shape.width);
                for (int q = Windows.firstTap(shift, window.strideW()); q < end; q++) {
                    long place = shift + (long) q * window.strideW();
                    Floats.set(line, place, Floats.get(line, place) + Floats.get(line, shares + q));
                }
            }
            for (int i = shape.firstRow(row); i < shape.endRow(row); i++) {
                for (; cleared < i; cleared++) {
                    Strided.fill(to, dxAt + (long) cleared * shape.width, 0, shape.width);
                }
                if (cleared == i) {
                    MemorySegment.copy(line, 0, to, (dxAt + (long) i * shape.width) << 2, 4L * shape.width);
                    cleared++;
                } else {
                    rows.addTap(line, 0, 1, to, dxAt + (long) i * shape.width, shape.width);
                }
            }
        }
        for (; cleared < shape.height; cleared++) {
            Strided.fill(to, dxAt + (long) cleared * shape.width, 0, shape.width);
        }
    }

    /** The calling thread's memory for a line of sums. */
    private MemorySegment line(int n) {
        MemorySegment line = LINES.get();
        if (line == null || line.byteSize() < 4L * n) {
            line = Arena.ofAuto().allocate(Math.max(4096, 8L * n), 64);
            LINES.set(line);
        }
        return line;
    }

    private record Geometry(
            Window2d window, boolean countIncludePad, int height, int width, int outHeight, int outWidth) {
        long inputs() {
            return (long) height * width;
        }

        long outputs() {
            return (long) outHeight * outWidth;
        }

        boolean isWholePlane() {
            return window.kernelH() == height && window.kernelW() == width && window.paddingH() == 0
                    && window.paddingW() == 0 && inputs() < 1 << 30;
        }

        int firstRow(int row) {
            return Math.max(0, row * window.strideH() - window.paddingH());
        }

        int endRow(int row) {
            return Math.min(height, row * window.strideH() - window.paddingH() + window.kernelH());
        }

        float divisor(int row, int column) {
            if (countIncludePad) {
                return (float) window.kernelH() * window.kernelW();
            }
            int left = column * window.strideW() - window.paddingW();
            int columns = Math.min(width, left + window.kernelW()) - Math.max(0, left);
            return (float) (endRow(row) - firstRow(row)) * columns;
        }
    }
}
