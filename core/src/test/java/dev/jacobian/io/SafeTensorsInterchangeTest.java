package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.LoadReport;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that other programs wrote, where they are at hand: {@code shared/data/interop} here or in a folder above. */
final class SafeTensorsInterchangeTest {
    @TempDir
    private Path folder;
    private Path samples;

    @BeforeEach
    void findSamples() {
        String property = System.getProperty("jacobian.test.interop");
        Path above = property == null ? Path.of("").toAbsolutePath() : null;
        samples = property == null ? null : Path.of(property);
        for (; above != null && samples == null; above = above.getParent()) {
            Path candidate = above.resolve("shared/data/interop");
            samples = Files.isDirectory(candidate) ? candidate : null;
        }
        assumeTrue(samples != null, "no folder shared/data/interop; name it with -Djacobian.test.interop");
    }

    /** The layers behind the convolutions of the MNIST classifier. */
    private static final class Head extends Layer {
        Head() {
            register("fc1", new Linear(24 * 22 * 22, 32));
            register("fc2", new Linear(32, 10));
            register("norm2", new BatchNorm(10));
        }
    }

    @Test
    void loadsPyTorchsClassifier() {
        Path file = samples.resolve("burn-mnist-cnn.safetensors");
        try (var _ = MemoryScope.open()) {
            Map<String, Tensor> tensors = SafeTensors.load(file);
            assertThat(tensors.get("conv1.weight").shape()).isEqualTo(Shape.of(8, 1, 3, 3));
            assertThat(tensors.get("norm1.num_batches_tracked").shape()).isEqualTo(Shape.SCALAR);
            assertThat(tensors.get("norm1.num_batches_tracked").item()).isPositive();

            Head head = new Head();
            LoadReport report = head.load(file, false);
            assertThat(report.missing()).isEmpty();
            assertThat(report.mismatched()).isEmpty();
            assertThat(report.unexpected()).contains("conv3.bias", "norm1.running_var");
            assertThat(head.stateDict().get("fc1.weight").toArray()).isEqualTo(tensors.get("fc1.weight").toArray());
            assertThat(head.stateDict().get("norm2.running_var").min().item()).isPositive();
        }
    }

    @Test
    void readsEveryFile() throws IOException {
        assertThat(SafeTensors.load(samples.resolve("burn-multi_layer.safetensors"))).hasSize(9);
        Tensor codes = SafeTensors.load(samples.resolve("candle-jfk-codes.safetensors")).get("codes");
        assertThat(codes.shape()).isEqualTo(Shape.of(1, 2, 828));
        Map<String, Tensor> list = SafeTensors.load(samples.resolve("djl-list.safetensors"));
        assertThat(list).containsOnlyKeys("attention", "embedding");
        assertThat(list.get("attention").shape()).isEqualTo(Shape.of(2, 3));
    }

    @Test
    void writesThemBackWithTheSameValues() {
        Path copy = folder.resolve("copy.safetensors");
        Map<String, Tensor> tensors = SafeTensors.load(samples.resolve("burn-multi_layer.safetensors"));
        SafeTensors.save(copy, tensors);
        Map<String, Tensor> again = SafeTensors.load(copy);
        assertThat(again.keySet()).containsExactlyElementsOf(tensors.keySet());
        tensors.forEach((name, tensor) -> assertThat(again.get(name).toArray()).isEqualTo(tensor.toArray()));
    }
}
