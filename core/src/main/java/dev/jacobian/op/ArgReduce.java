package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.tensor.Tensor;
import java.util.Collections;
import java.util.List;

/**
 * Where the largest or smallest element along an axis is; its result is int32, so no gradient passes.
 *
 * @param function {@link ReduceOp#MAX} or {@link ReduceOp#MIN}
 * @param axis the axis, which stays with length 1
 */
public record ArgReduce(ReduceOp function, int axis) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        if (x.dim(axis) == 0) {
            throw new IllegalArgumentException(name() + ": axis " + axis + " of shape " + x.shape()
                    + " is empty, expected at least one element");
        }
        Tensor y = Tensor.empty(x.device(), DType.INT32, x.shape().with(axis, 1));
        x.device().backend().argReduce(function, x.view(), axis, y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return Collections.singletonList(null);
    }

    @Override
    public String name() {
        return function == ReduceOp.MAX ? "argmax" : "argmin";
    }
}
