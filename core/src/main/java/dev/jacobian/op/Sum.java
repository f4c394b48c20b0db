package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The sum along axes. Its gradient is the same for every summand.
 *
 * @param axes which, counted from the front, in rising order
 * @param keepAxes whether they stay, with length 1
 */
public record Sum(List<Integer> axes, boolean keepAxes) implements Op {
    static Shape reduced(Shape shape, List<Integer> axes) {
        int[] dims = shape.toArray();
        for (int axis : axes) {
            dims[axis] = 1;
        }
        return Shape.of(dims);
    }

    /**
     * The gradient of an operation's input that is a sum along axes: recorded if it may be differentiated again, else
     * written to where it is kept.
     */
    static Tensor gradient(OpContext context, int input, Tensor dy, int... axes) {
        if (Autograd.isRecording()) {
            return dy.sum(axes, false);
        }
        Tensor sum = context.newGradient(input);
        int[] kept = dy.shape().toArray();
        for (int axis : axes) {
            kept[axis] = 1;
        }
        dy.device().backend().reduce(ReduceOp.SUM, dy.view(), sum.view().reshape(Shape.of(kept)));
        return sum;
    }

    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Shape kept = reduced(x.shape(), axes);
        Tensor y = Tensor.empty(x.device(), x.dtype(), keepAxes ? kept : without(x.shape(), axes));
        x.device().backend().reduce(ReduceOp.SUM, x.view(), y.view().reshape(kept));
        return y;
    }

    private static Shape without(Shape shape, List<Integer> axes) {
        int[] dims = new int[shape.rank() - axes.size()];
        int next = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (!axes.contains(axis)) {
                dims[next++] = shape.dim(axis);
            }
        }
        return Shape.of(dims);
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Shape shape = context.inputShape(0);
        return List.of(dy.reshape(reduced(shape, axes)).expand(shape));
    }
}
