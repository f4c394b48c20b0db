package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * y = activation(x · Wᵀ + b) of rows x. Behind the product, the kernel adds the bias and applies the activation in one
 * pass, in place. Backward: with dz = dy ⊙ activation′, which comes from y in one pass with db = Σ dz over rows,
 * dx = dz · W and dW = dzᵀ · x.
 *
 * @param activation not {@link Activation#NONE}: for that there is {@link Linear}
 */
public record LinearActivation(Activation activation) implements FusedOp<BiasActivationKernel> {
    @Override
    public Class<BiasActivationKernel> kernel() {
        return BiasActivationKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor y = Autograd.apply(new Linear(), inputs);
        return switch (activation) {
            case NONE -> y;
            case RELU -> y.relu();
            case TANH -> y.tanh();
            case SIGMOID -> y.sigmoid();
        };
    }

    @Override
    public Tensor forward(BiasActivationKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = context.save(inputs[0]);
        Tensor weight = context.save(inputs[1]);
        Tensor y = Tensor.empty(x.device(), x.dtype(), Shape.of(x.dim(0), weight.dim(0)));
        x.device().backend().matmul(x.view(), weight.view().permute(1, 0), y.view(), false);
        kernel.biasActivation(y.view(), inputs[2].view(), activation, y.view());
        return context.save(y);
    }

    @Override
    public List<Tensor> backward(BiasActivationKernel kernel, OpContext context, Tensor dy) {
        Tensor y = context.saved(2);
        Tensor dz = dy.view().isContiguous() && dy.storage().isHeldOnce() ? dy : y.emptyLike();
        Tensor db = context.newGradient(2);
        kernel.biasActivationBackward(y.view(), dy.view(), activation, dz.view(), db.view());
        context.drop(2); // as the activation's own node would have, before the products
        Tensor dx = context.needsGrad(0) ? MatMul.gradient(context, 0, dz, false, context.saved(1), false) : null;
        Tensor dw = context.needsGrad(1) ? MatMul.gradient(context, 1, dz, true, context.saved(0), false) : null;
        return Arrays.asList(dx, dw, db);
    }

    @Override
    public String name() {
        return "linear with " + activation.name().toLowerCase(Locale.ROOT);
    }
}
