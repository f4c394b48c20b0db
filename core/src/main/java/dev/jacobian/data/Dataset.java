package dev.jacobian.data;

import dev.jacobian.tensor.Tensor;

/**
 * Examples that can be fetched by number. A {@link DataLoader} calls {@link #batch} on a thread of its own, so an
 * implementation must be safe for that, and must draw random numbers as a function of the example's number, never from
 * a generator that counts its calls.
 */
public interface Dataset {
    /**
     * The number of examples.
     *
     * @return at least 0
     */
    int size();

    /**
     * Fetches examples, on the current device, held by the current memory scope where they are made for this call.
     *
     * @param indices numbers of examples, each in {@code 0..size()-1}, in any order
     * @return the examples in that order
     * @throws IllegalArgumentException if an index is out of range
     */
    Batch batch(int... indices);

    /**
     * Examples that lie in two tensors. Not copied: the tensors have to outlive the dataset, so make them outside of
     * scopes that close before.
     *
     * @param inputs [n, …]
     * @param targets [n, …]
     * @return a dataset of n examples
     * @throws IllegalArgumentException if the first axes differ in length
     */
    static Dataset of(Tensor inputs, Tensor targets) {
        return new TensorDataset(inputs, targets);
    }
}
