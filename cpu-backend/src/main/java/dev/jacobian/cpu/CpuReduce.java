package dev.jacobian.cpu;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Reductions over any axes. The axes fall into kept and reduced ones. Where the input's densest axis is reduced, each
 * output is a sum over runs; where it is kept, a block of outputs is a sum over rows. Either way the reduced elements
 * are cut into pieces by the shape alone, each piece is summed in float32 lanes for a bounded length and in double
 * precision beyond it, and the pieces are added in their order.
 */
final class CpuReduce {
    /** Elements in a piece. */
    private static final int PIECE = 32_768;

    /** Bounds of what is kept for each piece of each output where the runs of outputs alternate. */
    private static final int MOST_INTERLEAVED = 1024;
    private static final int MOST_PIECES = 16;

    private final Parallel team;
    private final ReduceRows rows;

    CpuReduce(Parallel team, ReduceRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void reduce(ReduceOp op, View x, View out) {
        if (out.size() == 0) {
            return;
        }
        if (x.size() == 0) {
            new CpuCopy(team).fill(identity(op, out.dtype()), out);
            return;
        }
        int[] kept = Strided.ordered(x, out, false);
        int[] reduced = Strided.ordered(x, out, true);
        Strided outputs = Strided.merged(kept, out, x);
        Strided inputs = reduced.length == 0 ? null : Strided.merged(reduced, x);
        if (inputs == null) {
            new CpuCopy(team).copy(x, out);
        } else if (x.dtype() != DType.FLOAT32) {
            plain(op, x, out, outputs, inputs);
        } else if (byRuns(kept, reduced, x)) {
            runs(op, x, out, outputs, inputs);
        } else {
            columns(op, x, out, outputs, inputs);
        }
    }

    private static boolean byRuns(int[] kept, int[] reduced, View x) {
        return kept.length == 0 || x.stride(reduced[reduced.length - 1]) <= x.stride(kept[kept.length - 1]);
    }

    private static double identity(ReduceOp op, DType dtype) {
        return switch (op) {
            case SUM -> 0;
            case MAX -> dtype == DType.INT32 ? Integer.MIN_VALUE : Double.NEGATIVE_INFINITY;
            case MIN -> dtype == DType.INT32 ? Integer.MAX_VALUE : Double.POSITIVE_INFINITY;
        };
    }

    static double combine(ReduceOp op, double a, double b) {
        return switch (op) {
            case SUM -> a + b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
        };
    }

    private void runs(ReduceOp op, View x, View out, Strided outputs, Strided inputs) {
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(out);
        if (inputs.rank() == 1 && inputs.innerStep(0) == 1 && inputs.size() <= ReduceRows.RUN) {
            shortRuns(op, from, to, outputs, (int) inputs.size());
            return;
        }
        if (isInterleaved(outputs, inputs)) {
            interleavedRuns(op, x, out, outputs, inputs);
            return;
        }
        long pieces = Math.ceilDiv(inputs.size(), PIECE);
        long piece = Math.ceilDiv(inputs.size(), pieces);
        double[] partial = new double[Math.toIntExact(pieces == 1 ? 0 : outputs.size() * pieces)];
        Ranges.run(team, outputs.size() * pieces, piece, (first, last) -> {
            for (long task = first; task < last; task++) {
                long output = task / pieces;
                long begin = task % pieces * piece;
                long base = outputs.at(1, output) - x.offset();
                double sum = run(op, from, base, inputs, begin, Math.min(inputs.size(), begin + piece));
                if (pieces == 1) {
                    Floats.set(to, outputs.at(0, output), (float) sum);
                } else {
                    partial[(int) task] = sum;
                }
            }
        });
        for (int output = 0; pieces > 1 && output < outputs.size(); output++) {
            double sum = partial[(int) (output * pieces)];
            for (int i = 1; i < pieces; i++) {
                sum = combine(op, sum, partial[(int) (output * pieces) + i]);
            }
            Floats.set(to, outputs.at(0, output), (float) sum);
        }
    }

    /** Many outputs, each of one run that is summed at once. */
    private void shortRuns(ReduceOp op, MemorySegment from, MemorySegment to, Strided outputs, int length) {
        long outStep = outputs.innerStep(0);
        long inStep = outputs.innerStep(1);
        Ranges.run(team, outputs.size(), length, (first, last) -> outputs.runs(first, last, (at, n) -> {
            for (int i = 0; i < n; i++) {
                Floats.set(to, at[0] + i * outStep, rows.run(op, from, at[1] + i * inStep, length));
            }
        }));
    }

    /**
     * Whether each output is of many short runs, between which those of the others lie, as channels in images do. Pieces
     * are groups of runs: there must be enough for all threads.
     */
    private static boolean isInterleaved(Strided outputs, Strided inputs) {
        return outputs.size() > 1 && inputs.rank() == 2 && inputs.dim(0) >= MOST_PIECES
                && inputs.innerStep(0) == 1 && inputs.dim(1) <= ReduceRows.RUN
                && inputs.step(0, 0) >= outputs.step(1, 0) * outputs.dim(0) && outputs.size() <= MOST_INTERLEAVED;
    }

    /** Takes the runs as they lie in memory: a piece is as many whole groups of all outputs' runs as it has room for. */
    private void interleavedRuns(ReduceOp op, View x, View out, Strided outputs, Strided inputs) {
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(out);
        int count = (int) outputs.size();
        int length = (int) inputs.dim(1);
        long groups = inputs.dim(0);
        long least = Math.max(1, PIECE / ((long) count * length));
        long most = Math.max(least, Math.ceilDiv(groups, MOST_PIECES));
        int pieces = (int) Math.ceilDiv(groups, most);
        double[] partial = new double[pieces * count];
        Arrays.fill(partial, identity(op, DType.FLOAT32));
        Ranges.run(team, pieces, most * count * length, (first, last) -> {
            for (long group = first * most; group < Math.min(groups, last * most); group++) {
                int piece = (int) (group / most) * count;
                for (int output = 0; output < count; output++) {
                    float run = rows.run(op, from, outputs.at(1, output) + group * inputs.step(0, 0), length);
                    partial[piece + output] = combine(op, partial[piece + output], run);
                }
            }
        });
        for (int output = 0; output < count; output++) {
            double sum = partial[output];
            for (int piece = 1; piece < pieces; piece++) {
                sum = combine(op, sum, partial[piece * count + output]);
            }
            Floats.set(to, outputs.at(0, output), (float) sum);
        }
    }

    /** Reduces the inputs of one output from one index to another. */
    private double run(ReduceOp op, MemorySegment from, long base, Strided inputs, long begin, long end) {
        double[] sum = {identity(op, DType.FLOAT32)};
        long step = inputs.innerStep(0);
        inputs.runs(begin, end, (at, n) -> {
            for (int i = 0; i < n; i += ReduceRows.RUN) {
                int count = Math.min(ReduceRows.RUN, n - i);
                long place = base + at[0] + i * step;
                float part;
                if (step == 1) {
                    part = rows.run(op, from, place, count);
                } else {
                    MemorySegment scratch = Scratch.blocks()[0];
                    Strided.gather(from, place, step, scratch, 0, count);
                    part = rows.run(op, scratch, 0, count);
                }
                sum[0] = combine(op, sum[0], part);
            }
        });
        return sum[0];
    }

    private void columns(ReduceOp op, View x, View out, Strided outputs, Strided inputs) {
        MemorySegment to = Floats.memory(out);
        int last = outputs.rank() - 1;
        long width = outputs.dim(last);
        long blocks = Math.ceilDiv(width, ReduceRows.COLUMNS);
        long groups = outputs.size() / width;
        long piece = Math.max(ReduceRows.ROWS, PIECE / Math.min(width, ReduceRows.COLUMNS));
        long pieces = Math.ceilDiv(inputs.size(), piece);
        double[][] partial = new double[Math.toIntExact(groups * blocks * pieces)][];
        Ranges.run(team, partial.length, Math.min(width, ReduceRows.COLUMNS) * Math.min(piece, inputs.size()),
                (first, end) -> {
                    for (long task = first; task < end; task++) {
                        long block = task / pieces;
                        long column = block % blocks * ReduceRows.COLUMNS;
                        int count = (int) Math.min(ReduceRows.COLUMNS, width - column);
                        long base = outputs.at(1, block / blocks * width + column) - x.offset();
                        long begin = task % pieces * piece;
                        partial[(int) task] = columnPiece(op, x, base, outputs.innerStep(1), count, inputs, begin,
                                Math.min(inputs.size(), begin + piece));
                    }
                });
        for (int block = 0; block < groups * blocks; block++) {
            double[] sum = partial[(int) (block * pieces)];
            for (int i = 1; i < pieces; i++) {
                double[] next = partial[(int) (block * pieces) + i];
                for (int c = 0; c < sum.length; c++) {
                    sum[c] = combine(op, sum[c], next[c]);
                }
            }
            long at = outputs.at(0, block / blocks * width + block % blocks * ReduceRows.COLUMNS);
            for (int c = 0; c < sum.length; c++) {
                Floats.set(to, at + c * outputs.innerStep(0), (float) sum[c]);
            }
        }
    }

    private double[] columnPiece(
            ReduceOp op, View x, long base, long step, int count, Strided inputs, long begin, long end) {
        double[] sum = new double[count];
        Arrays.fill(sum, identity(op, DType.FLOAT32));
        float[] part = new float[count];
        MemorySegment from = Floats.memory(x);
        long rowStep = inputs.innerStep(0);
        inputs.runs(begin, end, (at, n) -> {
            int most = step == 1 ? ReduceRows.ROWS : 1;
            for (int row = 0; row < n; row += most) {
                long place = base + at[0] + row * rowStep;
                if (step == 1) {
                    rows.columns(op, from, place, rowStep, Math.min(most, n - row), part, count);
                } else {
                    for (int c = 0; c < count; c++) {
                        part[c] = Floats.get(from, place + c * step);
                    }
                }
                for (int c = 0; c < count; c++) {
                    sum[c] = combine(op, sum[c], part[c]);
                }
            }
        });
        return sum;
    }

    /** The other types: in doubles, but for sums of int32, which wrap around. */
    private void plain(ReduceOp op, View x, View out, Strided outputs, Strided inputs) {
        MemorySegment from = Floats.memory(x);
        Ranges.run(team, outputs.size(), inputs.size(), (first, last) -> {
            for (long output = first; output < last; output++) {
                long base = outputs.at(1, output) - x.offset();
                double[] sum = {identity(op, x.dtype())};
                inputs.runs(0, inputs.size(), (at, n) -> {
                    for (int i = 0; i < n; i++) {
                        double value = Typed.get(x.dtype(), from, base + at[0] + i * inputs.innerStep(0));
                        double result = combine(op, sum[0], value);
                        sum[0] = x.dtype() == DType.INT32 ? (int) (long) result : result;
                    }
                });
                Typed.set(out.dtype(), Floats.memory(out), outputs.at(0, output), sum[0]);
            }
        });
    }

    void argReduce(ReduceOp op, View x, int axis, View out) {
        if (out.size() == 0) {
            return;
        }
        long[] steps = IntStream.range(0, x.rank()).mapToLong(i -> i == axis ? 0 : x.stride(i)).toArray();
        Strided walk = Strided.of(out, x.as(out.shape(), steps, x.offset()));
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(out);
        int length = x.dim(axis);
        long step = x.stride(axis);
        Ranges.run(team, walk.size(), length, (first, last) -> walk.runs(first, last, (at, n) -> {
            for (int i = 0; i < n; i++) {
                int best = first(op, x.dtype(), from, at[1] + i * walk.innerStep(1), step, length);
                to.set(ValueLayout.JAVA_INT, (at[0] + i * walk.innerStep(0)) << 2, best);
            }
        }));
    }

    private static int first(ReduceOp op, DType dtype, MemorySegment from, long at, long step, int length) {
        int best = 0;
        double value = Typed.get(dtype, from, at);
        for (int i = 1; i < length && !Double.isNaN(value); i++) {
            double next = Typed.get(dtype, from, at + i * step);
            if (op == ReduceOp.MAX ? next > value : next < value) {
                best = i;
                value = next;
            }
            if (Double.isNaN(next)) {
                best = i;
                value = next;
            }
        }
        return best;
    }
}
