package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.Locale;

/**
 * The largest or smallest along axes, which stay with length 1. Ties share the gradient equally, so that it is the mean
 * of the subgradients.
 *
 * @param function {@link ReduceOp#MAX} or {@link ReduceOp#MIN}
 * @param axes which, counted from the front
 */
public record Extremum(ReduceOp function, List<Integer> axes) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = context.save(inputs[0]);
        Tensor y = Tensor.empty(x.device(), x.dtype(), Sum.reduced(x.shape(), axes));
        x.device().backend().reduce(function, x.view(), y.view());
        return context.save(y);
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor x = context.saved(0);
        Tensor winners = x.eq(context.saved(1)).to(dy.dtype());
        Tensor count = winners.sum(axes.stream().mapToInt(i -> i).toArray(), true);
        return List.of(winners.mul(dy.div(count)));
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT);
    }
}
