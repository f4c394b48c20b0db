package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Sees, and may replace, what a layer has computed. */
@FunctionalInterface
public interface ForwardHook {
    /**
     * Runs after {@link Layer#forward}, inside the layer's memory scope: copy out what is to be kept.
     *
     * @param layer the layer
     * @param input its input
     * @param output its result
     * @return the result to use, most often the same
     */
    Tensor after(Layer layer, Tensor input, Tensor output);
}
