package dev.jacobian.benchmarks.worker;

/** One library's side of the benchmark: what a worker process serves. */
public interface Library {
    /**
     * Says what is measured.
     *
     * @return one line: name, version, what does its matrix products, number of threads
     */
    String describe();

    /**
     * Builds a case: model, data, optimiser.
     *
     * @param caseName as {@code docs/benchmarks.md} lists them
     * @return the case, ready to run; null where this library has no such case
     */
    Work open(String caseName);
}
