package dev.jacobian.cpu;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/** Copies between strides and types, and fills. */
final class CpuCopy {
    /** Side of the squares in which a matrix is transposed: two of them stay in the nearest cache. */
    private static final int TILE = 32;

    private final Parallel team;

    CpuCopy(Parallel team) {
        this.team = team;
    }

    void fill(double value, View out) {
        if (out.size() == 0) {
            return;
        }
        if (out.dtype() == DType.FLOAT32 && out.isContiguous() && out.size() <= Ranges.SERIAL) {
            Strided.fill(Floats.memory(out), out.offset(), (float) value, (int) out.size());
            return;
        }
        Strided walk = Strided.of(out);
        MemorySegment to = Floats.memory(out);
        DType dtype = out.dtype();
        long step = walk.innerStep(0);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (dtype == DType.FLOAT32 && step == 1) {
                Strided.fill(to, at[0], (float) value, n);
            } else {
                for (int i = 0; i < n; i++) {
                    Typed.set(dtype, to, at[0] + i * step, value);
                }
            }
        }));
    }

    void copy(View x, View out) {
        if (out.size() == 0) {
            return;
        }
        if (x.dtype() == out.dtype() && x.isContiguous() && out.isContiguous() && out.size() <= Ranges.SERIAL) {
            int bytes = x.dtype().bytes();
            MemorySegment.copy(Floats.memory(x), x.offset() * bytes, Floats.memory(out), out.offset() * bytes,
                    out.size() * bytes);
            return;
        }
        Strided walk = Strided.of(out, x);
        if (x.dtype() == out.dtype() && walk.rank() == 1 && walk.innerStep(0) == 1 && walk.innerStep(1) == 1) {
            int bytes = x.dtype().bytes();
            Ranges.run(
                    team,
                    walk.size(),
                    (first, last) -> MemorySegment.copy(
                            Floats.memory(x),
                            (x.offset() + first) * bytes,
                            Floats.memory(out),
                            (out.offset() + first) * bytes,
                            (last - first) * bytes));
        } else if (x.dtype() != DType.FLOAT32 || out.dtype() != DType.FLOAT32) {
            convert(walk, x, out);
        } else {
            int axis = densest(walk);
            if (axis < walk.rank() - 1) {
                transpose(walk, axis, Floats.memory(x), Floats.memory(out));
            } else {
                rows(walk, Floats.memory(x), Floats.memory(out));
            }
        }
    }

    /** The axis along which the input is read densely, or the innermost if there is none. */
    private static int densest(Strided walk) {
        int last = walk.rank() - 1;
        for (int axis = last - 1; axis >= 0 && walk.step(1, last) > 1; axis--) {
            if (walk.step(1, axis) == 1) {
                return axis;
            }
        }
        return last;
    }

    private void rows(Strided walk, MemorySegment from, MemorySegment to) {
        long step = walk.innerStep(1);
        long outStep = walk.innerStep(0);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (outStep == 1) {
                Strided.gather(from, at[1], step, to, at[0], n);
            } else {
                for (int i = 0; i < n; i++) {
                    Floats.set(to, at[0] + i * outStep, Floats.get(from, at[1] + i * step));
                }
            }
        }));
    }

    /**
     * Copies in square tiles over the input's dense axis and the output's, so that each line of memory that is fetched
     * is used whole. The tiles of all other axes are one more dimension.
     */
    private void transpose(Strided walk, int axis, MemorySegment from, MemorySegment to) {
        int last = walk.rank() - 1;
        long height = walk.dim(axis);
        long width = walk.dim(last);
        long down = Math.ceilDiv(height, TILE);
        long across = Math.ceilDiv(width, TILE);
        long others = walk.size() / height / width;
        Ranges.run(team, others * down * across, TILE * TILE, (first, end) -> {
            for (long tile = first; tile < end; tile++) {
                long row = tile / across % down * TILE;
                long column = tile % across * TILE;
                long corner = tile / across / down;
                long x = place(walk, 1, corner, axis) + row * walk.step(1, axis) + column * walk.step(1, last);
                long y = place(walk, 0, corner, axis) + row * walk.step(0, axis) + column * walk.step(0, last);
                int rows = (int) Math.min(TILE, height - row);
                int columns = (int) Math.min(TILE, width - column);
                for (int i = 0; i < rows; i++) {
                    long xRow = x + i * walk.step(1, axis);
                    long yRow = y + i * walk.step(0, axis);
                    for (int j = 0; j < columns; j++) {
                        Floats.set(to, yRow + j * walk.step(0, last), Floats.get(from, xRow + j * walk.step(1, last)));
                    }
                }
            }
        });
    }

    /** Where the matrix with the given number begins, counting over all axes but the tiled ones. */
    private static long place(Strided walk, int view, long matrix, int skipped) {
        long at = walk.at(view, 0);
        long rest = matrix;
        for (int axis = walk.rank() - 2; axis >= 0; axis--) {
            if (axis != skipped) {
                at += rest % walk.dim(axis) * walk.step(view, axis);
                rest /= walk.dim(axis);
            }
        }
        return at;
    }

    private void convert(Strided walk, View x, View out) {
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(out);
        long step = walk.innerStep(1);
        long outStep = walk.innerStep(0);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            double[] values = new double[Math.min(n, Scratch.LENGTH)];
            for (int i = 0; i < n; i += values.length) {
                int count = Math.min(values.length, n - i);
                Typed.load(x.dtype(), from, at[1] + i * step, step, values, count);
                Typed.store(out.dtype(), values, to, at[0] + i * outStep, outStep, count);
            }
        }));
    }
}
