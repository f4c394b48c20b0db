package dev.jacobian.io;

import static dev.jacobian.io.SafeTensorsSample.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged and hostile files: each is refused with the file's name and what is wrong. */
final class SafeTensorsDamageTest {
    private static final byte[] NONE = {};

    @TempDir
    private Path folder;

    private static void refused(Path file, String message) {
        long active = MemoryPool.of(Device.current()).stats().active();
        assertThatThrownBy(() -> SafeTensors.load(file)).isInstanceOf(FileFormatException.class)
                .hasMessageStartingWith(file + ": ").hasMessageContaining(message);
        assertThatThrownBy(() -> SafeTensors.metadata(file)).isInstanceOf(FileFormatException.class);
        assertThat(MemoryPool.of(Device.current()).stats().active()).isLessThanOrEqualTo(active);
    }

    static Stream<Arguments> lengths() {
        return Stream.of(
                arguments(0L, 2, "header length 0, expected 2..100000000; this is not a safetensors file"),
                arguments(1L, 2, "header length 1, expected 2.."),
                arguments(-1L, 2, "header length 18446744073709551615, expected 2.."),
                arguments(Long.MIN_VALUE, 2, "header length 9223372036854775808, expected 2.."),
                arguments(100_000_001L, 2, "header length 100000001, expected 2.."),
                arguments(100_000_000L, 2, "header length 100000000, but only 2 bytes follow; the file is truncated"),
                arguments(3L, 2,
                        "header length 3, but only 2 bytes follow; the file is truncated or of another format"));
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void refusesWrongHeaderLengths(long length, int present, String message) throws IOException {
        byte[] header = new byte[present];
        Arrays.fill(header, (byte) ' ');
        refused(SafeTensorsSample.write(folder, length, header), message);
    }

    @Test
    void refusesFilesOfAnotherKind() throws IOException {
        Path file = folder.resolve("short");
        Files.write(file, bytes(1, 2, 3));
        refused(file, "3 bytes, expected at least the 8 of a safetensors file's header length; the file is truncated");
        Files.write(file, NONE);
        refused(file, "0 bytes, expected at least the 8");
        refused(SafeTensorsSample.write(folder, bytes('{', '"', 0xC3, 0x28, '"', '}')), "the header is not UTF-8 text");
        refused(SafeTensorsSample.write(folder, bytes('{', '"', 0xED, 0xA0, 0x80, '"', '}')),
                "the header is not UTF-8 text");
    }

    static Stream<Arguments> headers() {
        String a = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        return Stream.of(
                arguments("[]", "header: expected '{' (at character 0 of 2)"),
                arguments(" {}", "header: expected '{' (at character 0 of 3)"),
                arguments("{", "expected"),
                arguments("{} x", "expected nothing but spaces after the last '}' (at character 3 of 4)"),
                arguments("{}{}", "expected nothing but spaces"),
                arguments("{" + a, "expected '}'"),
                arguments("{" + a + ",}", "expected '\"'"),
                arguments("{" + a + "," + a + "}", "the name 'a' stands there twice"),
                arguments("{" + a + ",\"\\u0061\"" + a.substring(3) + "}", "the name 'a' stands there twice"),
                arguments("{\"a\":1}", "expected '{'"),
                arguments("{\"a\":null}", "expected '{'"),
                arguments("{a:1}", "expected '\"'"),
                arguments("{\"a", "a string without end"),
                arguments("{\"a\n\":1}", "a control character in a string"),
                arguments("{\"\\x\":1}", "an unknown escape in a string"),
                arguments("{\"\\u00g0\":1}", "expected four hexadecimal digits"),
                arguments("{\"\\u00", "expected four hexadecimal digits"),
                arguments("{\"\\ud800\":1}", "half a surrogate pair in a string"),
                arguments("{\"a\":{}}", "tensor a: expected dtype, shape and data_offsets"),
                arguments("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
                        "tensor a: expected dtype, shape and data_offsets"),
                arguments("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "the name 'dtype' stands there twice"),
                arguments("{\"a\":{\"shape\":[],\"shape\":[]}}", "the name 'shape' stands there twice"),
                arguments("{\"a\":{\"data_offsets\":[],\"data_offsets\":[]}}",
                        "the name 'data_offsets' stands there twice"),
                arguments("{\"a\":{\"type\":\"F32\"}}", "'type', expected dtype, shape or data_offsets"),
                arguments("{\"a\":{\"dtype\":[\"F32\"]}}", "expected '\"'"),
                arguments("{\"a\":{\"shape\":[-1]}}", "expected an integer that is not negative"),
                arguments("{\"a\":{\"shape\":[1.5]}}", "expected an integer that is not negative"),
                arguments("{\"a\":{\"shape\":[1e3]}}", "expected an integer that is not negative"),
                arguments("{\"a\":{\"shape\":[01]}}", "expected an integer that is not negative"),
                arguments("{\"a\":{\"shape\":[]", "expected '}'"),
                arguments("{\"a\":{\"shape\":[1", "expected ']'"),
                arguments("{\"a\":{\"shape\":[1,]", "expected an integer that is not negative"),
                arguments("{\"a\":{\"shape\":[" + "9".repeat(19) + "]}}",
                        "an integer of 19 digits, expected at most 18"),
                arguments("{\"a\":{\"shape\":[1" + ",1".repeat(64) + "]}}", "more than 64 numbers in a list"),
                arguments("{\"__metadata__\":{\"a\":1}}", "expected '\"'"),
                arguments("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "the name 'a' stands there twice"),
                arguments("{\"__metadata__\":{},\"__metadata__\":{}}", "the name '__metadata__' stands there twice"),
                arguments("{\"a\":{\"shape\":[0],\"dtype\":\"F8_E4M3\",\"data_offsets\":[0,0]}}",
                        "tensor a: type F8_E4M3, expected one of [F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL]"));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void refusesHeadersThatAreNotAsTheyShouldBe(String header, String message) throws IOException {
        refused(SafeTensorsSample.write(folder, header, bytes(0, 0, 0, 0)), message);
    }

    @Test
    void refusesDeepNestingWithoutFollowingIt() throws IOException {
        refused(SafeTensorsSample.write(folder, "{\"a\":".repeat(1_000_000)), "expected dtype, shape or data_offsets");
        refused(SafeTensorsSample.write(folder, "{\"a\":{\"shape\":" + "[".repeat(1_000_000)), "expected an integer");
    }

    static Stream<Arguments> offsets() {
        return Stream.of(
                arguments("[2]", "[0,4]", "tensor a: 4 bytes, expected 8 for shape [2] of type F32"),
                arguments("[]", "[0,8]", "tensor a: 8 bytes, expected 4 for shape [] of type F32"),
                arguments("[2]", "[8,0]", "tensor a: data_offsets [8, 0], expected [first, behind last]"),
                arguments("[2]", "[0]", "tensor a: data_offsets [0], expected [first, behind last]"),
                arguments("[2]", "[0,8,8]", "tensor a: data_offsets [0, 8, 8], expected [first, behind last]"),
                arguments("[2]", "[4,12]",
                        "tensor a starts at byte 4 of the data, expected 0, where the one before ends:"
                                + " tensors leave a gap"),
                arguments("[1]", "[0,4]", "tensors take 4 bytes, but 8 follow the header; the file is damaged"),
                arguments("[4]", "[0,16]", "tensors take 16 bytes, but 8 follow the header; the file is truncated"),
                arguments("[2147483648]", "[0,8]",
                        "tensor a: shape [2147483648] is too large; lengths go up to 2147483647"),
                arguments("[2147483647,2147483647,4]", "[0,8]", "is too large"),
                arguments("[4294967296,4294967296]", "[0,0]", "is too large"),
                arguments("[1073741824,1073741824,4]", "[0,0]", "is too large"),
                arguments("[2147483647,1073741824]", "[0,999999999999999999]", "999999999999999999 bytes, expected"),
                arguments("[249999999999999999]", "[0,999999999999999996]", "is too large"),
                arguments("[2147483647,2147483647]", "[0,18446744056529682436]", "an integer of 20 digits"));
    }

    @ParameterizedTest
    @MethodSource("offsets")
    void refusesOffsetsAndShapesThatDoNotFit(String shape, String offsets, String message) throws IOException {
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
        refused(SafeTensorsSample.write(folder, header, new byte[8]), message);
    }

    @Test
    void refusesTensorsThatOverlap() throws IOException {
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}";
        refused(SafeTensorsSample.write(folder, header, new byte[12]),
                "tensor b starts at byte 4 of the data, expected 8, where the one before ends: tensors overlap");
        String same = header.replace("[4,12]", "[0,8]");
        refused(SafeTensorsSample.write(folder, same, new byte[8]), "tensors overlap");
        refused(SafeTensorsSample.write(folder, "{}", new byte[1]), "tensors take 0 bytes, but 1 follow the header");
    }

    @Test
    void acceptsEmptyTensorsOfLongAxes() throws IOException {
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,2147483647],\"data_offsets\":[0,0]}}";
        assertThat(SafeTensors.load(SafeTensorsSample.write(folder, header)).get("a").size()).isZero();
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", Tensor.of(1f, 2f));
        tensors.put("b", Tensor.of(1, 2));
        Path whole = folder.resolve("whole");
        SafeTensors.save(whole, tensors);
        byte[] all = Files.readAllBytes(whole);
        Path part = folder.resolve("part");
        for (int length = 0; length < all.length; length++) {
            Files.write(part, Arrays.copyOf(all, length));
            assertThatThrownBy(() -> SafeTensors.load(part)).as("%s bytes", length)
                    .isInstanceOf(FileFormatException.class);
        }
    }

    /** Whatever is changed, a file is read or refused; nothing else is thrown. */
    @Test
    void survivesRandomDamage() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("weight", Tensor.of(1f, 2f));
        tensors.put("mask", Tensor.of(true, false));
        Path file = folder.resolve("damaged");
        SafeTensors.save(file, tensors);
        byte[] whole = Files.readAllBytes(file);
        byte[] signs = "{}[]\",:0123456789-. \\aF".getBytes(StandardCharsets.US_ASCII);
        Random random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            byte[] damaged = whole.clone();
            for (int j = 0; j <= i % 3; j++) {
                damaged[8 + random.nextInt(damaged.length - 8)] = i % 2 == 0
                        ? signs[random.nextInt(signs.length)]
                        : (byte) random.nextInt();
            }
            Files.write(file, damaged);
            try {
                assertThat(SafeTensors.load(file).values()).allMatch(Tensor::isAlive);
            } catch (FileFormatException e) {
                refused++;
                assertThat(e).hasMessageStartingWith(file + ": ");
            }
        }
        assertThat(refused).isBetween(200, 400);
    }
}
