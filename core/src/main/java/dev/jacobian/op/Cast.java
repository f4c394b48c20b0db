package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The same values in another type. The walk gives the gradient the input's type.
 *
 * @param dtype the type
 */
public record Cast(DType dtype) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0];
        Tensor y = Tensor.empty(x.device(), dtype, x.shape());
        x.device().backend().copy(x.view(), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(dy);
    }
}
