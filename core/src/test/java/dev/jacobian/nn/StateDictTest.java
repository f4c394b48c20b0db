package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.io.FileFormatException;
import dev.jacobian.io.SafeTensors;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StateDictTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void seed() {
        Rng.seed(17);
    }

    private static Sequential model() {
        return new Sequential(new Linear(2, 3), new BatchNorm(3), new ReLU(), new Linear(3, 1));
    }

    private static Map<String, float[]> values(Layer layer) {
        Map<String, float[]> values = new LinkedHashMap<>();
        layer.stateDict().forEach((name, param) -> values.put(name, param.toArray()));
        return values;
    }

    private static void assertSame(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach((name, array) -> assertThat(actual.get(name)).as(name).containsExactly(array));
    }

    @Test
    void savesAndLoadsEverything() {
        Sequential saved = model();
        saved.call(Rng.normal(8, 2)); // moves the running statistics
        Path file = folder.resolve("model.safetensors");
        saved.save(file);

        Sequential loaded = model();
        List<Param> before = loaded.parameters();
        LoadReport report = loaded.load(file);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.loaded()).containsExactlyElementsOf(saved.stateDict().keySet());
        assertSame(values(loaded), values(saved));
        assertThat(loaded.parameters()).containsExactlyElementsOf(before);
        assertThat(loaded.parameters()).allMatch(Tensor::requiresGrad);
        assertThat(SafeTensors.metadata(file)).containsExactly(Map.entry("format", "pt"));
    }

    @Test
    void writesIntegerBuffersAsPyTorchDoes() throws IOException {
        Path file = folder.resolve("norm.safetensors");
        new BatchNorm(1).save(file);
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                .contains("\"num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}");
    }

    @Test
    void listsAllThatDoesNotFitAndChangesNothing() {
        Sequential model = model();
        Map<String, float[]> before = values(model);
        Map<String, Tensor> state = new LinkedHashMap<>(model.stateDict());
        state.put("0.weight", Tensor.zeros(2, 3));
        state.put("3.bias", Tensor.zeros(2));
        state.put("1.weight", Tensor.zeros(3));
        state.remove("1.running_mean");
        state.remove("3.weight");
        state.put("fc.weight", Tensor.zeros(1));
        state.put("fc.bias", Tensor.zeros(1));
        assertThatIllegalArgumentException().isThrownBy(() -> model.loadStateDict(state, true))
                .withMessage("load state dict: does not fit Sequential; missing [1.running_mean, 3.weight]; unexpected"
                        + " [fc.weight, fc.bias]; mismatched [0.weight: got [2, 3], expected [3, 2], 3.bias: got [2],"
                        + " expected [1]]; nothing was changed; load with strict = false to take what fits");
        assertSame(values(model), before);
    }

    @Test
    void takesWhatFitsWhenAskedTo() {
        Sequential model = model();
        Path file = folder.resolve("part.safetensors");
        SafeTensors.save(file,
                Map.of("0.bias", Tensor.of(1.0, 2, 3), "0.weight", Tensor.zeros(3), "new", Tensor.zeros(1)));
        LoadReport report = model.load(file, false);
        assertThat(report.isComplete()).isFalse();
        assertThat(report.loaded()).containsExactly("0.bias");
        assertThat(report.unexpected()).containsExactly("new");
        assertThat(report.mismatched())
                .containsExactly(new LoadReport.Mismatch("0.weight", Shape.of(3), Shape.of(3, 2)));
        assertThat(report.missing()).hasSize(7).doesNotContain("0.bias", "0.weight", "new");
        assertThat(report.toString()).startsWith("1 loaded; missing [1.weight, ")
                .endsWith("; unexpected [new]; mismatched [0.weight: got [3], expected [3, 2]]");
        assertThat(model.stateDict().get("0.bias").toArray()).containsExactly(1, 2, 3);
        assertThat(model.stateDict().get("0.bias").dtype()).isEqualTo(DType.FLOAT32);
    }

    @Test
    void namesTheFileThatDoesNotFit() throws IOException {
        Path file = folder.resolve("other.safetensors");
        new Linear(2, 2).save(file);
        Sequential model = model();
        Map<String, float[]> before = values(model);
        assertThatIllegalArgumentException().isThrownBy(() -> model.load(file))
                .withMessageStartingWith("load " + file + ": does not fit Sequential; missing [0.weight, ");
        Files.writeString(file, "not a model at all");
        assertThatThrownBy(() -> model.load(file)).isInstanceOf(FileFormatException.class);
        assertSame(values(model), before);
        assertThat(MemoryScope.current()).isSameAs(MemoryScope.root());
    }

    @Test
    void changesNothingWhenATensorIsClosed() {
        Linear linear = new Linear(1, 1);
        Map<String, float[]> before = values(linear);
        Map<String, Tensor> state = new LinkedHashMap<>();
        state.put("weight", Tensor.ones(1, 1));
        try (var _ = MemoryScope.open()) {
            state.put("bias", Tensor.ones(1));
        }
        assertThatIllegalStateException().isThrownBy(() -> linear.loadStateDict(state, true));
        assertSame(values(linear), before);
    }

    @Test
    void makesTapesOfBeforeUnusable() {
        Linear linear = new Linear(1, 1);
        Tensor y = linear.call(Tensor.ones(1, 1).requireGrad()).sum();
        linear.loadStateDict(Map.of("weight", Tensor.zeros(1, 1), "bias", Tensor.zeros(1)), true);
        assertThatIllegalStateException().isThrownBy(y::backward).withMessageContaining("changed in place");
    }
}
