package dev.jacobian.cpu;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Elementwise functions of views of any strides. Dense runs, and numbers repeated along them, go straight to the row
 * kernels; other operands are gathered, and other outputs scattered, a block at a time. What is small and dense does not
 * even need a walk to be prepared, which would take longer than the work.
 */
final class CpuElementwise {
    private final Parallel team;
    private final ElementRows rows;

    CpuElementwise(Parallel team, ElementRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void unary(UnaryOp op, View x, View out) {
        if (out.size() == 0) {
            return;
        }
        if (x.dtype() == DType.FLOAT32 && x.isContiguous() && out.isContiguous() && out.size() <= Ranges.SERIAL) {
            rows.unary(op).run(Floats.memory(x), x.offset(), Floats.memory(out), out.offset(), (int) out.size());
            return;
        }
        Strided walk = Strided.of(out, x);
        if (x.dtype() != DType.FLOAT32) {
            wide(walk, x, x, out, (a, _) -> x.dtype() == DType.FLOAT64
                    ? PlainMath.apply(op, a)
                    : PlainMath.apply(op, (int) a));
            return;
        }
        ElementRows.Unary row = rows.unary(op);
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(out);
        long step = walk.innerStep(1);
        long outStep = walk.innerStep(0);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (step == 1 && outStep == 1) {
                row.run(from, at[1], to, at[0], n);
                return;
            }
            MemorySegment[] scratch = Scratch.blocks();
            for (int i = 0; i < n; i += Scratch.LENGTH) {
                int count = Math.min(Scratch.LENGTH, n - i);
                Strided.gather(from, at[1] + i * step, step, scratch[0], 0, count);
                row.run(scratch[0], 0, scratch[0], 0, count);
                Strided.scatter(scratch[0], 0, to, at[0] + i * outStep, outStep, count);
            }
        }));
    }

    void binary(BinaryOp op, View a, double b, View out) {
        if (out.size() == 0) {
            return;
        }
        if (a.dtype() == DType.FLOAT32 && a.isContiguous() && out.isContiguous() && out.size() <= Ranges.SERIAL) {
            rows.binary(op).run(Floats.memory(a), a.offset(), (float) b, Floats.memory(out), out.offset(),
                    (int) out.size());
            return;
        }
        Strided walk = Strided.of(out, a);
        if (a.dtype() != DType.FLOAT32) {
            wide(walk, a, a, out, (x, _) -> a.dtype() == DType.FLOAT64
                    ? PlainMath.apply(op, x, b)
                    : PlainMath.apply(op, (int) x, a.dtype() == DType.BOOL ? (b != 0 ? 1 : 0) : (int) b));
            return;
        }
        ElementRows.Binary row = rows.binary(op);
        MemorySegment from = Floats.memory(a);
        MemorySegment to = Floats.memory(out);
        float number = (float) b;
        long step = walk.innerStep(1);
        long outStep = walk.innerStep(0);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (step == 1 && outStep == 1) {
                row.run(from, at[1], number, to, at[0], n);
                return;
            }
            MemorySegment[] scratch = Scratch.blocks();
            for (int i = 0; i < n; i += Scratch.LENGTH) {
                int count = Math.min(Scratch.LENGTH, n - i);
                Strided.gather(from, at[1] + i * step, step, scratch[0], 0, count);
                row.run(scratch[0], 0, number, scratch[0], 0, count);
                Strided.scatter(scratch[0], 0, to, at[0] + i * outStep, outStep, count);
            }
        }));
    }

    void binary(BinaryOp op, View a, View b, View out) {
        if (out.size() == 0) {
            return;
        }
        if (a.dtype() == DType.FLOAT32 && a.isContiguous() && b.isContiguous() && out.isContiguous()
                && out.size() <= Ranges.SERIAL) {
            rows.binary(op).run(Floats.memory(a), a.offset(), Floats.memory(b), b.offset(), Floats.memory(out),
                    out.offset(), (int) out.size());
            return;
        }
        Strided walk = Strided.of(out, a, b);
        if (a.dtype() != DType.FLOAT32) {
            wide(walk, a, b, out, (x, y) -> a.dtype() == DType.FLOAT64
                    ? PlainMath.apply(op, x, y)
                    : PlainMath.apply(op, (int) x, (int) y));
            return;
        }
        ElementRows.Binary row = rows.binary(op);
        MemorySegment left = Floats.memory(a);
        MemorySegment right = Floats.memory(b);
        MemorySegment to = Floats.memory(out);
        long aStep = walk.innerStep(1);
        long bStep = walk.innerStep(2);
        long outStep = walk.innerStep(0);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (outStep == 1 && aStep == 1 && bStep == 1) {
                row.run(left, at[1], right, at[2], to, at[0], n);
            } else if (outStep == 1 && aStep == 1 && bStep == 0) {
                row.run(left, at[1], Floats.get(right, at[2]), to, at[0], n);
            } else if (outStep == 1 && aStep == 0 && bStep == 1) {
                row.run(Floats.get(left, at[1]), right, at[2], to, at[0], n);
            } else {
                MemorySegment[] scratch = Scratch.blocks();
                for (int i = 0; i < n; i += Scratch.LENGTH) {
                    int count = Math.min(Scratch.LENGTH, n - i);
                    Strided.gather(left, at[1] + i * aStep, aStep, scratch[0], 0, count);
                    Strided.gather(right, at[2] + i * bStep, bStep, scratch[1], 0, count);
                    row.run(scratch[0], 0, scratch[1], 0, scratch[0], 0, count);
                    Strided.scatter(scratch[0], 0, to, at[0] + i * outStep, outStep, count);
                }
            }
        }));
    }

    void compare(CompareOp op, View a, View b, View out) {
        if (out.size() == 0) {
            return;
        }
        Strided walk = Strided.of(out, a, b);
        long aStep = walk.innerStep(1);
        long bStep = walk.innerStep(2);
        if (a.dtype() != DType.FLOAT32 || walk.innerStep(0) != 1) {
            wide(walk, a, b, out, (x, y) -> PlainMath.apply(op, x, y) ? 1 : 0);
            return;
        }
        ElementRows.Compare row = rows.compare(op);
        MemorySegment left = Floats.memory(a);
        MemorySegment right = Floats.memory(b);
        MemorySegment to = Floats.memory(out);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (aStep == 1 && bStep == 1) {
                row.run(left, at[1], right, at[2], to, at[0], n);
            } else if (aStep == 1 && bStep == 0) {
                row.run(left, at[1], Floats.get(right, at[2]), to, at[0], n);
            } else {
                MemorySegment[] scratch = Scratch.blocks();
                for (int i = 0; i < n; i += Scratch.LENGTH) {
                    int count = Math.min(Scratch.LENGTH, n - i);
                    Strided.gather(left, at[1] + i * aStep, aStep, scratch[0], 0, count);
                    Strided.gather(right, at[2] + i * bStep, bStep, scratch[1], 0, count);
                    row.run(scratch[0], 0, scratch[1], 0, to, at[0] + i, count);
                }
            }
        }));
    }

    void where(View condition, View a, View b, View out) {
        if (out.size() == 0) {
            return;
        }
        Strided walk = Strided.of(out, a, b, condition);
        MemorySegment mask = Floats.memory(condition);
        MemorySegment left = Floats.memory(a);
        MemorySegment right = Floats.memory(b);
        MemorySegment to = Floats.memory(out);
        boolean direct = out.dtype() == DType.FLOAT32 && walk.innerStep(0) == 1 && walk.innerStep(3) == 1;
        long aStep = walk.innerStep(1);
        long bStep = walk.innerStep(2);
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (!direct) {
                choose(walk, out.dtype(), new MemorySegment[] {to, left, right, mask}, at, n);
            } else if (aStep == 1 && bStep == 1) {
                rows.where(mask, at[3], left, at[1], right, at[2], to, at[0], n);
            } else {
                MemorySegment[] scratch = Scratch.blocks();
                for (int i = 0; i < n; i += Scratch.LENGTH) {
                    int count = Math.min(Scratch.LENGTH, n - i);
                    Strided.gather(left, at[1] + i * aStep, aStep, scratch[0], 0, count);
                    Strided.gather(right, at[2] + i * bStep, bStep, scratch[1], 0, count);
                    rows.where(mask, at[3] + i, scratch[0], 0, scratch[1], 0, to, at[0] + i, count);
                }
            }
        }));
    }

    private static void choose(Strided walk, DType dtype, MemorySegment[] memory, long[] at, int n) {
        for (int i = 0; i < n; i++) {
            boolean first = memory[3].get(ValueLayout.JAVA_BYTE, at[3] + i * walk.innerStep(3)) != 0;
            int from = first ? 1 : 2;
            double value = Typed.get(dtype, memory[from], at[from] + i * walk.innerStep(from));
            Typed.set(dtype, memory[0], at[0] + i * walk.innerStep(0), value);
        }
    }

    /** A function of one or two elements; those of one ignore the second. */
    @FunctionalInterface
    private interface Wide {
        double apply(double a, double b);
    }

    /** The other types, in doubles, which hold all their values. */
    private void wide(Strided walk, View a, View b, View out, Wide function) {
        int second = a == b ? 1 : 2;
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            double[] left = new double[Math.min(n, Scratch.LENGTH)];
            double[] right = new double[left.length];
            for (int i = 0; i < n; i += left.length) {
                int count = Math.min(left.length, n - i);
                Typed.load(a.dtype(), Floats.memory(a), at[1] + i * walk.innerStep(1), walk.innerStep(1), left, count);
                long step = walk.innerStep(second);
                Typed.load(b.dtype(), Floats.memory(b), at[second] + i * step, step, right, count);
                for (int j = 0; j < count; j++) {
                    left[j] = function.apply(left[j], right[j]);
                }
                long outStep = walk.innerStep(0);
                Typed.store(out.dtype(), left, Floats.memory(out), at[0] + i * outStep, outStep, count);
            }
        }));
    }
}
