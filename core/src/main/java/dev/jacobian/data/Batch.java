package dev.jacobian.data;

import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;

/**
 * Some examples of a dataset.
 *
 * @param input [n, …], what the model is given
 * @param target [n, …], what it should answer: int32 class indices [n] for classification
 */
public record Batch(Tensor input, Tensor target) {
    /**
     * Checks that there is one target for each input.
     *
     * @throws IllegalArgumentException if the first axes differ in length
     */
    public Batch {
        requireSameCount("batch", input.shape(), target.shape());
    }

    static void requireSameCount(String operation, Shape inputs, Shape targets) {
        if (inputs.rank() == 0 || targets.rank() == 0 || inputs.dim(0) != targets.dim(0)) {
            throw new IllegalArgumentException(operation + ": got inputs of shape " + inputs + " and targets of shape "
                    + targets + ", expected first axes of equal length; one target for each input");
        }
    }

    /**
     * The number of examples.
     *
     * @return the length of the first axis
     */
    public int size() {
        return input.dim(0);
    }
}
