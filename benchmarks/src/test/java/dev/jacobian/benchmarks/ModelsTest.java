package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.benchmarks.worker.Numbers;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The networks begin as they do in every other library, and learn. */
final class ModelsTest {
    private static Workload workload(String name) {
        return Workload.ALL.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void parametersHaveTheCommonNames() {
        try (var _ = MemoryScope.open()) {
            assertThat(names("W3")).contains("stem.conv.weight", "1.0.conv1.weight", "1.2.conv2.weight",
                    "2.0.shortcut.weight", "3.0.shortcut.weight", "3.1.conv2.weight", "fc.weight", "fc.bias");
            assertThat(names("W4")).contains("tok", "pos", "0.qkv.weight", "0.qkv.bias", "3.proj.bias", "1.up.weight",
                    "2.down.bias", "head.weight", "head.bias");
        }
    }

    private static List<String> names(String workload) {
        return workload(workload).model().get().namedParameters().keySet().stream()
                .map(path -> Models.commonName(workload, path)).toList();
    }

    @Test
    void weightsAreTheCommonNumbers() {
        try (var _ = MemoryScope.open()) {
            Layer network = workload("W4").network();
            Map<String, float[]> values = network.namedParameters().entrySet().stream()
                    .collect(Collectors.toMap(e -> Models.commonName("W4", e.getKey()), e -> e.getValue().toArray()));
            assertThat(values.get("tok")).isEqualTo(Numbers.normal("W4/tok", 65 * 128, 0.02f));
            assertThat(values.get("3.qkv.bias")).isEqualTo(Numbers.weight("W4/3.qkv.bias", 384, 128));
            assertThat(values.get("2.down.weight")).isEqualTo(Numbers.weight("W4/2.down.weight", 128 * 512, 512));
            assertThat(values.get("0.norm1.weight")).containsOnly(1);
            assertThat(values.get("0.norm1.bias")).containsOnly(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"W1", "W2", "W5"})
    void learn(String name) {
        try (var _ = MemoryScope.open()) {
            Workload.Training training = workload(name).new Training();
            double first = training.loss();
            for (int i = 0; i < 4; i++) {
                training.step();
            }
            assertThat(training.loss()).isLessThan(first);
        }
    }
}
