package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Batched matrix product C = A · B. Backward: dA = dC · Bᵀ, dB = Aᵀ · dC. */
public record MatMul() implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = context.save(inputs[0]);
        Tensor b = context.save(inputs[1]);
        if (a.rank() == 2 && b.rank() == 2) {
            Tensor c = Tensor.empty(a.device(), a.dtype(), Shape.of(a.dim(0), b.dim(1)));
            a.device().backend().matmul(a.view(), b.view(), c.view(), false);
            return c;
        }
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

    /**
     * The gradient of an operation's input that is a product of matrices: recorded if it may be differentiated again, else
     * written to where it is kept.
     */
    static Tensor gradient(OpContext context, int input, Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        if (Autograd.isRecording()) {
            return (transposeA ? a.transpose() : a).matmul(transposeB ? b.transpose() : b);
        }
        Tensor product = context.newGradient(input);
        View left = transposeA ? a.view().permute(1, 0) : a.view();
        View right = transposeB ? b.view().permute(1, 0) : b.view();
        product.device().backend().matmul(left, right, product.view(), false);
        return product;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor a = context.saved(0);
        Tensor b = context.saved(1);
        if (a.rank() == 2 && b.rank() == 2) {
            return Arrays.asList(context.needsGrad(0) ? gradient(context, 0, dy, false, b, true) : null,
                    context.needsGrad(1) ? gradient(context, 1, a, true, dy, false) : null);
        }
        return Arrays.asList(context.needsGrad(0) ? dy.matmul(b.transpose()) : null,
                context.needsGrad(1) ? a.transpose().matmul(dy) : null);
    }
}
