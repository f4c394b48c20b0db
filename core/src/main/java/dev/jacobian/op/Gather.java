package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * One element per index along an axis. Backward: each gradient is added where its element came from.
 *
 * @param axis the axis
 */
public record Gather(int axis) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Tensor index = context.save(inputs[1]);
        Tensor y = Tensor.empty(x.device(), x.dtype(), index.shape());
        x.device().backend().gather(x.view(), axis, index.view(), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor index = context.saved(0);
        Tensor dx = Autograd.isRecording()
                ? dy.scatterAdd(axis, index, context.inputShape(0).dim(axis))
                : ScatterAdd.add(dy, axis, index, context.newGradient(0));
        return Arrays.asList(dx, null);
    }
}
