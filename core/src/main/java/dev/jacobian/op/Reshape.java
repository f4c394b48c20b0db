package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The same elements under another shape: a view where strides allow it, else a copy.
 *
 * @param shape the new shape
 */
public record Reshape(Shape shape) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        View view = x.view().reshape(shape);
        if (view != null) {
            return Tensor.alias(x, view);
        }
        Tensor y = Tensor.empty(x.device(), x.dtype(), shape);
        y.device().backend().copy(x.view(), y.view().reshape(x.shape()));
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(dy.reshape(context.inputShape(0)));
    }
}
