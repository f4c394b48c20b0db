package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A comparison of two elements, broadcast; its result is bool, so no gradient passes.
 *
 * @param function which
 */
public record Compare(CompareOp function) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor a = inputs[0];
        Tensor b = inputs[1];
        Shape shape = Shape.broadcast(name(), a.shape(), b.shape());
        Tensor y = Tensor.empty(a.device(), DType.BOOL, shape);
        a.device().backend().compare(function, a.view().expand(shape), b.view().expand(shape), y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return Arrays.asList(null, null);
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT);
    }
}
