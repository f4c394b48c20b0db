package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Repeats axes without copying. The walk sums the gradient back to the input's shape.
 *
 * @param shape the new shape
 */
public record Expand(Shape shape) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        return Tensor.alias(inputs[0], inputs[0].view().expand(shape));
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(dy);
    }
}
