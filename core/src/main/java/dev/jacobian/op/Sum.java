package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The sum along axes, which stay with length 1. Its gradient is the same for every summand.
 *
 * @param axes which, counted from the front
 */
public record Sum(List<Integer> axes) implements Op {
    static Shape reduced(Shape shape, List<Integer> axes) {
        Shape out = shape;
        for (int axis : axes) {
            out = out.with(axis, 1);
        }
        return out;
    }

    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Tensor y = Tensor.empty(x.device(), x.dtype(), reduced(x.shape(), axes));
        x.device().backend().reduce(ReduceOp.SUM, x.view(), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(dy.expand(context.inputShape(0).toArray()));
    }
}
