package dev.jacobian.train;

import dev.jacobian.tensor.Tensor;

/**
 * Something measured over many batches, such as {@link Accuracy}. Adds up on the device, so that nothing waits for it
 * until {@link #value} is asked for.
 */
public interface Metric {
    /**
     * What it is called in a {@link History}.
     *
     * @return such as {@code accuracy}; with {@code val_} before it when measured on validation data
     */
    String name();

    /**
     * Adds a batch. Called while nothing is recorded, inside a memory scope that closes soon after: what is to last has
     * to be moved to the root scope.
     *
     * @param prediction what the model answered
     * @param target what it should have answered
     */
    void update(Tensor prediction, Tensor target);

    /**
     * The measure over all batches since the last {@link #reset}.
     *
     * @return NaN if there were none
     */
    double value();

    /** Forgets all batches, and lets go of memory. */
    void reset();

    /**
     * Whether larger values are better, for {@link Trainer#earlyStopping}.
     *
     * @return true unless overridden
     */
    default boolean higherIsBetter() {
        return true;
    }
}
