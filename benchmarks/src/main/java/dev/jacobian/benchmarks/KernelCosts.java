package dev.jacobian.benchmarks;

import static java.util.Map.entry;

import java.util.Arrays;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What a call of each kernel's benchmark costs at least: floating-point operations, or bytes read and written. A benchmark
 * that is not listed is reported without a rate.
 */
final class KernelCosts {
    private static final int FLOAT = 4;
    /** What an array is held against: read once, written once. */
    private static final String COPY = ".copy";
    private static final int PLANES = 32 * 64;
    private static final int SIDE = 28;

    /** By class and method: a function of the benchmark's parameters. */
    private static final Map<String, ToDoubleFunction<Map<String, String>>> FLOPS = Map.of("MatmulBenchmark.ours",
            KernelCosts::product, "MatmulBenchmark.openBlas", KernelCosts::product, "Conv2dBenchmark.forward",
            KernelCosts::convolution, "Conv2dBenchmark.backwardInput", KernelCosts::convolution,
            "Conv2dBenchmark.backwardWeight", KernelCosts::convolution, "AttentionBenchmark.forward",
            KernelCosts::attention, "AttentionBenchmark.forwardAndBackward",
            parameters -> 3 * attention(parameters));

    /** By class: elements of the array that is gone through. */
    private static final Map<String, ToDoubleFunction<Map<String, String>>> ELEMENTS = Map.ofEntries(
            entry("AdamBenchmark", KernelCosts::size), entry("AvgPool2dBenchmark", _ -> PLANES * SIDE * SIDE),
            entry("BatchNormBenchmark", _ -> 1 << 21), entry("BiasActivationBenchmark", KernelCosts::shape),
            entry("CopyBenchmark", KernelCosts::size), entry("DropoutBenchmark", KernelCosts::size),
            entry("ElementwiseBenchmark", KernelCosts::size), entry("GatherBenchmark", _ -> 1 << 21),
            entry("GeluBenchmark", KernelCosts::size), entry("LayerNormBenchmark", KernelCosts::shape),
            entry("MaxPool2dBenchmark", _ -> PLANES * SIDE * SIDE), entry("RandomBenchmark", KernelCosts::size),
            entry("ReduceBenchmark", _ -> 1 << 22), entry("SoftmaxBenchmark", _ -> 1 << 20),
            entry("SoftmaxMarginBenchmark", _ -> 1 << 20));

    /** By class and method: how often as many elements are read or written. */
    private static final Map<String, ToDoubleFunction<Map<String, String>>> PASSES = Map.ofEntries(
            passes("AdamBenchmark.adam", 7), passes("AdamBenchmark.momentum", 5),
            entry("AvgPool2dBenchmark.forward", parameters -> 1 + pooled(parameters)),
            entry("AvgPool2dBenchmark.forwardAndBackward", parameters -> 2 + 2 * pooled(parameters)),
            passes("BatchNormBenchmark.batchNorm", 2), passes("BatchNormBenchmark.batchNormBackward", 3),
            passes("BiasActivationBenchmark.biasActivation", 2),
            passes("BiasActivationBenchmark.biasActivationBackward", 3), passes("CopyBenchmark.dense", 2),
            passes("CopyBenchmark.transpose", 2), passes("CopyBenchmark.heads", 2), passes("CopyBenchmark.fill", 1),
            passes("DropoutBenchmark.dropout", 2), passes("ElementwiseBenchmark.relu", 2),
            passes("ElementwiseBenchmark.exp", 2), passes("ElementwiseBenchmark.tanh", 2),
            passes("ElementwiseBenchmark.erf", 2), passes("ElementwiseBenchmark.sin", 2),
            passes("ElementwiseBenchmark.add", 3), passes("ElementwiseBenchmark.addRow", 2),
            passes("ElementwiseBenchmark.pow", 2), passes("ElementwiseBenchmark.greater", 2.25),
            passes("ElementwiseBenchmark.where", 3.25), passes("GatherBenchmark.gather", 2),
            // The table that is added to stays in a cache.
            passes("GatherBenchmark.scatterAdd", 1), passes("GeluBenchmark.gelu", 2),
            passes("GeluBenchmark.geluBackward", 3), passes("LayerNormBenchmark.layerNorm", 2),
            passes("LayerNormBenchmark.layerNormBackward", 3),
            // Maxima come with their places.
            entry("MaxPool2dBenchmark.forward", parameters -> 1 + 2 * pooled(parameters)),
            entry("MaxPool2dBenchmark.forwardAndBackward", parameters -> 2 + 4 * pooled(parameters)),
            passes("RandomBenchmark.uniform", 1), passes("RandomBenchmark.normal", 1), passes("ReduceBenchmark.sum", 1),
            passes("ReduceBenchmark.sumOfRows", 1), passes("ReduceBenchmark.sumOfColumns", 1),
            passes("ReduceBenchmark.max", 1), passes("ReduceBenchmark.argMax", 1),
            passes("SoftmaxBenchmark.softmax", 2),
            passes("SoftmaxBenchmark.softmaxOfColumns", 2), passes("SoftmaxBenchmark.softmaxBackward", 3),
            passes("SoftmaxBenchmark.logSoftmax", 2), passes("SoftmaxBenchmark.crossEntropy", 1),
            passes("SoftmaxBenchmark.crossEntropyBackward", 2), passes("SoftmaxMarginBenchmark.forward", 2),
            passes("SoftmaxMarginBenchmark.backward", 2));

