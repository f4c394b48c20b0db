package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Backend;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Adds elements to zeros at their indices along an axis. Backward: each element takes the gradient from its index.
 *
 * @param axis the axis
 * @param length the length of the result's axis
 */
public record ScatterAdd(int axis, int length) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Tensor index = context.save(inputs[1]);
        return add(x, axis, index, Tensor.empty(x.device(), x.dtype(), x.shape().with(axis, length)));
    }

    /** Sets the whole of y: to zeros, to which x is added. */
    static Tensor add(Tensor x, int axis, Tensor index, Tensor y) {
        Backend backend = x.device().backend();
        backend.fill(0, y.view());
        backend.scatterAdd(x.view(), axis, index.view(), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return Arrays.asList(dy.gather(axis, context.saved(0)), null);
    }

    @Override
    public String name() {
        return "scatter add";
    }
}
