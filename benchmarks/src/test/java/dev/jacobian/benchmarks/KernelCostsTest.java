package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What calls of kernels' benchmarks cost. */
final class KernelCostsTest {
    private static final String KERNELS = "dev.jacobian.benchmarks.kernel.";

    private static Collection<BenchmarkListEntry> benchmarks() {
        // That of the CUDA backend's launches is on the class path too.
        return BenchmarkList.defaultList()
                .getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                        Collections.emptyList())
                .stream().filter(each -> each.getUsername().startsWith(KERNELS)).toList();
    }

    @Test
    void everyBenchmarkHasACost() {
        assertThat(benchmarks()).hasSizeGreaterThan(40);
        for (BenchmarkListEntry each : benchmarks()) {
            String[] path = each.getUsername().split("\\.", -1);
            String name = path[path.length - 2] + "." + path[path.length - 1];
            Map<String, String> parameters = new TreeMap<>();
            each.getParams().orElse(Collections.emptyMap()).forEach((key, values) -> parameters.put(key, values[0]));

            double cost = KernelCosts.flops(name, parameters) + KernelCosts.bytes(name, parameters);

            // Both sides of this one are measured in a single call.
            assertThat(cost > 0).as(name).isNotEqualTo(name.equals("MatmulBenchmark.sideBySide"));
        }
    }

    @Test
    void costsFollowFromTheParameters() {
        assertThat(KernelCosts.flops("MatmulBenchmark.ours", Map.of("product", "2x3x5 nt 7"))).isEqualTo(420);
        assertThat(KernelCosts.flops("Conv2dBenchmark.backwardInput", Map.of("shape", "2,4,8,6,3,2,2")))
                .isEqualTo(2.0 * 2 * 6 * 4 * 4 * 4 * 9 / 2);
        assertThat(KernelCosts.flops("AttentionBenchmark.forwardAndBackward", Map.of("shape", "2x3x5x7")))
                .isEqualTo(12.0 * 2 * 3 * 25 * 7);
        assertThat(KernelCosts.bytes("LayerNormBenchmark.layerNorm", Map.of("shape", "4x5"))).isEqualTo(2 * 4 * 20);
        assertThat(KernelCosts.bytes("GeluBenchmark.copy", Map.of("size", "100"))).isEqualTo(800);
        double image = 4.0 * 32 * 64 * 28 * 28;
        assertThat(KernelCosts.bytes("AvgPool2dBenchmark.forward", Map.of("window", "2 2 0"))).isEqualTo(1.25 * image);
        assertThat(KernelCosts.bytes("MaxPool2dBenchmark.forwardAndBackward", Map.of("window", "3 2 1")))
                .isEqualTo(3 * image);
        assertThat(KernelCosts.bytes("NoBenchmark.any", Map.of())).isZero();
    }
}
