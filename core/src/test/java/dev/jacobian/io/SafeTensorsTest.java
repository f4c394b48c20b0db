package dev.jacobian.io;

import static dev.jacobian.io.SafeTensorsSample.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Linear;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafeTensorsTest {
    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("t.safetensors");
    }

    @Test
    void readsAFileMadeByHand() throws IOException {
        Path sample = SafeTensorsSample.write(folder,
                """
                        {"__metadata__":{"format":"pt","by":"h\\u0061nd \\"\\\\\\/"}, "w" : {"dtype":"F32","shape":[2,1],
                        "data_offsets":[0,8]},"n":{"data_offsets":[8,16],"shape":[],"dtype":"I64"},
                        "m":{"dtype":"BOOL","shape":[3],"data_offsets":[16,19]},"e":{"dtype":"F32","shape":[0,4],"data_offsets":[8,8]}}
                        \t \s""",
                bytes(0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 1));
        Map<String, Tensor> tensors = SafeTensors.load(sample);
        assertThat(tensors.keySet()).containsExactly("w", "n", "m", "e");
        assertThat(tensors.get("w").shape()).isEqualTo(Shape.of(2, 1));
        assertThat(tensors.get("w").toArray()).containsExactly(1.5f, -2);
        assertThat(tensors.get("n").dtype()).isEqualTo(DType.INT32);
        assertThat(tensors.get("n").item()).isEqualTo(-2);
        assertThat(tensors.get("m").toBooleanArray()).containsExactly(true, false, true);
        assertThat(tensors.get("e").shape()).isEqualTo(Shape.of(0, 4));
        assertThat(SafeTensors.metadata(sample)).containsExactly(Map.entry("format", "pt"),
                Map.entry("by", "hand \"\\/"));
    }

    @Test
    void interruptedThreadsSaveAndLoad() {
        try {
            Thread.currentThread().interrupt();
            SafeTensors.save(file(), Map.of("x", Tensor.of(1, 2)));
            assertThat(Thread.currentThread().isInterrupted()).as("after saving").isTrue();
            assertThat(SafeTensors.load(file()).get("x").toArray()).containsExactly(1, 2);
            assertThat(SafeTensors.metadata(file())).containsEntry("format", "pt");
            Path missing = folder.resolve("no/folder");
            assertThatThrownBy(() -> SafeTensors.save(missing, Map.of())).isInstanceOf(UncheckedIOException.class);
            assertThat(Thread.currentThread().isInterrupted()).as("after all").isTrue();
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void tensorsWithoutElementsMayHaveLongAxesInAnyOrder() throws IOException {
        for (String shape : new String[] {"[0,2147483647,2147483647,2147483647]",
                "[2147483647,2147483647,2147483647,0]"}) {
            Tensor tensor = SafeTensors.load(SafeTensorsSample.one(folder, "F64", shape)).get("a");
            assertThat(tensor.shape().toString().replace(" ", "")).isEqualTo(shape);
            assertThat(tensor.size()).isZero();
        }
    }

    @Test
    void writesExactlyTheseBytes() throws IOException {
        Map<String, SafeTensors.Entry> entries = new LinkedHashMap<>();
        entries.put("b", new SafeTensors.Entry(Tensor.of(true, false), StorageType.BOOL));
        entries.put("n", new SafeTensors.Entry(Tensor.of(-2).reshape(), StorageType.I64));
        entries.put("x", new SafeTensors.Entry(Tensor.of(1.5f), StorageType.F32));
        SafeTensors.save(file(), entries, Map.of("format", "pt"));
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[12,14]},"
                + "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                + "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
        String padded = header + " ".repeat((8 - header.length() % 8) % 8);
        byte[] expected = Files.readAllBytes(SafeTensorsSample.write(folder, padded,
                bytes(0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0xC0, 0x3F, 1, 0)));
        assertThat(Files.readAllBytes(file())).containsExactly(expected);
    }

    @Test
    void returnsWhatItWasGiven() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Tensor matrix = Rng.normal(3, 5);
        tensors.put("float64", Tensor.of(1e300, Double.NaN, -0.0, Double.POSITIVE_INFINITY));
        tensors.put("transposed", matrix.transpose());
        tensors.put("sliced", matrix.slice(1, 1, 4));
        tensors.put("int32", Tensor.of(Integer.MIN_VALUE, 0, Integer.MAX_VALUE));
        tensors.put("bool", Tensor.of(true, false, true));
        tensors.put("scalar", Tensor.scalar(7));
        tensors.put("empty", Tensor.zeros(2, 0, 3));
        tensors.put("a \"name\"\\\n\u0001 ü 🎲", Tensor.ones(1));
        tensors.put("trained", Param.of("p", matrix));
        tensors.put("long", Rng.uniform(300_000)); // more than one part
        SafeTensors.save(file(), tensors);
        Map<String, Tensor> loaded = SafeTensors.load(file());
        assertThat(loaded.keySet()).containsExactlyElementsOf(tensors.keySet());
        tensors.forEach((name, tensor) -> {
            assertThat(loaded.get(name).dtype()).as(name).isEqualTo(tensor.dtype());
            assertThat(loaded.get(name).shape()).as(name).isEqualTo(tensor.shape());
            assertThat(loaded.get(name).toDoubleArray()).as(name).isEqualTo(tensor.toDoubleArray());
        });
        assertThat(loaded.values()).noneMatch(Tensor::requiresGrad);
        assertThat(SafeTensors.metadata(file())).containsOnly(Map.entry("format", "pt"));
    }

    @Test
    void writesNothingAsAnEmptyObject() {
        SafeTensors.save(file(), Map.of(), Map.of());
        assertThat(SafeTensors.load(file())).isEmpty();
        assertThat(SafeTensors.metadata(file())).isEmpty();
    }

    @Test
    void widensSmallTypes() throws IOException {
        assertThat(
                SafeTensors.load(SafeTensorsSample.one(folder, "U8", "[3]", bytes(0, 127, 255))).get("a").toIntArray())
                .containsExactly(0, 127, 255);
        assertThat(
                SafeTensors.load(SafeTensorsSample.one(folder, "I8", "[3]", bytes(0, 127, 255))).get("a").toIntArray())
                .containsExactly(0, 127, -1);
        assertThat(SafeTensors.load(SafeTensorsSample.one(folder, "I16", "[2]", bytes(0xFF, 0x7F, 0, 0x80))).get("a")
                .toIntArray()).containsExactly(32767, -32768);
        assertThat(
                SafeTensors.load(SafeTensorsSample.one(folder, "I32", "[1]", bytes(1, 2, 0, 0))).get("a").toIntArray())
                .containsExactly(513);
        // 1, −2, the largest 65504, the smallest subnormal 2^-24, infinity
        assertThat(SafeTensors.load(SafeTensorsSample.one(folder, "F16", "[5]",
                bytes(0, 0x3C, 0, 0xC0, 0xFF, 0x7B, 1, 0, 0, 0x7C))).get("a").toArray())
                .containsExactly(1, -2, 65504, 0x1p-24f, Float.POSITIVE_INFINITY);
        assertThat(
                SafeTensors.load(SafeTensorsSample.one(folder, "BF16", "[3]", bytes(0x80, 0x3F, 0, 0xC0, 0xC0, 0x7F)))
                        .get("a").toArray())
                .containsExactly(1, -2, Float.NaN);
        assertThat(SafeTensors.load(SafeTensorsSample.one(folder, "F64", "[1]", bytes(0, 0, 0, 0, 0, 0, 0xF8, 0x3F)))
                .get("a").toDoubleArray()).containsExactly(1.5);
    }

    @Test
    void refusesIntegersThatDoNotFit() throws IOException {
        Path big = SafeTensorsSample.one(folder, "I64", "[1]", bytes(0, 0, 0, 0x80, 0, 0, 0, 0));
        assertThatThrownBy(() -> SafeTensors.load(big)).isInstanceOf(FileFormatException.class)
                .hasMessage(big + ": tensor a: integer 2147483648 does not fit into int32, as which I64 is read");
        Path odd = SafeTensorsSample.one(folder, "BOOL", "[2]", bytes(1, 2));
        assertThatThrownBy(() -> SafeTensors.load(odd)).isInstanceOf(FileFormatException.class)
                .hasMessage(odd + ": tensor a: byte 2 in a tensor of type BOOL, expected 0 or 1");
    }

    @Test
    void refusesEntriesThatItCannotWrite() {
        assertThatIllegalArgumentException().isThrownBy(() -> new SafeTensors.Entry(Tensor.ones(1), StorageType.F16))
                .withMessage("safetensors: float32 as F16, expected F32; convert with to(DType)");
        assertThatIllegalArgumentException().isThrownBy(() -> new SafeTensors.Entry(Tensor.of(1), StorageType.U8))
                .withMessage("safetensors: int32 as U8, expected I32 or I64; convert with to(DType)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SafeTensors.save(file(), Map.of("__metadata__", Tensor.ones(1))))
                .withMessage("safetensors: tensor name __metadata__ is reserved; rename it");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SafeTensors.save(file(), Map.of("\uD800", Tensor.ones(1))));
        assertThat(file()).doesNotExist();
    }

    @Test
    void keepsTheOldFileWhenATensorIsClosed() throws IOException {
        Files.writeString(file(), "old", StandardCharsets.UTF_8);
        Tensor closed;
        try (var _ = MemoryScope.open()) {
            closed = Tensor.ones(2);
        }
        assertThatIllegalStateException().isThrownBy(() -> SafeTensors.save(file(), Map.of("a", closed)));
        assertThat(file()).hasContent("old");
        assertThat(folder).isDirectoryNotContaining(path -> path.toString().endsWith(".tmp"));
    }

    @Test
    void saysThatThereIsNoFile() {
        Path missing = folder.resolve("missing.safetensors");
        assertThatThrownBy(() -> SafeTensors.load(missing)).isInstanceOf(UncheckedIOException.class)
                .hasCauseInstanceOf(NoSuchFileException.class)
                .hasMessageStartingWith("safetensors: no file " + missing + "; the working directory is ");
        assertThatThrownBy(() -> SafeTensors.load(folder)).isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot read " + folder);
    }

    /** As on a GPU, which has no float64. */
    @Test
    void readsTypesThatTheCurrentDeviceDoesNotKnow(@TempDir Path folder) {
        Path file = folder.resolve("wide.safetensors");
        Linear wide = new Linear(3, 2);
        wide.to(DType.FLOAT64);
        wide.save(file);
        Backend narrow = new DelegatingBackend(new ReferenceBackend()) {
            @Override
            public boolean supports(DType dtype) {
                return dtype != DType.FLOAT64;
            }
        };
        try (var _ = Device.of(narrow).use()) {
            assertThat(SafeTensors.load(file).get("weight").dtype()).isEqualTo(DType.FLOAT64);
            Linear layer = new Linear(3, 2);
            layer.load(file);
            assertThat(layer.weight().dtype()).isEqualTo(DType.FLOAT32);
            assertThat(layer.weight().toArray()).containsExactly(wide.weight().to(DType.FLOAT32).toArray());
        }
        wide.load(file); // itself
    }
}
