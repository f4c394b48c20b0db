package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.View;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Every step-th index of a range of one axis. Backward: the gradient among zeros.
 *
 * @param axis the axis
 * @param from the first index
 * @param length how many
 * @param step the distance between them
 */
public record Slice(int axis, int from, int length, int step) implements Op {
    static View of(View x, int axis, int from, int length, int step) {
        long[] strides = new long[x.rank()];
        for (int i = 0; i < strides.length; i++) {
            strides[i] = i == axis ? x.stride(i) * step : x.stride(i);
        }
        long offset = length == 0 ? x.offset() : x.offset() + from * x.stride(axis);
        return x.as(x.shape().with(axis, length), strides, offset);
    }

    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        return Tensor.alias(inputs[0], of(inputs[0].view(), axis, from, length, step));
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(Autograd.apply(new Embed(axis, from, step, context.inputShape(0).dim(axis), 0), dy));
    }
}