    private KernelCosts() {}

    /** 0 where arithmetic is not the limit. */
    static double flops(String benchmark, Map<String, String> parameters) {
        return FLOPS.getOrDefault(benchmark, _ -> 0).applyAsDouble(parameters);
    }

    /** 0 where memory is not the limit. */
    static double bytes(String benchmark, Map<String, String> parameters) {
        String ofClass = benchmark.substring(0, benchmark.indexOf('.'));
        double passes = benchmark.endsWith(COPY) ? 2 : PASSES.getOrDefault(benchmark, _ -> 0).applyAsDouble(parameters);
        return passes * FLOAT * ELEMENTS.getOrDefault(ofClass, _ -> 0).applyAsDouble(parameters);
    }

    private static Map.Entry<String, ToDoubleFunction<Map<String, String>>> passes(String benchmark, double count) {
        return entry(benchmark, _ -> count);
    }

    private static double size(Map<String, String> parameters) {
        return Double.parseDouble(parameters.get("size"));
    }

    /** The product of "a x b x …". */
    private static double shape(Map<String, String> parameters) {
        return Arrays.stream(numbers(parameters.get("shape"), "x")).reduce(1, (a, b) -> a * b);
    }

    /** The share of its input that pooling's result is. */
    private static double pooled(Map<String, String> parameters) {
        double[] window = numbers(parameters.get("window"), " ");
        double side = Math.floor((SIDE + 2 * window[2] - window[0]) / window[1]) + 1;
        return side * side / (SIDE * SIDE);
    }

    /** "m x n x k", which operands are transposed, and how many products. */
    private static double product(Map<String, String> parameters) {
        String[] parts = parameters.get("product").split(" ", -1);
        double one = Arrays.stream(numbers(parts[0], "x")).reduce(2, (a, b) -> a * b);
        return one * Double.parseDouble(parts[2]);
    }

    /** Images, channels, side, filters, kernel, stride, groups; padding is half the kernel. */
    private static double convolution(Map<String, String> parameters) {
        double[] n = numbers(parameters.get("shape"), ",");
        double side = Math.floor((n[2] + 2 * Math.floor(n[4] / 2) - n[4]) / n[5]) + 1;
        return 2 * n[0] * n[3] * side * side * n[1] * n[4] * n[4] / n[6];
    }

    /** Batch, heads, tokens, width: two products with the full square of scores, causal or not, as is usual. */
    private static double attention(Map<String, String> parameters) {
        double[] n = numbers(parameters.get("shape"), "x");
        return 4 * n[0] * n[1] * n[2] * n[2] * n[3];
    }

    private static double[] numbers(String text, String separator) {
        return Arrays.stream(text.split(separator, -1)).mapToDouble(Double::parseDouble).toArray();
    }
}
