package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Puts a tensor into a range of a longer axis whose other elements are one value: padding, and the gradient of a slice.
 *
 * @param axis the axis
 * @param from where the first index goes
 * @param step the distance between indices
 * @param length the length of the result's axis
 * @param value what the other elements are
 */
public record Embed(int axis, int from, int step, int length, double value) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Tensor y = Tensor.full(x.device(), x.dtype(), x.shape().with(axis, length), value);
        y.device().backend().copy(x.view(), Slice.of(y.view(), axis, from, x.dim(axis), step));
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(Autograd.apply(new Slice(axis, from, context.inputShape(0).dim(axis), step), dy));
    }

    @Override
    public String name() {
        return "pad";
    }
}
