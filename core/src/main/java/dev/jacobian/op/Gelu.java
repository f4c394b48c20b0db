package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.GeluKernel;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Gaussian error linear unit, y = x · Φ(x) = x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel, 2016). Backward: dx = dy ⊙
 * (Φ(x) + x φ(x)), with the normal distribution's density φ.
 */
public record Gelu() implements FusedOp<GeluKernel> {
    @Override
    public Class<GeluKernel> kernel() {
        return GeluKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor x = inputs[0];
        return x.mul(0.5).mul(x.mul(Math.sqrt(0.5)).erf().add(1));
    }

    @Override
    public Tensor forward(GeluKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = context.save(inputs[0].contiguous());
        Tensor y = x.emptyLike();
        kernel.gelu(x.view(), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(GeluKernel kernel, OpContext context, Tensor dy) {
        Tensor gradient = dy.contiguous();
        Tensor dx = context.newGradient(0, gradient);
        kernel.geluBackward(context.saved(0).view(), gradient.view(), dx.view());
        return List.of(dx);
    }
}
