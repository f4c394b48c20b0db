package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Sees, and may replace, what a layer is about to be given. */
@FunctionalInterface
public interface ForwardPreHook {
    /**
     * Runs before {@link Layer#forward}.
     *
     * @param layer the layer
     * @param input its input
     * @return the input to use, most often the same
     */
    Tensor before(Layer layer, Tensor input);
}
