package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.data.Dataset;
import dev.jacobian.io.FileFormatException;
import dev.jacobian.io.SafeTensors;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training goes on from a file as if it had never ended. */
final class SavedEpochTest {
    @TempDir
    private Path folder;
    private Path file;
    private final Dataset data = Toy.data(40, 2, 1);
    private final Dataset validation = Toy.data(20, 2, 2);

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("training.safetensors");
    }

    @AfterEach
    void seed() {
        Rng.seed(0);
    }

    /** Adds random numbers that do not go by the training step, in evaluation too. */
    private static final class Noise extends Layer {
        @Override
        protected Tensor forward(Tensor x) {
            return x.add(Rng.normal(x.shape().toArray()).mul(0.01));
        }
    }

    /** What a program sets up: dropout, batch norm, AdamW, a schedule, and other initial weights for each seed. */
    private static final class Program {
        private final Sequential model;
        private final Optimizer optimizer;
        private final Trainer trainer;

        Program(long seed) {
            Rng.seed(seed);
            model = new Sequential(new Noise(), Toy.model(2));
            optimizer = new AdamW(model.parameters(), 0.05);
            trainer = Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(optimizer).quiet()
                    .schedule(CosineSchedule::new).metric(new Accuracy()).epochs(4).batchSize(10).clipNorm(1);
        }

        /** Ends training after so many steps of ten examples. */
        Program interruptedAfter(int steps) {
            int[] count = new int[1];
            trainer.stopWhen(() -> ++count[0] == steps);
            return this;
        }

        /** All numbers of the model and the optimiser. */
        Map<String, double[]> state() {
            Map<String, double[]> state = Toy.state(model);
            optimizer.stateDict().forEach((name, tensor) -> state.put(name, tensor.toDoubleArray()));
            return state;
        }
    }

    private static void assertSame(Program got, Program expected) {
        Map<String, double[]> state = got.state();
        assertThat(state).containsOnlyKeys(expected.state().keySet());
        expected.state().forEach((name, values) -> assertThat(state.get(name)).as(name).containsExactly(values));
    }

    @Test
    void aResumedTrainingHasTheBitsOfOneThatNeverEnded() {
        Program straight = new Program(7);
        History whole = straight.trainer.fit(data, validation);
        Rng.State end = Rng.state();

        Program first = new Program(7).interruptedAfter(10); // in the third epoch
        assertThat(first.trainer.checkpoint(file).fit(data, validation).epochs()).isEqualTo(2);
        Program second = new Program(99);
        History resumed = second.trainer.resume(file).fit(data, validation);

        assertSame(second, straight);
        assertThat(resumed.toMap()).isEqualTo(whole.toMap());
        assertThat(resumed.keys()).containsExactlyElementsOf(whole.keys());
        assertThat(resumed.epochs()).isEqualTo(4);
        assertThat(Rng.state()).isEqualTo(end);
        assertThat(second.optimizer.lr()).as("as before").isEqualTo(0.05);
    }

    @Test
    void everyEpochReplacesTheFile() {
        Program program = new Program(7);
        List<String> epochs = new ArrayList<>();
        program.trainer.checkpoint(file).callback(new TrainListener() {
            @Override
            public void onEpochStart(TrainEvent event) {
                epochs.add(Files.exists(file) ? SafeTensors.metadata(file).get("epoch") : "none");
            }
        }).fit(data);
        assertThat(epochs).containsExactly("none", "1", "2", "3");
        assertThat(SafeTensors.load(file)).containsKeys("model.1.0.weight", "optimizer.state.0.exp_avg")
                .hasSize(program.state().size());
        assertThat(program.trainer.resume(file).fit(data).epochs()).as("nothing is left to do").isEqualTo(4);
        assertThat(program.trainer.epochs(5).resume(file).fit(data).epochs()).isEqualTo(5);
        assertThat(program.trainer.epochs(1).fit(data).epochs()).as("only the next training resumes").isEqualTo(1);
    }

    @Test
    void theLearningRateOfNoScheduleIsKept() {
        List<Double> rates = new ArrayList<>();
        Linear model = new Linear(2, 2);
        Sgd sgd = new Sgd(model.parameters(), 1);
        Trainer trainer = Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(sgd).quiet().checkpoint(file)
                .callback(new TrainListener() {
                    @Override
                    public void onEpochEnd(TrainEvent event) {
                        rates.add(event.lr());
                        sgd.setLr(sgd.lr() / 2);
                    }
                });
        trainer.epochs(2).fit(data);
        sgd.setLr(1);
        trainer.epochs(3).resume(file).fit(data);
        assertThat(rates).containsExactly(1.0, 0.5, 0.25);
    }

    @Test
    void earlyStoppingGoesOnToo() {
        Program straight = new Program(3);
        History whole = straight.trainer.epochs(12).earlyStopping("val_loss", 2, true).fit(data, validation);
        assertThat(whole.ending()).isEqualTo(History.Ending.STOPPED_EARLY);
        for (int epochs = 1; epochs <= whole.epochs(); epochs++) {
            Program first = new Program(3).interruptedAfter(4 * epochs + 1);
            first.trainer.epochs(12).earlyStopping("val_loss", 2, true).checkpoint(file).fit(data, validation);
            Program second = new Program(99);
            History resumed = second.trainer.epochs(12).earlyStopping("val_loss", 2, true).resume(file)
                    .fit(data, validation);
            assertThat(resumed.toMap()).isEqualTo(whole.toMap());
            assertThat(resumed.ending()).isEqualTo(History.Ending.STOPPED_EARLY);
            assertSame(second, straight);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        Program program = new Program(7);
        program.trainer.checkpoint(file).epochs(1).fit(data, validation);

        Trainer unvalidated = new Program(7).trainer.resume(file);
        assertThatThrownBy(() -> unvalidated.fit(data)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("val_loss").hasMessageContaining("expected [loss, accuracy]")
                .hasMessageContaining(file.toString());
        Linear other = new Linear(2, 2);
        Trainer otherModel = Toy.trainer(other).resume(file);
        assertThatThrownBy(() -> otherModel.fit(data, validation)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file.toString()).hasMessageContaining("missing [weight, bias]");
        Trainer otherOptimizer = Toy.trainer(program.model)
                .optimizer(new Sgd(program.model.parameters(), 0.1).momentum(0.5)).resume(file);
        assertThatThrownBy(() -> otherOptimizer.fit(data, validation)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another kind of optimizer");

        Path weights = folder.resolve("weights.safetensors");
        program.model.save(weights);
        Trainer fromWeights = new Program(7).trainer.resume(weights);
        assertThatThrownBy(() -> fromWeights.fit(data, validation)).isInstanceOf(FileFormatException.class)
                .hasMessageContaining("'epoch'").hasMessageContaining("Trainer.checkpoint");
        SafeTensors.save(weights, Map.of(), Map.of("epoch", "two"));
        Trainer fromText = new Program(7).trainer.resume(weights);
        assertThatThrownBy(() -> fromText.fit(data)).isInstanceOf(FileFormatException.class)
                .hasMessageContaining("'two' as 'epoch'");
        Trainer fromNothing = new Program(7).trainer.resume(folder.resolve("none"));
        assertThatThrownBy(() -> fromNothing.fit(data)).isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("no file");
        Trainer intoNothing = new Program(7).trainer.checkpoint(folder.resolve("none").resolve("file"));
        assertThatThrownBy(() -> intoNothing.fit(data)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("create the folder");
        assertThat(Files.readAllBytes(file)).as("never touched").isNotEmpty();
    }
}
