package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A function of one element. The table of its derivatives is {@link #backward}.
 *
 * @param function which
 */
public record Unary(UnaryOp function) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Tensor y = x.emptyLike();
        x.device().backend().unary(function, x.view(), y.view());
        Tensor needed = switch (function) {
            case EXP, EXPM1, SQRT, RSQRT, RECIPROCAL, TANH, SIGMOID, RELU -> y;
            case ABS, SQUARE, LOG, LOG1P, SIN, COS, ERF -> x;
            case NEG, SIGN, FLOOR, CEIL, ROUND, NOT -> null;
        };
        if (needed != null) {
            context.save(needed);
        }
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return Arrays.asList(switch (function) {
            case NEG -> dy.neg();
            case ABS -> dy.mul(context.saved(0).sign());
            case SIGN, FLOOR, CEIL, ROUND, NOT -> dy.zerosLike();
            case SQUARE -> dy.mul(context.saved(0)).mul(2);
            case SQRT -> dy.div(context.saved(0)).mul(0.5);
            case RSQRT -> dy.mul(context.saved(0)).mul(context.saved(0).square()).mul(-0.5);
            case RECIPROCAL -> dy.mul(context.saved(0).square()).neg();
            case EXP -> dy.mul(context.saved(0));
            case EXPM1 -> dy.mul(context.saved(0).add(1));
            case LOG -> dy.div(context.saved(0));
            case LOG1P -> dy.div(context.saved(0).add(1));
            case SIN -> dy.mul(context.saved(0).cos());
            case COS -> dy.mul(context.saved(0).sin()).neg();
            case TANH -> Binary.gradient(context, BinaryOp.TANH_GRAD, dy);
            case SIGMOID -> Binary.gradient(context, BinaryOp.SIGMOID_GRAD, dy);
            case ERF -> dy.mul(context.saved(0).square().neg().exp()).mul(2 / Math.sqrt(Math.PI));
            case RELU -> Binary.gradient(context, BinaryOp.RELU_GRAD, dy);
        });
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT);
    }
}
