package dev.jacobian.benchmarks.peers.dl4j;

import dev.jacobian.benchmarks.worker.Library;
import dev.jacobian.benchmarks.worker.Work;
import dev.jacobian.benchmarks.worker.Worker;
import java.util.Properties;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Deeplearning4j on ND4J's native backend.
 *
 * <p>The system property {@code threads} is the number of threads of an operation (default: one per core). There is no
 * transformer (W4), and there are no single operations.
 */
public final class Dl4jLibrary implements Library {
    private Dl4jLibrary() {}

    /**
     * Serves the benchmark.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
        Nd4j.getEnvironment().setMaxThreads(Integer.getInteger("threads", Runtime.getRuntime().availableProcessors()));
        Worker.serve(new Dl4jLibrary());
        // Threads of its own would keep the process alive.
        System.exit(0);
    }

    @Override
    public String describe() {
        Properties environment = Nd4j.getExecutioner().getEnvironmentInformation();
        return "Deeplearning4j 1.0.0-M2.1, ND4J " + environment.getProperty("backend") + " with "
                + environment.getProperty("blas.vendor") + ", " + Nd4j.getEnvironment().maxThreads() + " threads";
    }

    @Override
    public Work open(String caseName) {
        return Workloads.open(caseName);
    }
}
