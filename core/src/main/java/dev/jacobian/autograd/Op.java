package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.Locale;

/**
 * A differentiable operation: its result, and how the gradient of its result becomes gradients of its inputs. A record
 * whose components are the operation's static parameters (an axis, a stride); what it needs of a particular call goes
 * into the {@link OpContext}. Apply it with {@link Autograd#apply}.
 */
public interface Op {
    /**
     * Computes the result. Runs without recording; may use any tensor operation.
     *
     * @param context where to {@linkplain OpContext#save save} what the backward rule needs
     * @param inputs the inputs
     * @return a new tensor
     */
    Tensor forward(OpContext context, Tensor... inputs);

    /**
     * The vector-Jacobian product, in tensor operations: so it can be differentiated further. Gradients may have the
     * result's broadcast shape; they are summed to the input's.
     *
     * @param context what was saved
     * @param dy the gradient of the result, of its shape
     * @return one gradient for each input; null (see {@link java.util.Arrays#asList}) where there is none
     */
    List<Tensor> backward(OpContext context, Tensor dy);

    /**
     * The operation's name, for messages.
     *
     * @return by default the class's name in lower case
     */
    default String name() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }
}
