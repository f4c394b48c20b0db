package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** condition ? a : b, broadcast. The gradient goes to the one that was taken. */
public record Where() implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor condition = context.save(inputs[0]);
        Shape shape = Shape.broadcast(name(), condition.shape(),
                Shape.broadcast(name(), inputs[1].shape(), inputs[2].shape()));
        Tensor y = Tensor.empty(condition.device(), inputs[1].dtype(), shape);
        condition.device().backend().where(condition.view().expand(shape), inputs[1].view().expand(shape),
                inputs[2].view().expand(shape), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor condition = context.saved(0);
        Tensor zero = Tensor.full(dy.device(), dy.dtype(), Shape.SCALAR, 0);
        return Arrays.asList(null, context.needsGrad(1) ? Tensor.where(condition, dy, zero) : null,
                context.needsGrad(2) ? Tensor.where(condition, zero, dy) : null);
    }
}
