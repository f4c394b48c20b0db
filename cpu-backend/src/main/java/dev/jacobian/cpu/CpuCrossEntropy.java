package dev.jacobian.cpu;

import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.View;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Cross-entropy with class indices: one pass over the logits, a row of which stays in cache meanwhile. */
final class CpuCrossEntropy {
    private final Parallel team;
    private final SoftmaxRows rows;
    private final ReduceRows reductions;

    CpuCrossEntropy(Parallel team, SoftmaxRows rows, ReduceRows reductions) {
        this.team = team;
        this.rows = rows;
        this.reductions = reductions;
    }

    void forward(View logits, View target, int ignoreIndex, double smoothing, View logSumExp, View loss) {
        int classes = logits.dim(1);
        Labels.check("crossEntropy", target, ignoreIndex, classes);
        Ranges.run(team, logits.dim(0), Math.max(1, classes), (first, last) -> {
            Row row = new Row(logits);
            for (long i = first; i < last; i++) {
                row.load(i);
                float max = rows.max(row.memory, row.at, classes);
                double lse = max + Math.log(rows.sumExp(row.memory, row.at, classes, max));
                set(logSumExp, i, (float) lse);
                int label = Labels.get(target, i);
                double value = 0;
                if (label != ignoreIndex) {
                    value = lse - (1 - smoothing) * Floats.get(row.memory, row.at + label);
                    if (smoothing != 0) {
                        value -= smoothing / classes * sum(row.memory, row.at, classes);
                    }
                }
                set(loss, i, (float) value);
            }
        });
    }

    void backward(View logits, View target, int ignoreIndex, double smoothing, View logSumExp, View dloss,
            View dlogits) {
        int classes = logits.dim(1);
        Labels.check("crossEntropy", target, ignoreIndex, classes);
        MemorySegment to = Floats.memory(dlogits);
        float shift = (float) (smoothing / classes);
        Ranges.run(team, logits.dim(0), Math.max(1, classes), (first, last) -> {
            Row row = new Row(logits);
            for (long i = first; i < last; i++) {
                long at = dlogits.offset() + i * classes;
                int label = Labels.get(target, i);
                if (label == ignoreIndex) {
                    Strided.fill(to, at, 0, classes);
                    continue;
                }
                row.load(i);
                float scale = get(dloss, i);
                float lse = get(logSumExp, i);
                double hit = Math.exp((double) Floats.get(row.memory, row.at + label) - lse);
                rows.shiftedExp(row.memory, row.at, lse, shift, scale, to, at, classes);
                Floats.set(to, at + label, (float) ((hit - smoothing / classes - (1 - smoothing)) * scale));
            }
        });
    }

    private double sum(MemorySegment memory, long at, int n) {
        double sum = 0;
        for (int i = 0; i < n; i += ReduceRows.RUN) {
            sum += reductions.run(ReduceOp.SUM, memory, at + i, Math.min(ReduceRows.RUN, n - i));
        }
        return sum;
    }

    private static float get(View view, long i) {
        return Floats.get(Floats.memory(view), view.offset() + i * view.stride(0));
    }

    private static void set(View view, long i, float value) {
        Floats.set(Floats.memory(view), view.offset() + i * view.stride(0), value);
    }

    /** One row of logits at a time, where it lies if it is dense, else gathered. */
    private static final class Row {
        private final View logits;
        private final MemorySegment source;
        private final MemorySegment memory;
        private final boolean dense;
        private long at;

        Row(View logits) {
            this.logits = logits;
            this.source = Floats.memory(logits);
            this.dense = logits.stride(1) == 1 || logits.dim(1) == 1;
            this.memory = dense ? source : Arena.ofAuto().allocate(4L * logits.dim(1), 64);
        }

        void load(long i) {
            at = logits.offset() + i * logits.stride(0);
            if (!dense) {
                Strided.gather(source, at, logits.stride(1), memory, 0, logits.dim(1));
                at = 0;
            }
        }
    }
}
