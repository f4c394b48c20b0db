package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.SoftmaxKernel;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Softmax along one axis. Backward: dx = y ⊙ (dy − Σ dy ⊙ y), the product of dy with the Jacobian diag(y) − y yᵀ.
 *
 * @param axis the axis
 */
public record Softmax(int axis) implements FusedOp<SoftmaxKernel> {
    @Override
    public Class<SoftmaxKernel> kernel() {
        return SoftmaxKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor e = inputs[0].sub(inputs[0].detach().max(axis, true)).exp();
        return e.div(e.sum(axis, true));
    }

    @Override
    public Tensor forward(SoftmaxKernel kernel, OpContext context, Tensor... inputs) {
        Tensor y = inputs[0].emptyLike();
        kernel.softmax(inputs[0].view(), axis, y.view());
        return context.save(y);
    }

    @Override
    public List<Tensor> backward(SoftmaxKernel kernel, OpContext context, Tensor dy) {
        Tensor y = context.saved(0);
        Tensor dx = context.newGradient(0);
        kernel.softmaxBackward(y.view(), dy.view(), axis, dx.view());
        return List.of(dx);
    }
}
