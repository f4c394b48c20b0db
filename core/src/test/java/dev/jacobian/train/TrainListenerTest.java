package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.data.Dataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.Sgd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrainListenerTest {
    private final Sequential model = Toy.model(2);
    private final Dataset data = Toy.data(20, 2, 1);

    /** Found through a services file that one test writes. */
    public static final class InstalledView implements ProgressView {
        private static final List<InstalledView> USED = new ArrayList<>();

        /** For {@link java.util.ServiceLoader}. */
        public InstalledView() {}

        @Override
        public void onTrainStart(TrainEvent event) {
            USED.add(this);
        }
    }

    @Test
    void isToldEverythingInOrder() {
        List<String> told = new ArrayList<>();
        Toy.trainer(model).epochs(2).batchSize(10).callback(new TrainListener() {
            private void note(String what, TrainEvent event) {
                told.add(what + " " + event.epoch() + "/" + event.epochs() + " " + event.step() + "/" + event.steps()
                        + " "
                        + event.metrics().keySet());
                assertThat(event.seconds()).isNotNegative();
            }

            @Override
            public void onTrainStart(TrainEvent event) {
                note("start", event);
                assertThat(event.examplesPerSecond()).isZero();
            }

            @Override
            public void onEpochStart(TrainEvent event) {
                note("epoch", event);
            }

            @Override
            public void onStep(TrainEvent event) {
                note("step", event);
                assertThat(event.metrics().get("loss")).isFinite();
                assertThat(event.examplesPerSecond()).isPositive();
            }

            @Override
            public void onEpochEnd(TrainEvent event) {
                note("done", event);
            }

            @Override
            public void onTrainEnd(TrainEvent event, History history) {
                note("end " + history.ending(), event);
            }
        }).fit(data, data);
        String training = "[loss, accuracy]";
        String all = "[loss, accuracy, val_loss, val_accuracy]";
        assertThat(told).containsExactly("start 0/2 0/2 []", "epoch 1/2 0/2 []", "step 1/2 1/2 " + training,
                "step 1/2 2/2 " + training, "done 1/2 2/2 " + all, "epoch 2/2 0/2 []", "step 2/2 1/2 " + training,
                "step 2/2 2/2 " + training, "done 2/2 2/2 " + all, "end COMPLETED 2/2 2/2 " + all);
    }

    @Test
    void printsALineForEachEpoch() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        Toy.trainer(model).progress(TrainListener.printing(out)).epochs(2).fit(data, data);
        Toy.trainer(model).progress(TrainListener.printing(out)).stopWhen(() -> true).batchSize(5).fit(data);
        String number = "\\d+\\.\\d{4}";
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines()).hasSize(3)
                .satisfies(lines -> assertThat(lines.subList(0, 2)).allMatch(line -> line.matches("epoch [12]/2  loss "
                        + number + "  accuracy " + number + "  val_loss " + number + "  val_accuracy " + number
                        + "  \\d+\\.\\d s \\(\\d+ examples/s\\)")))
                .endsWith("interrupted in epoch 1 after step 1 of 4");
    }

    private Trainer plain() {
        return Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(new Sgd(model.parameters(), 0.1));
    }

    @Test
    void printsToTheStandardOutputByDefault() {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            plain().fit(data);
        } finally {
            System.setOut(before);
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8)).startsWith("epoch 1/1  loss ");
    }

    @Test
    void anInstalledViewReplacesLines(@TempDir Path folder) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(ProgressView.class.getName()), InstalledView.class.getName());
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        InstalledView.USED.clear();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            Thread.currentThread().setContextClassLoader(loader);
            plain().fit(data);
            plain().fit(data);
            plain().quiet().fit(data);
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
        assertThat(InstalledView.USED).hasSize(2).doesNotHaveDuplicates();
    }

    @Test
    void whatAListenerThrowsEndsTraining() {
        List<String> ended = new ArrayList<>();
        Trainer trainer = Toy.trainer(model).callback(new TrainListener() {
            @Override
            public void onStep(TrainEvent event) {
                throw new IllegalStateException("enough");
            }

            @Override
            public void onTrainEnd(TrainEvent event, History history) {
                ended.add(history.ending().toString());
                throw new IllegalArgumentException("and more");
            }
        });
        assertThatThrownBy(() -> trainer.fit(data)).isInstanceOf(IllegalStateException.class).hasMessage("enough")
                .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
        assertThat(ended).containsExactly("FAILED");
    }
}
