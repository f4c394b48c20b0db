package dev.jacobian.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageDatasetTest {
    private static final Images TWO = new Images(new byte[] {0, (byte) 255, 51, 102, 1, 2, 3, (byte) 200},
            new byte[] {1, 0}, 2, 2, 2);

    private static float normalised(int pixel, float mean, float deviation) {
        return (pixel / 255f - mean) / deviation;
    }

    @Test
    void normalisesPixels() {
        ImageDataset data = ImageDataset.of(TWO, TWO, List.of("off", "on"), 0.5, 0.25);
        Batch batch = data.train().batch(1, 0);
        assertThat(batch.input().shape().toArray()).containsExactly(2, 1, 2, 2);
        assertThat(batch.input().dtype()).isEqualTo(DType.FLOAT32);
        float[] values = batch.input().toArray();
        assertThat(values[3]).isEqualTo(normalised(200, 0.5f, 0.25f));
        assertThat(values[4]).isEqualTo(-2);
        assertThat(values[5]).isEqualTo(2);
        assertThat(values[6]).isEqualTo(normalised(51, 0.5f, 0.25f));
        assertThat(batch.target().toIntArray()).containsExactly(0, 1);
        assertThat(data.classNames()).containsExactly("off", "on");
        assertThat(data.train().batch(0).input().toArray()).as("after a larger batch").hasSize(4).startsWith(-2f);
        assertThat(data.train().batch().input().shape().toArray()).containsExactly(0, 1, 2, 2);
    }

    private static void write(Path file, int magic, int[] dims, byte[] data) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * dims.length + data.length).putInt(magic);
        for (int dim : dims) {
            bytes.putInt(dim);
        }
        Files.write(file, bytes.put(data).array());
    }

    @Test
    void readsAFolder(@TempDir Path folder) throws IOException {
        for (String part : List.of("train", "t10k")) {
            write(folder.resolve(part + "-images-idx3-ubyte"), 0x803, new int[] {2, 2, 2}, TWO.pixels());
            write(folder.resolve(part + "-labels-idx1-ubyte"), 0x801, new int[] {2}, TWO.labels());
        }
        ImageDataset digits = ImageDataset.mnist(folder);
        assertThat(digits.train().size()).isEqualTo(2);
        assertThat(digits.classNames()).hasSize(10).startsWith("0", "1");
        assertThat(digits.test().batch(0).input().toArray()[1]).isEqualTo(normalised(255, 0.1307f, 0.3081f));
        ImageDataset clothes = ImageDataset.fashionMnist(folder);
        assertThat(clothes.classNames()).hasSize(10).endsWith("Ankle boot");
        assertThat(clothes.test().batch(1).input().toArray()[3]).isEqualTo(normalised(200, 0.2860f, 0.3530f));
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> ImageDataset.mnist(missing)).isInstanceOf(DataException.class)
                .hasMessageContaining("missing");
    }

    @Test
    void drawsDigits() {
        ImageDataset data = ImageDataset.synthetic(3, 5, 4);
        assertThat(data.train().size()).isEqualTo(5);
        assertThat(data.test().size()).isEqualTo(4);
        Images all = SyntheticDigits.generate(3, 0, 9);
        assertThat(data.test().batch(0).target().toIntArray()).containsExactly(all.labels()[5]);
        int ink = all.pixels()[5 * SyntheticDigits.PIXELS + 300] & 0xFF;
        assertThat(data.test().batch(0).input().toArray()[300]).isEqualTo(normalised(ink, 0.1307f, 0.3081f));
    }

    @Test
    void saysWhatIsWrong() {
        Images wide = new Images(new byte[3], new byte[1], 1, 1, 3);
        assertThatThrownBy(() -> ImageDataset.of(TWO, TWO, List.of("only"), 0, 1)).isInstanceOf(DataException.class)
                .hasMessageContaining("label 1").hasMessageContaining("image 0");
        assertThatThrownBy(() -> ImageDataset.of(TWO, wide, List.of("a", "b"), 0, 1)).hasMessageContaining("one size");
        assertThatThrownBy(() -> ImageDataset.of(TWO, TWO, List.of("a", "b"), 0, 0)).hasMessageContaining("deviation");
        assertThatThrownBy(() -> ImageDataset.of(TWO, TWO, List.of("a", "b"), 0, 1).train().batch(2))
                .hasMessageContaining("index 2");
    }
}
