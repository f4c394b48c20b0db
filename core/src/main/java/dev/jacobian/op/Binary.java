package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A function of two elements, broadcast. The table of its derivatives is {@link #backward}.
 *
 * @param function which
 */
public record Binary(BinaryOp function) implements Op {
    static Tensor apply(BinaryOp function, Tensor a, Tensor b) {
        return Autograd.apply(new Binary(function), a, b);
    }

    /**
     * The gradient of an operation's one input, from that of its result and what was saved first, both of its shape:
     * recorded if it may be differentiated again, else written to where it is kept, or over dy.
     */
    static Tensor gradient(OpContext context, BinaryOp function, Tensor dy) {
        Tensor saved = context.saved(0);
        if (Autograd.isRecording()) {
            return apply(function, dy, saved);
        }
        Tensor dx = context.newGradient(0, dy);
        dy.device().backend().binary(function, dy.view(), saved.view(), dx.view());
        return dx;
    }

    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = inputs[0];
        Tensor b = inputs[1];
        Shape shape = a.shape().equals(b.shape()) ? a.shape() : Shape.broadcast(name(), a.shape(), b.shape());
        Tensor y = Tensor.empty(a.device(), a.dtype(), shape);
        a.device().backend().binary(function, a.view().expand(shape), b.view().expand(shape), y.view());
        switch (function) {
            case ADD, SUB -> {
                // the derivative needs nothing
            }
            case MUL, DIV, POW, MAXIMUM, MINIMUM, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> {
                context.save(a);
                context.save(b);
            }
        }
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        boolean left = context.needsGrad(0);
        boolean right = context.needsGrad(1);
        return switch (function) {
            case ADD -> Arrays.asList(dy, dy);
            case SUB -> Arrays.asList(dy, right ? dy.neg() : null);
            case MUL -> {
                Tensor a = context.saved(0);
                Tensor b = context.saved(1);
                yield Arrays.asList(left ? dy.mul(b) : null, right ? dy.mul(a) : null);
            }
            case DIV -> {
                Tensor a = context.saved(0);
                Tensor b = context.saved(1);
                Tensor da = dy.div(b);
                yield Arrays.asList(da, right ? da.mul(a).div(b).neg() : null);
            }
            case POW -> powBackward(context, dy, left, right);
            case MAXIMUM, MINIMUM -> extremeBackward(context, dy);
            case RELU_GRAD -> {
                Tensor y = context.saved(1);
                yield Arrays.asList(apply(BinaryOp.RELU_GRAD, dy, y), null);
            }
            case TANH_GRAD -> {
                Tensor y = context.saved(1);
                Tensor db = right ? dy.mul(context.saved(0)).mul(y).mul(-2) : null;
                yield Arrays.asList(apply(BinaryOp.TANH_GRAD, dy, y), db);
            }
            case SIGMOID_GRAD -> {
                Tensor y = context.saved(1);
                Tensor db = right ? dy.mul(context.saved(0)).mul(y.mul(-2).add(1)) : null;
                yield Arrays.asList(apply(BinaryOp.SIGMOID_GRAD, dy, y), db);
            }
        };
    }

    /** d(aᵇ)/da = b aᵇ⁻¹, 0 where b is 0; d(aᵇ)/db = aᵇ ln a, 0 where a is 0. */
    private static List<Tensor> powBackward(OpContext context, Tensor dy, boolean left, boolean right) {
        Tensor a = context.saved(0);
        Tensor b = context.saved(1);
        Tensor da = null;
        Tensor db = null;
        if (left) {
            Tensor slope = b.mul(a.pow(b.sub(1)));
            da = dy.mul(Tensor.where(b.eq(0), b.detach().zerosLike(), slope));
        }
        if (right) {
            Tensor logarithm = Tensor.where(a.eq(0), a.detach().onesLike(), a).log();
            db = dy.mul(a.pow(b)).mul(logarithm);
        }
        return Arrays.asList(da, db);
    }

    /** The larger (or smaller) takes the gradient; equals take half each. */
    private List<Tensor> extremeBackward(OpContext context, Tensor dy) {
        Tensor a = context.saved(0);
        Tensor b = context.saved(1);
        Tensor ahead = (function == BinaryOp.MAXIMUM ? a.gt(b) : a.lt(b)).to(dy.dtype());
        Tensor share = ahead.add(a.eq(b).to(dy.dtype()).mul(0.5));
        return Arrays.asList(dy.mul(share), dy.mul(share.neg().add(1)));
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT);
    }
}
