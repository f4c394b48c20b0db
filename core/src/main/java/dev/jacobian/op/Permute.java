package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The axes in another order.
 *
 * @param order axis i of the result is axis order[i] of the input
 */
public record Permute(List<Integer> order) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        int[] axes = new int[order.size()];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = order.get(i);
        }
        return Tensor.alias(inputs[0], inputs[0].view().permute(axes));
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        int[] inverse = new int[order.size()];
        for (int i = 0; i < inverse.length; i++) {
            inverse[order.get(i)] = i;
        }
        return List.of(dy.permute(inverse));
    }
}
