package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A function of one element and a number.
 *
 * @param function which
 * @param value the number on the right
 */
public record BinaryScalar(BinaryOp function, double value) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = inputs[0];
        Tensor y = a.emptyLike();
        a.device().backend().binary(function, a.view(), value, y.view());
        switch (function) {
            case ADD, SUB, MUL, DIV, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> {
                // the derivative needs nothing
            }
            case POW, MAXIMUM, MINIMUM -> context.save(a);
        }
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return Arrays.asList(switch (function) {
            case ADD, SUB -> dy;
            case MUL -> dy.mul(value);
            case DIV -> dy.div(value);
            case POW -> value == 0 ? dy.zerosLike() : dy.mul(context.saved(0).pow(value - 1)).mul(value);
            case MAXIMUM -> share(dy, context.saved(0).gt(value), context.saved(0).eq(value));
            case MINIMUM -> share(dy, context.saved(0).lt(value), context.saved(0).eq(value));
            case RELU_GRAD -> value > 0 ? dy : dy.zerosLike();
            case TANH_GRAD -> dy.mul(1 - value * value);
            case SIGMOID_GRAD -> dy.mul(value * (1 - value));
        });
    }

    private static Tensor share(Tensor dy, Tensor ahead, Tensor equal) {
        return dy.mul(ahead.to(dy.dtype()).add(equal.to(dy.dtype()).mul(0.5)));
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT);
    }
}
