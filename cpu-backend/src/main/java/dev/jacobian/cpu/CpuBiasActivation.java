package dev.jacobian.cpu;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/**
 * Bias and activation behind a product. A block of rows gets its bias, and is then still in the nearest cache for an
 * activation that is more than a comparison.
 */
final class CpuBiasActivation {
    /** Elements in a block. */
    private static final int BLOCK = 4096;

    private final Parallel team;
    private final BiasActivationRows rows;
    private final ElementRows elements;
    private final ColumnSums sums;
    private final CpuCopy copy;

    CpuBiasActivation(Parallel team, BiasActivationRows rows, ElementRows elements, CpuCopy copy) {
        this.team = team;
        this.rows = rows;
        this.elements = elements;
        this.sums = new ColumnSums(team, rows);
        this.copy = copy;
    }

    void forward(View x, View bias, Activation activation, View y) {
        int count = x.dim(0);
        int n = x.dim(1);
        if (x.size() == 0) {
            return;
        }
        if (bias.stride(0) != 1 && n > 1) {
            View dense = new View(HostBuffer.allocate(4L * n), bias.dtype(), bias.shape());
            copy.copy(bias, dense);
            forward(x, dense, activation, y);
            ((HostBuffer) dense.buffer()).free();
            return;
        }
        if (x.size() <= Ranges.SERIAL) {
            forward(x, bias, activation, y, 0, count);
        } else {
            Ranges.run(team, count, n, (first, last) -> forward(x, bias, activation, y, (int) first, (int) last));
        }
    }

    private void forward(View x, View bias, Activation activation, View y, int first, int last) {
        int n = x.dim(1);
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(y);
        MemorySegment biases = Floats.memory(bias);
        float least = activation == Activation.RELU ? 0 : Float.NEGATIVE_INFINITY;
        ElementRows.Unary function = switch (activation) {
            case NONE, RELU -> null;
            case TANH -> elements.unary(UnaryOp.TANH);
            case SIGMOID -> elements.unary(UnaryOp.SIGMOID);
        };
        int block = Math.max(1, BLOCK / n);
        for (int row = first; row < last; row += block) {
            int count = Math.min(block, last - row);
            long at = (long) row * n;
            rows.add(from, x.offset() + at, biases, bias.offset(), least, to, y.offset() + at, count, n);
            if (function != null) {
                function.run(to, y.offset() + at, to, y.offset() + at, count * n);
            }
        }
    }

    void backward(View y, View dy, Activation activation, View dx, View dbias) {
        int n = dx.dim(1);
        if (dx.size() == 0) {
            copy.fill(0, dbias);
            return;
        }
        View gradient = dy;
        if (!dy.isContiguous() || activation == Activation.NONE) {
            if (!dy.buffer().equals(dx.buffer()) || dy.offset() != dx.offset()) {
                copy.copy(dy, dx);
            }
            gradient = dx;
        }
        MemorySegment from = Floats.memory(gradient);
        long fromAt = gradient.offset();
        MemorySegment result = y == null ? from : Floats.memory(y);
        long resultAt = y == null ? fromAt : y.offset();
        MemorySegment to = Floats.memory(dx);
        long toAt = dx.offset();
        sums.run(dx.dim(0), n, Floats.memory(dbias), dbias.offset(), null, 0, (first, count, sum, sumAt, _, _) -> {
            long at = first * n;
            switch (activation) {
                case NONE -> rows.sum(from, fromAt + at, sum, sumAt, count, n);
                case RELU -> rows.maskAndSum(result, resultAt + at, from, fromAt + at, to, toAt + at, sum, sumAt,
                        count, n);
                case TANH -> rows.scaleAndSum(1, 0, result, resultAt + at, from, fromAt + at, to, toAt + at, sum, sumAt,
                        count, n);
                case SIGMOID -> rows.scaleAndSum(0, 1, result, resultAt + at, from, fromAt + at, to, toAt + at, sum,
                        sumAt, count, n);
            }
        });
    }
}
