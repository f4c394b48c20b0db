package dev.jacobian.benchmarks.peers.djl;

import ai.djl.engine.Engine;
import dev.jacobian.benchmarks.worker.Library;
import dev.jacobian.benchmarks.worker.Work;
import dev.jacobian.benchmarks.worker.Worker;

/**
 * Deep Java Library: its blocks, its trainer and its optimisers, on libtorch.
 *
 * <p>The system property {@code threads} is the number of threads of an operation (default: one per core). DJL has the
 * networks only: single operations are libtorch's own.
 */
public final class DjlLibrary implements Library {
    private static final String ENGINE_THREADS = "ai.djl.pytorch.num_threads";

    private DjlLibrary() {}

    /**
     * Serves the benchmark.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        int threads = Integer.getInteger("threads", Runtime.getRuntime().availableProcessors());
        System.setProperty(ENGINE_THREADS, Integer.toString(threads));
        Worker.serve(new DjlLibrary());
    }

    @Override
    public String describe() {
        return "DJL " + Engine.getDjlVersion() + ", PyTorch engine " + Engine.getInstance().getVersion()
                + " (MKL, oneDNN), "
                + System.getProperty(ENGINE_THREADS) + " threads";
    }

    @Override
    public Work open(String caseName) {
        return Workloads.open(caseName);
    }
}
