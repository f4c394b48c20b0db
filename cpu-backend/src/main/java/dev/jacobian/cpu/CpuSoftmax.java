package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/**
 * Softmax and its logarithm along one axis. A row, or a block of columns where the axis is not the last, stays in cache
 * between the passes for the maximum, the sum and the quotient, so memory is read once and written once. Inputs that do
 * not lie densely are copied to the output first and worked on there.
 */
final class CpuSoftmax {
    private final Parallel team;
    private final SoftmaxRows rows;
    private final CpuCopy copy;

    CpuSoftmax(Parallel team, SoftmaxRows rows, CpuCopy copy) {
        this.team = team;
        this.rows = rows;
        this.copy = copy;
    }

    void forward(boolean log, View x, int axis, View y) {
        View input = dense(x, y);
        MemorySegment from = Floats.memory(input);
        MemorySegment to = Floats.memory(y);
        int n = y.dim(axis);
        Layout layout = Layout.of(y, axis);
        if (layout.inner == 1) {
            Ranges.run(team, layout.outer, n, (first, last) -> rows.rows(log, from, input.offset() + first * n, to,
                    y.offset() + first * n, last - first, n));
        } else {
            layout.run(team, (at, columns) -> rows.columns(
                    log, from, input.offset() + at, to, y.offset() + at, layout.inner, n, columns));
        }
    }

    void backward(boolean log, View y, View dy, int axis, View dx) {
        View gradient = dense(dy, dx);
        MemorySegment result = Floats.memory(y);
        MemorySegment from = Floats.memory(gradient);
        MemorySegment to = Floats.memory(dx);
        int n = y.dim(axis);
        Layout layout = Layout.of(y, axis);
        if (layout.inner == 1) {
            Ranges.run(team, layout.outer, n, (first, last) -> {
                for (long row = first; row < last; row++) {
                    long at = row * n;
                    rows.rowBackward(log, result, y.offset() + at, from, gradient.offset() + at, to,
                            dx.offset() + at, n);
                }
            });
        } else {
            layout.run(team, (at, columns) -> rows.columnsBackward(log, result, y.offset() + at, from,
                    gradient.offset() + at, to, dx.offset() + at, layout.inner, n, columns));
        }
    }

    private View dense(View x, View copied) {
        if (x.isContiguous()) {
            return x;
        }
        copy.copy(x, copied);
        return copied;
    }

    /** A dense view as [outer, n, inner] around one axis. */
    private record Layout(long outer, int n, long inner) {
        static Layout of(View view, int axis) {
            long inner = 1;
            for (int i = axis + 1; i < view.rank(); i++) {
                inner *= view.dim(i);
            }
            int n = view.dim(axis);
            return new Layout(view.size() == 0 ? 0 : view.size() / n / inner, n, inner);
        }

        @FunctionalInterface
        interface Columns {
            void run(long at, int columns);
        }

        void run(Parallel team, Columns body) {
            long blocks = Math.ceilDiv(inner, ReduceRows.COLUMNS);
            Ranges.run(team, outer * blocks, n * Math.min(inner, ReduceRows.COLUMNS), (first, last) -> {
                for (long block = first; block < last; block++) {
                    long column = block % blocks * ReduceRows.COLUMNS;
                    long at = block / blocks * n * inner + column;
                    body.run(at, (int) Math.min(ReduceRows.COLUMNS, inner - column));
                }
            });
        }
    }
}
