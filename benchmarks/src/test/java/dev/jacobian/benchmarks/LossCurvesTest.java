package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.benchmarks.worker.BatchFile.Batch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same batches for every library. */
final class LossCurvesTest {
    @Test
    void aWorkerTrainsOnEveryBatchOfTheFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("batches of W1");
        new LossCurves("W1", 3, step -> new Batch(new float[] {step, 2.5f}, new int[] {7})).write(file);

        try (WorkerClient worker = FakeWorker.inProcess("fake", 0)) {
            worker.open("fake");
            assertThat(worker.curve(file)).containsExactly(32, 132, 232);
        }
    }

    @Test
    void aTextIsCutIntoPiecesWithWhatComesNext(@TempDir Path folder) throws IOException {
        String text = "the quick brown fox jumps over the lazy dog, ".repeat(9);
        LossCurves curves = LossCurves.ofText(Files.writeString(folder.resolve("text"), text));
        Batch batch = curves.source().apply(0);

        int[] letters = text.chars().sorted().distinct().toArray();
        StringBuilder piece = new StringBuilder();
        for (int i = 0; i < Models.CONTEXT; i++) {
            piece.append((char) letters[(int) batch.inputs()[i]]);
            if (i > 0) {
                assertThat(batch.labels()[i - 1]).isEqualTo((int) batch.inputs()[i]);
            }
        }
        assertThat(text).contains(piece);
        assertThat(batch.inputs()).hasSize(16 * Models.CONTEXT);
        assertThat(batch.labels()).hasSameSizeAs(batch.inputs());
        assertThat(curves.source().apply(1).inputs()).isNotEqualTo(batch.inputs());
        assertThat(curves.source().apply(0).inputs()).isEqualTo(batch.inputs());
    }

    @Test
    void aTextThatDoesNotFitIsRefused(@TempDir Path folder) throws IOException {
        Path brief = Files.writeString(folder.resolve("brief"), "to be");
        assertThatThrownBy(() -> LossCurves.ofText(brief)).isInstanceOf(BenchException.class)
                .hasMessageContaining("got 5 characters, 5 different ones, expected more than 128, and at most 65");
        assertThatThrownBy(() -> LossCurves.ofText(folder.resolve("none"))).isInstanceOf(BenchException.class)
                .hasMessageContaining("the text cannot be read (java.nio.file.NoSuchFileException: ")
                .hasMessageContaining("none)");
        assertThatThrownBy(() -> LossCurves.ofDigits(folder)).isInstanceOf(BenchException.class)
                .hasMessageContaining("train-images");
    }
}
