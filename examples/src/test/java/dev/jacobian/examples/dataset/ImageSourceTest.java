package dev.jacobian.examples.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.data.DataException;
import dev.jacobian.data.Dataset;
import dev.jacobian.data.ImageDataset;
import dev.jacobian.examples.Failure;
import dev.jacobian.examples.progress.DownloadProgress;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSourceTest {

    @TempDir
    Path folder;

    private final DownloadView view = new DownloadProgress(
            new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8), false);

    @AfterEach
    void forgetMirrors() {
        System.clearProperty("jacobian.mnist.mirrors");
        System.clearProperty("jacobian.fashion-mnist.mirrors");
    }

    @Test
    void drawsDigitsWhenOffline() {
        ImageSource.Found found = ImageSource.mnist().find(folder, true, 50, view);
        assertThat(found.origin())
                .isEqualTo("synthetic digits, drawn by this program (no --data, none in " + folder + ")");
        assertThat(found.images().train().size()).isEqualTo(50);
        assertThat(found.images().test().size()).isEqualTo(50);
    }

    @Test
    void drawsDigitsWhenNoMirrorAnswers() {
        // Port 1 of this machine: nobody listens there.
        System.setProperty("jacobian.mnist.mirrors", "http://127.0.0.1:1/");
        ImageSource.Found found = ImageSource.mnist().find(folder, false, 50, view);
        assertThat(found.origin()).contains("no download: 127.0.0.1: no connection");
    }

    @Test
    void drawsNoClothes() {
        System.setProperty("jacobian.fashion-mnist.mirrors", "http://127.0.0.1:1/");
        ImageSource fashion = ImageSource.fashion();
        assertThatThrownBy(() -> fashion.find(folder, false, 50, view)).isInstanceOf(Failure.class)
                .hasMessageContaining("Fashion-MNIST is not here").hasMessageContaining("--data FOLDER");
        assertThatThrownBy(() -> fashion.in(folder)).isInstanceOf(DataException.class);
    }

    @Test
    void takesTheFirstExamples() {
        Dataset all = ImageDataset.synthetic(1, 10, 1).train();
        var first = new FirstExamples(all, 4);
        assertThat(first.size()).isEqualTo(4);
        assertThat(new FirstExamples(all, 40).size()).isEqualTo(10);
        assertThat(first.batch(0, 1).target().toIntArray()).isEqualTo(all.batch(0, 1).target().toIntArray());
    }
}
