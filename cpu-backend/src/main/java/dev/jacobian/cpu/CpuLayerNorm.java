package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/**
 * Layer normalisation. A row stays in the nearest cache between the passes for its mean, its squared deviations and the
 * result, and a chunk of rows in the next one between its gradient and those of weight and bias.
 */
final class CpuLayerNorm {
    private final Parallel team;
    private final LayerNormRows rows;
    private final ColumnSums sums;
    private final CpuCopy copy;

    CpuLayerNorm(Parallel team, LayerNormRows rows, BiasActivationRows columns, CpuCopy copy) {
        this.team = team;
        this.rows = rows;
        this.sums = new ColumnSums(team, columns);
        this.copy = copy;
    }

    private static MemorySegment memory(View view) {
        return view == null ? null : Floats.memory(view);
    }

    private static long offset(View view) {
        return view == null ? 0 : view.offset();
    }

    void forward(View x, View weight, View bias, double epsilon, View mean, View rstd, View y) {
        int n = x.dim(1);
        MemorySegment from = memory(x);
        MemorySegment weights = memory(weight);
        MemorySegment biases = memory(bias);
        MemorySegment means = memory(mean);
        MemorySegment scales = memory(rstd);
        MemorySegment to = memory(y);
        Ranges.run(team, x.dim(0), n, (first, last) -> rows.normalize(from, x.offset() + first * n, weights,
                offset(weight), biases, offset(bias), epsilon, means, mean.offset() + first, scales,
                rstd.offset() + first, to, y.offset() + first * n, (int) (last - first), n));
    }

    void backward(View x, View weight, View mean, View rstd, View dy, View dx, View dweight, View dbias) {
        int n = x.dim(1);
        if (weight == null) {
            Ranges.run(team, x.dim(0), n,
                    (first, last) -> backward(x, null, mean, rstd, dy, dx, first, (int) (last - first)));
        } else if (x.dim(0) == 0) {
            copy.fill(0, dweight);
            copy.fill(0, dbias);
        } else {
            sums.run(x.dim(0), n, memory(dweight), dweight.offset(), memory(dbias), dbias.offset(),
                    (first, count, weightSum, weightSumAt, biasSum, biasSumAt) -> {
                        backward(x, weight, mean, rstd, dy, dx, first, count);
                        rows.parameterGradients(memory(x), x.offset() + first * n, memory(mean), mean.offset() + first,
                                memory(rstd), rstd.offset() + first, memory(dy), dy.offset() + first * n, weightSum,
                                weightSumAt, biasSum, biasSumAt, count, n);
                    });
        }
    }

    private void backward(View x, View weight, View mean, View rstd, View dy, View dx, long first, int count) {
        int n = x.dim(1);
        rows.backward(memory(x), x.offset() + first * n, memory(weight), offset(weight), memory(mean),
                mean.offset() + first, memory(rstd), rstd.offset() + first, memory(dy), dy.offset() + first * n,
                memory(dx), dx.offset() + first * n, count, n);
    }
}
