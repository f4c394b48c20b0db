package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * A comparison of an element and a number; its result is bool, so no gradient passes.
 *
 * @param function which
 * @param value the number on the right
 */
public record CompareScalar(CompareOp function, double value) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = inputs[0];
        Tensor y = Tensor.empty(a.device(), DType.BOOL, a.shape());
        Tensor b = Tensor.full(a.device(), a.dtype(), Shape.SCALAR, value);
        a.device().backend().compare(function, a.view(), b.view().expand(a.shape()), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return Collections.singletonList(null);
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT);
    }
}
