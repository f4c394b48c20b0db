package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Dropout of x, by a mask that is a function of (seed, stream, step) and is made again for the backward pass instead of
 * being stored (Srivastava et al., 2014). The second input is the step, one int32.
 *
 * @param p the probability of zero
 * @param seed the seed
 * @param stream the stream
 */
public record Dropout(double p, long seed, long stream) implements FusedOp<DropoutKernel> {
    @Override
    public Class<DropoutKernel> kernel() {
        return DropoutKernel.class;
    }

    private RandomKey key(Tensor step) {
        return new RandomKey(seed, stream, step.view());
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor uniform = inputs[0].emptyLike();
        uniform.device().backend().random(Distribution.UNIFORM, key(inputs[1]), uniform.view());
        return Tensor.where(uniform.ge((float) p), inputs[0].div(1 - (float) p), inputs[0].detach().zerosLike());
    }

    @Override
    public Tensor forward(DropoutKernel kernel, OpContext context, Tensor... inputs) {
        Tensor step = context.save(inputs[1]);
        Tensor y = inputs[0].emptyLike();
        kernel.dropout(inputs[0].view(), p, key(step), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(DropoutKernel kernel, OpContext context, Tensor dy) {
        Tensor dx = context.newGradient(0, dy);
        kernel.dropout(dy.view(), p, key(context.saved(0)), dx.view());
        return Arrays.asList(dx, null);
    }
}
