package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * An operation that is defined in other tensor operations, and that a backend may run as one kernel. Where the backend
 * has the kernel it runs, forward and backward; where it has not, and under {@link Autograd#higherOrder}, the
 * decomposition is recorded instead.
 *
 * @param <K> the kernel's interface
 */
public interface FusedOp<K> extends Op {
    /**
     * The kernel that runs this operation.
     *
     * @return its interface
     */
    Class<K> kernel();

    /**
     * The definition.
     *
     * @param inputs the inputs
     * @return the result, in tensor operations
     */
    Tensor decompose(Tensor... inputs);

    /**
     * Computes the result with the kernel.
     *
     * @param kernel the backend's kernel
     * @param context where to save what the backward kernel needs
     * @param inputs the inputs
     * @return a new tensor
     */
    Tensor forward(K kernel, OpContext context, Tensor... inputs);

    /**
     * Computes the inputs' gradients with the kernel.
     *
     * @param kernel the backend's kernel
     * @param context what was saved
     * @param dy the gradient of the result
     * @return one gradient for each input, null where there is none
     */
    List<Tensor> backward(K kernel, OpContext context, Tensor dy);

    @Override
    default Tensor forward(OpContext context, Tensor... inputs) {
        return forward(context.kernel(kernel()), context, inputs);
    }

    @Override
    default List<Tensor> backward(OpContext context, Tensor dy) {
        return backward(context.kernel(kernel()), context, dy);
    }
}
