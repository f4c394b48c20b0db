package dev.jacobian.data;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFileTest {

    @TempDir
    Path folder;

    @Test
    void readsLabels() throws IOException {
        IdxFile idx = IdxFile.read(write("labels", idx(0x801, new int[] {3}, 7, 0, 255)));
        assertThat(idx.shape()).containsExactly(3);
        assertThat(idx.data()).containsExactly(7, 0, -1);
    }

    @Test
    void readsImagesPlainAndGzipWhateverTheName() throws IOException {
        byte[] bytes = idx(0x803, new int[] {2, 1, 3}, 1, 2, 3, 4, 5, 6);
        for (Path file : new Path[] {write("plain.gz", bytes), write("packed", gzip(bytes))}) {
            IdxFile idx = IdxFile.read(file);
            assertThat(idx.shape()).containsExactly(2, 1, 3);
            assertThat(idx.data()).containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @Test
    void readsGzipLargerThanOneBuffer() throws IOException {
        int[] values = new int[300_000];
        Arrays.setAll(values, i -> ((i * 31) >>> 3) & 0xFF);
        IdxFile idx = IdxFile.read(write("big", gzip(idx(0x803, new int[] {300, 100, 10}, values))));
        assertThat(idx.data()).hasSize(300_000);
        for (int i = 0; i < values.length; i += 997) {
            assertThat(idx.data()[i] & 0xFF).isEqualTo(values[i]);
        }
    }

    @Test
    void shapeIsACopy() throws IOException {
        IdxFile idx = IdxFile.read(write("labels", idx(0x801, new int[] {1}, 7)));
        idx.shape()[0] = 5;
        assertThat(idx.shape()).containsExactly(1);
    }

    @Test
    void missingFileIsNamed() {
        assertFails(folder.resolve("nothing"), "missing", "check the path");
        assertFails(folder.resolve("no-folder").resolve("nothing"), "missing", "check the path");
    }

    @Test
    void aFolderIsNotAFile() {
        assertFails(folder, "not a file", "not its folder");
    }

    @Test
    void wrongMagicNumberShowsBoth() throws IOException {
        assertFails(write("float", idx(0xD03, new int[] {1, 1, 1}, 0, 0, 0, 0)), "wrong magic number", "got 0x00000d03",
                "expected 0x00000801 (labels) or 0x00000803 (images)");
        assertFails(write("page", "<html></html>".getBytes(US_ASCII)),
                "got 0x3c68746d");
    }

    @Test
    void rankOtherThanTheOneAskedForIsAWrongMagicNumber() throws IOException {
        Path labels = write("labels", idx(0x801, new int[] {1}, 7));
        assertThatThrownBy(() -> IdxFile.read(labels, 3)).isInstanceOf(DataException.class)
                .hasMessageContaining("got 0x00000801, expected 0x00000803 (images)")
                .hasMessageContaining(labels.toString());
        assertThatThrownBy(() -> IdxFile.read(labels, 2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("got rank 2, expected 1 (labels) or 3 (images)");
    }

    @Test
    void truncatedGzipIsNamedWhereverItIsCut() throws IOException {
        byte[] whole = gzip(idx(0x801, new int[] {6}, 1, 2, 3, 4, 5, 6));
        for (int length = 2; length < whole.length; length++) {
            assertFails(write("cut" + length, Arrays.copyOf(whole, length)), "truncated gzip", "download it again");
        }
    }

    @Test
    void corruptGzipIsNamed() throws IOException {
        byte[] bytes = gzip(idx(0x801, new int[] {6}, 1, 2, 3, 4, 5, 6));
        bytes[bytes.length - 7] ^= 0x55;
        assertFails(write("corrupt", bytes), "corrupt gzip", "download it again");
    }

    @Test
    void truncatedDataShowsCounts() throws IOException {
        byte[] bytes = idx(0x803, new int[] {2, 2, 2}, 1, 2, 3, 4, 5);
        assertFails(write("plain", bytes), "truncated data", "got 5 bytes, expected 8", "[2, 2, 2]");
        assertFails(write("packed", gzip(bytes)), "truncated data", "got 5 bytes, expected 8");
    }

    @Test
    void truncatedHeaderIsTruncatedData() throws IOException {
        byte[] whole = idx(0x803, new int[] {2, 2, 2});
        for (int length = 0; length < whole.length; length++) {
            assertFails(write("header" + length, Arrays.copyOf(whole, length)), "truncated data", "in the header");
        }
    }

    @Test
    void trailingDataIsAnError() throws IOException {
        byte[] bytes = idx(0x801, new int[] {2}, 1, 2, 3);
        assertFails(write("plain", bytes), "trailing data", "more than the 2 bytes");
        assertFails(write("packed", gzip(bytes)), "trailing data", "more than the 2 bytes");
    }

    @Test
    void negativeSizeIsAnError() throws IOException {
        assertFails(write("negative", idx(0x803, new int[] {2, -1, 2})), "negative size", "got -1 for axis 1");
    }

    @Test
    void sizeBeyondMemoryIsAnErrorBeforeAnythingIsAllocated() throws IOException {
        int most = Integer.MAX_VALUE;
        assertFails(write("large", idx(0x803, new int[] {most, 28, 28})), "does not fit memory",
                "[2147483647, 28, 28]");
        assertFails(write("larger", idx(0x803, new int[] {most, most, most})), "does not fit memory");
        assertFails(write("largest", idx(0x801, new int[] {most})), "does not fit memory");
    }

    @Test
    void aSmallFileThatClaimsToBeLargeIsTruncated() throws IOException {
        assertFails(write("hostile", idx(0x801, new int[] {50_000_000}, 1, 2)), "truncated data", "got 2 bytes");
    }

    private static void assertFails(Path file, String... parts) {
        assertThatThrownBy(() -> IdxFile.read(file)).isInstanceOf(DataException.class).message().contains(parts)
                .contains(file.toString());
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    static byte[] idx(int magic, int[] shape, int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 + 4 * shape.length + values.length).putInt(magic);
        for (int size : shape) {
            buffer.putInt(size);
        }
        for (int value : values) {
            buffer.put((byte) value);
        }
        return buffer.array();
    }

    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }
}
