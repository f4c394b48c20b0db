package dev.jacobian.benchmarks.worker;

/** A network that can be trained on other data than its own. */
public interface Trainable extends Work {
    /**
     * Does one training step on a batch of the same size as its own.
     *
     * @param inputs the network's; tokens as numbers
     * @param labels the classes
     * @return its loss, before the update
     */
    double loss(float[] inputs, int[] labels);
}
