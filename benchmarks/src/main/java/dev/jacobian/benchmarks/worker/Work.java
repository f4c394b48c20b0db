package dev.jacobian.benchmarks.worker;

/** One case of a library, ready to run. */
public interface Work extends AutoCloseable {
    /** Does it once: one training step, one inference, or one call of an operation. */
    void run();

    /**
     * Does one training step.
     *
     * @return its loss, before the update
     */
    default double loss() {
        throw new IllegalStateException("this case has no loss");
    }

    /** Waits until everything that {@link #run} started has been done. Only for devices that work while Java goes on. */
    default void finish() {}

    /**
     * How much memory one run needs at most, as the library itself counts it: parameters, state of the optimiser, data,
     * and what the run makes.
     *
     * @return bytes; −1 where the library does not count
     */
    default long memory() {
        return -1;
    }

    @Override
    void close();
}
