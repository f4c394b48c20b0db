package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.LoadReport;
import dev.jacobian.nn.Sequential;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files as other programs write them: a small one of our own making that has PyTorch's names and types, and files that
 * other programs did write, where they are at hand: {@code shared/data/interop} here or in a folder above.
 */
final class SafeTensorsInterchangeTest {
    @TempDir
    private Path folder;

    private static Path sample(String name) {
        String property = System.getProperty("jacobian.test.interop");
        Path above = property == null ? Path.of("").toAbsolutePath() : null;
        Path samples = property == null ? null : Path.of(property);
        for (; above != null && samples == null; above = above.getParent()) {
            Path candidate = above.resolve("shared/data/interop");
            samples = Files.isDirectory(candidate) ? candidate : null;
        }
        assumeTrue(samples != null, "no folder shared/data/interop; name it with -Djacobian.test.interop");
        return samples.resolve(name);
    }

    /** What {@code Sequential(Linear(3, 2), BatchNorm1d(2))} looks like from PyTorch, after seven batches. */
    @Test
    void loadsALinearLayerWithBatchNorm() throws IOException {
        Path file = folder.resolve("linear-batch-norm.safetensors");
        try (InputStream resource = SafeTensorsInterchangeTest.class.getResourceAsStream("linear-batch-norm.st")) {
            Files.copy(resource, file);
        }
        assertThat(SafeTensors.metadata(file)).containsExactly(Map.entry("format", "pt"));
        Sequential model = new Sequential(new Linear(3, 2), new BatchNorm(2));
        assertThat(model.load(file).isComplete()).isTrue();
        assertThat(model.stateDict().get("0.weight").toArray()).containsExactly(1, -2, 3, 0.5f, 0.125f, -0.75f);
        assertThat(model.stateDict().get("1.num_batches_tracked").item()).isEqualTo(7);
        model.eval();
        // linear: 1 + 0.25, 0.5 − 0.5; then (x − mean) / √(var + 1e-5) · weight + bias
        float[] y = model.call(Tensor.of(new float[][] {{1, 0, 0}})).toArray();
        assertThat(y[0]).isCloseTo((float) (0.25 / Math.sqrt(4 + 1e-5) * 2 + 0.5), within(1e-6f));
        assertThat(y[1]).isCloseTo((float) (-2 / Math.sqrt(0.25 + 1e-5) * 3 - 1), within(1e-5f));

        Path again = folder.resolve("again.safetensors");
        model.save(again);
        Map<String, Tensor> written = SafeTensors.load(again);
        Map<String, Tensor> read = SafeTensors.load(file);
        assertThat(written).containsOnlyKeys(read.keySet());
        read.forEach((name, tensor) -> {
            assertThat(written.get(name).shape()).as(name).isEqualTo(tensor.shape());
            assertThat(written.get(name).toArray()).as(name).isEqualTo(tensor.toArray());
        });
        assertThat(new String(Files.readAllBytes(again), StandardCharsets.ISO_8859_1))
                .contains("\"1.num_batches_tracked\":{\"dtype\":\"I64\"");
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
        Path file = sample("burn-mnist-cnn.safetensors");
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
        assertThat(SafeTensors.load(sample("burn-multi_layer.safetensors"))).hasSize(9);
        Tensor codes = SafeTensors.load(sample("candle-jfk-codes.safetensors")).get("codes");
        assertThat(codes.shape()).isEqualTo(Shape.of(1, 2, 828));
        Map<String, Tensor> list = SafeTensors.load(sample("djl-list.safetensors"));
        assertThat(list).containsOnlyKeys("attention", "embedding");
        assertThat(list.get("attention").shape()).isEqualTo(Shape.of(2, 3));
    }

    @Test
    void writesThemBackWithTheSameValues() {
        Path copy = folder.resolve("copy.safetensors");
        Map<String, Tensor> tensors = SafeTensors.load(sample("burn-multi_layer.safetensors"));
        SafeTensors.save(copy, tensors);
        Map<String, Tensor> again = SafeTensors.load(copy);
        assertThat(again.keySet()).containsExactlyElementsOf(tensors.keySet());
        tensors.forEach((name, tensor) -> assertThat(again.get(name).toArray()).isEqualTo(tensor.toArray()));
    }
}
