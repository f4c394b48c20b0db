package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.LinearKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * y = x · Wᵀ + b of rows x. Where the backend has no kernel for it, the product is added to the repeated bias, which saves
 * a pass over y. Backward: dx = dy · W, dW = dyᵀ · x, db = Σ dy over rows.
 */
public record Linear() implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = context.save(inputs[0]);
        Tensor weight = context.save(inputs[1]);
        Backend backend = x.device().backend();
        Tensor y = Tensor.empty(x.device(), x.dtype(), Shape.of(x.dim(0), weight.dim(0)));
        boolean biased = inputs.length == 3;
        LinearKernel kernel = biased ? backend.kernel(LinearKernel.class, x.dtype()) : null;
        if (kernel != null) {
            kernel.linear(x.view(), weight.view(), inputs[2].view(), y.view());
            return y;
        }
        if (biased) {
            backend.copy(inputs[2].view().expand(y.shape()), y.view());
        }
        backend.matmul(x.view(), weight.view().permute(1, 0), y.view(), biased);
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        Tensor dx = context.needsGrad(0) ? MatMul.gradient(context, 0, dy, false, context.saved(1), false) : null;
        Tensor dw = context.needsGrad(1) ? MatMul.gradient(context, 1, dy, true, context.saved(0), false) : null;
        if (context.inputs() == 2) {
            return Arrays.asList(dx, dw);
        }
        return Arrays.asList(dx, dw, context.needsGrad(2) ? Sum.gradient(context, 2, dy, 0) : null);
    }
}
