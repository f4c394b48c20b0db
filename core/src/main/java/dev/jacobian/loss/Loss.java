package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/** How far predictions are from what they should be. */
@FunctionalInterface
public interface Loss {
    /**
     * Computes the loss.
     *
     * @param prediction what a model computed
     * @param target what it should have computed
     * @return one number, unless the loss was asked not to reduce
     */
    Tensor call(Tensor prediction, Tensor target);
}
