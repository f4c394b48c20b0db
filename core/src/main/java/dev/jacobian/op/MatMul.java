package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Batched matrix product C = A · B. Backward: dA = dC · Bᵀ, dB = Aᵀ · dC. */
public record MatMul() implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = context.save(inputs[0]);
        Tensor b = context.save(inputs[1]);
        return multiply(a.view(), b.view(), shape -> Tensor.empty(a.device(), a.dtype(), shape));
    }

    private static Tensor multiply(View a, View b, Function<Shape, Tensor> memory) {
        View left = a;
        View right = b;
        Shape shape = Shape.of(a.dim(-2), b.dim(-1));
        if (a.rank() > 2 || b.rank() > 2) {
            int[] batch = Shape.broadcast("matmul", outer(a), outer(b)).toArray();
            left = a.expand(matrices(batch, a.dim(-2), a.dim(-1)));
            right = b.expand(matrices(batch, b.dim(-2), b.dim(-1)));
            shape = matrices(batch, a.dim(-2), b.dim(-1));
        }
        Tensor c = memory.apply(shape);
        c.device().backend().matmul(left, right, c.view(), false);
        return c;
    }

    private static Shape outer(View x) {
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
     * written to where it is kept, unless it is yet to be summed over a batch.
     */
    static Tensor gradient(OpContext context, int input, Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        if (Autograd.isRecording()) {
            return (transposeA ? a.transpose() : a).matmul(transposeB ? b.transpose() : b);
        }
        return multiply(transposeA ? transposed(a.view()) : a.view(), transposeB ? transposed(b.view()) : b.view(),
                shape -> shape.equals(context.inputShape(input))
                        ? context.newGradient(input)
                        : Tensor.empty(a.device(), a.dtype(), shape));
    }

    private static View transposed(View x) {
        int[] order = new int[x.rank()];
        Arrays.setAll(order, i -> i);
        order[x.rank() - 2] = x.rank() - 1;
        order[x.rank() - 1] = x.rank() - 2;
        return x.permute(order);
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor a = context.saved(0);
        Tensor b = context.saved(1);
        return Arrays.asList(context.needsGrad(0) ? gradient(context, 0, dy, false, b, true) : null,
                context.needsGrad(1) ? gradient(context, 1, a, true, dy, false) : null);
    }
}
