package dev.jacobian.benchmarks;

import java.util.Arrays;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What a call of each kernel's benchmark costs at least: floating-point operations, or bytes read and written. A benchmark
 * that is not listed is reported without a rate.
 */
final class KernelCosts {
    private static final int FLOAT = 4;
    private static final double ROWS_OF_16_MIB = 1 << 22;
    private static final double BATCH_NORM = 1 << 21;
    private static final double SOFTMAX = 1 << 20;

    /** By class and method: a function of the benchmark's parameters. */
    private static final Map<String, ToDoubleFunction<Map<String, String>>> FLOPS = Map.of("MatmulBenchmark.ours",
            KernelCosts::product, "MatmulBenchmark.openBlas", KernelCosts::product);

    private static final Map<String, ToDoubleFunction<Map<String, String>>> BYTES = Map.ofEntries(
            floats("AdamBenchmark.copy", 2), floats("AdamBenchmark.adam", 7), floats("AdamBenchmark.momentum", 5),
            floats("BatchNormBenchmark.copy", 2, BATCH_NORM), floats("BatchNormBenchmark.batchNorm", 2, BATCH_NORM),
            floats("BatchNormBenchmark.batchNormBackward", 3, BATCH_NORM), floats("DropoutBenchmark.copy", 2),
            floats("DropoutBenchmark.dropout", 2), floats("DropoutBenchmark.uniform", 1),
            floats("DropoutBenchmark.normal", 1), floats("ElementwiseBenchmark.copy", 2),
            floats("ElementwiseBenchmark.relu", 2), floats("ElementwiseBenchmark.exp", 2),
            floats("ElementwiseBenchmark.tanh", 2), floats("ElementwiseBenchmark.erf", 2),
            floats("ElementwiseBenchmark.sin", 2), floats("ElementwiseBenchmark.add", 3),
            floats("ElementwiseBenchmark.addRow", 2), floats("ElementwiseBenchmark.pow", 2),
            floats("ElementwiseBenchmark.greater", 2.25), floats("ElementwiseBenchmark.where", 3.25),
            floats("ElementwiseBenchmark.transpose", 2), floats("ReduceBenchmark.copy", 2, ROWS_OF_16_MIB),
            floats("ReduceBenchmark.sum", 1, ROWS_OF_16_MIB), floats("ReduceBenchmark.sumOfRows", 1, ROWS_OF_16_MIB),
            floats("ReduceBenchmark.sumOfColumns", 1, ROWS_OF_16_MIB), floats("ReduceBenchmark.max", 1, ROWS_OF_16_MIB),
            floats("ReduceBenchmark.argMax", 1, ROWS_OF_16_MIB), floats("SoftmaxBenchmark.copy", 2, SOFTMAX),
            floats("SoftmaxBenchmark.softmax", 2, SOFTMAX), floats("SoftmaxBenchmark.softmaxOfColumns", 2, SOFTMAX),
            floats("SoftmaxBenchmark.softmaxBackward", 3, SOFTMAX), floats("SoftmaxBenchmark.logSoftmax", 2, SOFTMAX),
            floats("SoftmaxBenchmark.crossEntropy", 1, SOFTMAX),
            floats("SoftmaxBenchmark.crossEntropyBackward", 2, SOFTMAX));

    private KernelCosts() {}

    /** 0 where arithmetic is not the limit. */
    static double flops(String benchmark, Map<String, String> parameters) {
        return FLOPS.getOrDefault(benchmark, _ -> 0).applyAsDouble(parameters);
    }

    /** 0 where memory is not the limit. */
    static double bytes(String benchmark, Map<String, String> parameters) {
        return BYTES.getOrDefault(benchmark, _ -> 0).applyAsDouble(parameters);
    }

    /** Arrays as long as the parameter {@code size} says. */
    private static Map.Entry<String, ToDoubleFunction<Map<String, String>>> floats(String benchmark, double arrays) {
        return Map.entry(benchmark, parameters -> arrays * FLOAT * Double.parseDouble(parameters.get("size")));
    }

    private static Map.Entry<String, ToDoubleFunction<Map<String, String>>> floats(String benchmark, double arrays,
            double length) {
        return Map.entry(benchmark, _ -> arrays * FLOAT * length);
    }

    /** "m x n x k", which operands are transposed, and how many products. */
    private static double product(Map<String, String> parameters) {
        String[] parts = parameters.get("product").split(" ", -1);
        double one = Arrays.stream(parts[0].split("x", -1)).mapToDouble(Double::parseDouble).reduce(2, (a, b) -> a * b);
        return one * Double.parseDouble(parts[2]);
    }
}
