package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.LogSoftmaxKernel;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The logarithm of softmax along one axis. Backward: dx = dy − eʸ Σ dy.
 *
 * @param axis the axis
 */
public record LogSoftmax(int axis) implements FusedOp<LogSoftmaxKernel> {
    @Override
    public Class<LogSoftmaxKernel> kernel() {
        return LogSoftmaxKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor x = inputs[0].sub(inputs[0].detach().max(axis, true));
        return x.sub(x.exp().sum(axis, true).log());
    }

    @Override
    public Tensor forward(LogSoftmaxKernel kernel, OpContext context, Tensor... inputs) {
        Tensor y = inputs[0].emptyLike();
        kernel.logSoftmax(inputs[0].view(), axis, y.view());
        return context.save(y);
    }

    @Override
    public List<Tensor> backward(LogSoftmaxKernel kernel, OpContext context, Tensor dy) {
        Tensor y = context.saved(0);
        Tensor dx = context.newGradient(0);
        kernel.logSoftmaxBackward(y.view(), dy.view(), axis, dx.view());
        return List.of(dx);
    }

    @Override
    public String name() {
        return "log softmax";
    }
}
