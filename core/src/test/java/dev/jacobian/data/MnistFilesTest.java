package dev.jacobian.data;

import static dev.jacobian.data.IdxFileTest.gzip;
import static dev.jacobian.data.IdxFileTest.idx;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MnistFilesTest {

    @TempDir
    Path folder;

    @Test
    void findsAllSpellingsAndReadsBothSets() throws IOException {
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), gzip(idx(0x803, new int[] {2, 1, 2}, 1, 2, 3, 4)));
        Files.write(folder.resolve("train-labels.idx1-ubyte"), idx(0x801, new int[] {2}, 8, 9));
        Files.write(folder.resolve("t10k-images.idx3-ubyte.gz"), gzip(idx(0x803, new int[] {1, 1, 2}, 5, 6)));
        Files.write(folder.resolve("t10k-labels-idx1-ubyte"), idx(0x801, new int[] {1}, 7));
        MnistFiles files = MnistFiles.in(folder);
        Images train = files.train();
        assertThat(train.pixels()).containsExactly(1, 2, 3, 4);
        assertThat(train.labels()).containsExactly(8, 9);
        assertThat(new int[] {train.count(), train.height(), train.width()}).containsExactly(2, 1, 2);
        Images test = files.test();
        assertThat(test.pixels()).containsExactly(5, 6);
        assertThat(test.labels()).containsExactly(7);
    }

    @Test
    void missingFolderListsWhatWasLookedFor() {
        Path missing = folder.resolve("absent");
        assertThatThrownBy(() -> MnistFiles.in(missing)).isInstanceOf(DataException.class).message()
                .contains("missing folder: " + missing, "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                        "t10k-images-idx3-ubyte", "t10k-labels.idx1-ubyte.gz");
    }

    @Test
    void aFileIsNotAFolder() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> MnistFiles.in(file)).isInstanceOf(DataException.class)
                .hasMessageContaining("not a folder: " + file);
    }

    @Test
    void missingFilesAreListedAndPresentOnesAreNot() throws IOException {
        Files.createFile(folder.resolve("train-images-idx3-ubyte"));
        Files.createFile(folder.resolve("t10k-images-idx3-ubyte.gz"));
        Files.createFile(folder.resolve("t10k-labels-idx1-ubyte"));
        assertThatThrownBy(() -> MnistFiles.in(folder)).isInstanceOf(DataException.class).message()
                .contains(folder.toString(), "got 3 of 4 files",
                        "train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz",
                        "train-labels.idx1-ubyte")
                .doesNotContain("t10k", "train-images");
    }

    @Test
    void labelsMustBeAsManyAsImages() throws IOException {
        fill(idx(0x803, new int[] {2, 1, 1}, 1, 2), idx(0x801, new int[] {3}, 1, 2, 3));
        MnistFiles files = MnistFiles.in(folder);
        assertThatThrownBy(files::train).isInstanceOf(DataException.class).message().contains(
                "got 3 labels, expected 2",
                folder.resolve("train-labels-idx1-ubyte").toString(),
                folder.resolve("train-images-idx3-ubyte").toString());
        assertThatThrownBy(files::test).isInstanceOf(DataException.class).hasMessageContaining("t10k-labels");
    }

    @Test
    void imagesAndLabelsExchangedIsAWrongMagicNumber() throws IOException {
        fill(idx(0x801, new int[] {1}, 1), idx(0x803, new int[] {1, 1, 1}, 1));
        MnistFiles files = MnistFiles.in(folder);
        assertThatThrownBy(files::train).isInstanceOf(DataException.class)
                .hasMessageContaining("got 0x00000801, expected 0x00000803 (images)");
    }

    @Test
    void imagesWithoutPixelsAreAnError() throws IOException {
        fill(idx(0x803, new int[] {2, 0, 28}), idx(0x801, new int[] {2}, 1, 2));
        MnistFiles files = MnistFiles.in(folder);
        assertThatThrownBy(files::train).isInstanceOf(DataException.class)
                .hasMessageContaining("got 0 × 28 pixels, expected at least 1 × 1");
    }

    private void fill(byte[] images, byte[] labels) throws IOException {
        for (String set : new String[] {"train", "t10k"}) {
            Files.write(folder.resolve(set + "-images-idx3-ubyte"), images);
            Files.write(folder.resolve(set + "-labels-idx1-ubyte"), labels);
        }
    }
}
