package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Joins tensors along an axis. Backward: each part's range of the gradient.
 *
 * @param axis the axis
 */
public record Concat(int axis) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        long length = 0;
        for (Tensor x : inputs) {
            if (x.rank() != inputs[0].rank() || !x.shape().with(axis, 0).equals(inputs[0].shape().with(axis, 0))) {
                throw new IllegalArgumentException("concat: shapes " + inputs[0].shape() + " and " + x.shape()
                        + " differ in another axis than " + axis);
            }
            length += x.dim(axis);
        }
        if (length > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "concat: length " + length + " of axis " + axis + ", expected at most " + Integer.MAX_VALUE);
        }
        Tensor y = Tensor.empty(inputs[0].device(), inputs[0].dtype(), inputs[0].shape().with(axis, (int) length));
        int from = 0;
        for (Tensor x : inputs) {
            y.device().backend().copy(x.view(), Slice.of(y.view(), axis, from, x.dim(axis), 1));
            from += x.dim(axis);
        }
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        List<Tensor> gradients = new ArrayList<>(context.inputs());
        int from = 0;
        for (int i = 0; i < context.inputs(); i++) {
            int to = from + context.inputShape(i).dim(axis);
            gradients.add(dy.slice(axis, from, to));
            from = to;
        }
        return gradients;
    }
}
