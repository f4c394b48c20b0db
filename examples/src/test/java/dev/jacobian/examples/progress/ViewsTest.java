package dev.jacobian.examples.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.train.ProgressView;
import dev.jacobian.train.TrainEvent;
import dev.jacobian.train.TrainListener;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class ViewsTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static TrainEvent event(int epoch, int epochs, int step, int steps, double seconds,
            Map<String, Double> metrics) {
        return new TrainEvent(epoch, epochs, step, steps, metrics, 0.1, seconds, 1);
    }

    private static Map<String, Double> values(double loss, double accuracy) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", loss);
        values.put("accuracy", accuracy);
        return values;
    }

    private void train(TrainListener view) {
        for (int epoch = 1; epoch <= 2; epoch++) {
            view.onEpochStart(event(epoch, 2, 0, 100, 0, Map.of()));
            for (int step = 1; step <= 100; step++) {
                view.onStep(event(epoch, 2, step, 100, step * 0.15, values(2.0 / step, step / 100.0)));
            }
            view.onEpochEnd(event(epoch, 2, 100, 100, 15.04, values(0.25, 0.5)));
        }
    }

    @Test
    void plainLinesAreFew() {
        train(new TrainingProgress(out, TrainingProgress.Mode.AUTO, false));
        assertThat(printed().lines()).containsExactly("epoch 1/2  step 1/100  loss 2.0000  accuracy 0.0100",
                "epoch 1/2  step 68/100  loss 0.0294  accuracy 0.6800  6.67 it/s",
                "epoch 1/2  loss 0.2500  accuracy 0.5000  15.0 s",
                "epoch 2/2  step 67/100  loss 0.0299  accuracy 0.6700  6.67 it/s",
                "epoch 2/2  loss 0.2500  accuracy 0.5000  15.0 s");
    }

    @Test
    void epochsAloneOrNothingWhenAsked() {
        train(new TrainingProgress(out, TrainingProgress.Mode.EPOCHS, true));
        assertThat(printed().lines()).containsExactly("epoch 1/2  loss 0.2500  accuracy 0.5000  15.0 s",
                "epoch 2/2  loss 0.2500  accuracy 0.5000  15.0 s");
        bytes.reset();
        train(new TrainingProgress(out, TrainingProgress.Mode.NONE, true));
        assertThat(printed()).isEmpty();
    }

    @Test
    void theTrainerFindsIt() {
        assertThat(ServiceLoader.load(ProgressView.class)).hasAtLeastOneElementOfType(TrainingProgress.class);
    }

    @Test
    void aBarShowsHowFarAndHowFast() {
        String line = new BarRenderer("it").render("epoch 1/3", 197, 469, 2.1, "loss 0.3127", 80);
        assertThat(line).isEqualTo("epoch 1/3:  42%|████▏     | 197/469 [00:02<00:02, 93.8 it/s, loss 0.3127]       ")
                .hasSize(80);
    }

    @Test
    void aBarKnowsItsEnds() {
        var renderer = new BarRenderer("it");
        assertThat(renderer.render("e", 0, 10, 0, null, 60))
                .startsWith("e:   0%|          | 0/10 [00:00<?, 0.00 it/s]");
        assertThat(renderer.render("e", 10, 10, 3700, "", 60)).startsWith("e: 100%|██████████| 10/10 [1:01:40<00:00, ");
        assertThat(renderer.render("e", 0, 0, 1, "", 60)).startsWith("e:   0%|");
    }

    @Test
    void aBarStaysWithinItsWidth() {
        assertThat(new BarRenderer("it").render("epoch 1/3", 1, 2, 1, "loss 1.0, accuracy 0.5", 40)).hasSize(40);
        assertThat(new BarRenderer("it").render("epoch 1/3", 1, 2, 1, "loss 1.0, accuracy 0.5", 70))
                .isEqualTo("epoch 1/3:  50% 1/2 [00:01<00:01, 1.00 it/s, loss 1.0, accuracy 0.5]  ");
        assertThat(TerminalLine.width(null)).isEqualTo(79);
        assertThat(TerminalLine.width("100")).isEqualTo(99);
        assertThat(TerminalLine.width("wide")).isEqualTo(79);
        assertThat(TerminalLine.width("0")).isEqualTo(79);
        assertThat(TerminalLine.width("10")).isEqualTo(20);
    }

    @Test
    void aBarGivesWayToTheEpochsLine() {
        var view = new TrainingProgress(out, TrainingProgress.Mode.AUTO, true);
        view.onEpochStart(event(1, 1, 0, 2, 0, Map.of()));
        view.onStep(event(1, 1, 1, 2, 0.2, values(1, 0.5)));
        view.onStep(event(1, 1, 2, 2, 0.4, values(0.5, 1)));
        view.onEpochEnd(event(1, 1, 2, 2, 0.5, values(0.5, 1)));
        String[] lines = printed().split("\n", -1);
        String[] overwritten = lines[0].split("\r", -1);
        assertThat(overwritten).anyMatch(text -> text.startsWith("epoch 1/1: 100%"));
        assertThat(overwritten[overwritten.length - 1].strip())
                .isEqualTo("epoch 1/1  loss 0.5000  accuracy 1.0000  0.50 s");
        assertThat(overwritten[overwritten.length - 2]).isBlank();
        assertThat(lines).hasSize(2);
    }

    @Test
    void numbersKeepTheirDigits() {
        assertThat(List.of(Texts.number(0), Texts.number(0.98765), Texts.number(-12.5), Texts.number(0.00012345),
                Texts.number(123456789), Texts.number(Double.NaN)))
                .containsExactly("0.0000", "0.9877", "-12.5000", "1.235e-04", "1.235e+08", "NaN");
    }

    @Test
    void aDownloadIsOneLinePerFileWithoutATerminal() {
        var view = new DownloadProgress(out, false);
        view.started("a.gz", 9_900_000, URI.create("https://mirror.example/mnist/"), 0);
        view.progressed(5_000_000);
        view.ended();
        view.started("b.gz", 100_000, URI.create("https://mirror.example/mnist/"), 40);
        view.ended();
        assertThat(printed().lines()).containsExactly("download   a.gz (9.9 MB) from mirror.example",
                "download   b.gz (0.1 MB, from byte 40 on) from mirror.example");
    }

    @Test
    void aDownloadIsABarOnATerminal() {
        var view = new DownloadProgress(out, true);
        view.started("a.gz", 10_000_000, URI.create("https://mirror.example/"), 0);
        view.progressed(10_000_000);
        view.ended();
        assertThat(printed()).contains("a.gz: 100%|██████████| 10.0/10.0 [").endsWith("\r");
    }
}
