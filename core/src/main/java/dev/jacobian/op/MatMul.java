package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Batched matrix product C = A · B. Backward: dA = dC · Bᵀ, dB = Aᵀ · dC. */
public record MatMul() implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = context.save(inputs[0]);
        Tensor b = context.save(inputs[1]);
        int[] batch = Shape.broadcast(name(), outer(a), outer(b)).toArray();
        Tensor c = Tensor.empty(a.device(), a.dtype(), matrices(batch, a.dim(-2), b.dim(-1)));
        a.device().backend().matmul(a.view().expand(matrices(batch, a.dim(-2), a.dim(-1))),
                b.view().expand(matrices(batch, b.dim(-2), b.dim(-1))), c.view(), false);
        return c;
    }

    private static Shape outer(Tensor x) {
        return Shape.of(Arrays.copyOf(x.shape().toArray(), x.rank() - 2));
    }

    private static Shape matrices(int[] batch, int rows, int columns) {
        int[] dims = Arrays.copyOf(batch, batch.length + 2);
        dims[batch.length] = rows;
        dims[batch.length + 1] = columns;
        return Shape.of(dims);
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor a = context.saved(0);
        Tensor b = context.saved(1);
        return Arrays.asList(context.needsGrad(0) ? dy.matmul(b.transpose()) : null,
                context.needsGrad(1) ? a.transpose().matmul(dy) : null);
    }
}
