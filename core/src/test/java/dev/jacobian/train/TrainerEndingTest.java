package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jacobian.autograd.AnomalyException;
import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Device;
import dev.jacobian.data.Dataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.loss.Loss;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How training ends other than by its last epoch, and what is left then. */
final class TrainerEndingTest {
    @TempDir
    private Path folder;
    private final Sequential model = Toy.model(2);
    private final Dataset data = Toy.data(40, 2, 1);

    /** A loss that is the given number in a given step, counted over all epochs. */
    private static Loss badAt(int step, double value) {
        AtomicInteger calls = new AtomicInteger();
        Loss good = new CrossEntropyLoss();
        return (prediction, target) -> {
            Tensor loss = good.call(prediction, target);
            return calls.incrementAndGet() == step ? loss.add(value) : loss;
        };
    }

    private static void assertSame(Map<String, double[]> state, Map<String, double[]> expected) {
        assertThat(state).containsOnlyKeys(expected.keySet());
        expected.forEach((name, values) -> assertThat(state.get(name)).as(name).containsExactly(values));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void aLossThatIsNotFiniteRestoresTheLastGoodEpoch(double bad) {
        List<Map<String, double[]>> states = new ArrayList<>();
        AtomicReference<History> left = new AtomicReference<>();
        Trainer trainer = Toy.trainer(model).loss(badAt(7, bad)).epochs(4).batchSize(10).callback(new TrainListener() {
            @Override
            public void onEpochEnd(TrainEvent event) {
                states.add(Toy.state(model));
            }

            @Override
            public void onTrainEnd(TrainEvent event, History history) {
                left.set(history);
            }
        });
        var failure = catchThrowableOfType(TrainingDivergedException.class, () -> trainer.fit(data));
        assertThat(failure).hasMessageContaining("the loss is " + bad)
                .hasMessageContaining("step 3 of 4 of epoch 2 of 4")
                .hasMessageContaining("end of epoch 1").hasMessageContaining("anomalyDetection(true)");
        assertThat(failure.epoch()).isEqualTo(2);
        assertThat(failure.step()).isEqualTo(3);
        assertThat(failure.loss()).isEqualTo(Double.valueOf(bad));
        assertSame(Toy.state(model), states.getFirst());
        assertThat(left.get().epochs()).isEqualTo(1);
        assertThat(left.get().ending()).isEqualTo(History.Ending.FAILED);
        assertThat(model.parameters()).noneMatch(Param::hasFreshGrad);
        assertThat(trainer.fit(data).last("loss")).as("goes on").isFinite();
    }

    @Test
    void inTheFirstEpochTheStartIsRestored() {
        Map<String, double[]> start = Toy.state(model);
        assertThatThrownBy(() -> Toy.trainer(model).loss(badAt(3, Double.NaN)).batchSize(10).fit(data))
                .isInstanceOf(TrainingDivergedException.class).hasMessageContaining("weights of the start");
        assertSame(Toy.state(model), start);
    }

    /** The loss of the only step is fine, the update is not. */
    @Test
    void weightsThatAreNotFiniteAreNotKept() {
        Linear linear = new Linear(2, 2);
        Map<String, double[]> start = Toy.state(linear);
        Trainer trainer = Trainer.of(linear).loss((prediction, _) -> prediction.mul(1e30).sum()).quiet()
                .optimizer(new Sgd(linear.parameters(), 1e30)).batchSize(40);
        assertThatThrownBy(() -> trainer.fit(data)).isInstanceOf(TrainingDivergedException.class)
                .hasMessageContaining("weights are not finite");
        assertSame(Toy.state(linear), start);
    }

    @Test
    void theLearningRateIsThatOfTheStep() {
        Linear linear = new Linear(2, 2);
        Trainer trainer = Trainer.of(linear).loss((prediction, _) -> prediction.mul(1e30).sum()).quiet()
                .optimizer(new Sgd(linear.parameters(), 1e20)).schedule(CosineSchedule::new).batchSize(40).epochs(2);
        assertThatThrownBy(() -> trainer.fit(data)).isInstanceOf(TrainingDivergedException.class)
                .hasMessageContaining("weights are not finite").hasMessageContaining("step 1 of 1 of epoch 1 of 2")
                .hasMessageContaining("it was 1.0E20");
    }

    /** Makes a NaN of negative inputs, from where on it is told to. */
    private static final class Root extends Layer {
        private boolean broken;

        @Override
        protected Tensor forward(Tensor x) {
            return broken ? x.sub(2).sqrt() : x;
        }
    }

    @Test
    void anomaliesInTheValidationAreSaidToBeThere() {
        Root root = new Root();
        Sequential here = new Sequential(new Linear(2, 2), root);
        Trainer trainer = Toy.trainer(here).anomalyDetection(true).epochs(3).callback(new TrainListener() {
            @Override
            public void onStep(TrainEvent event) {
                root.broken = event.epoch() == 2 && event.step() == event.steps();
            }
        });
        var failure = catchThrowableOfType(TrainingDivergedException.class, () -> trainer.fit(data, data));
        assertThat(failure).hasMessageContaining("layer 1").hasMessageContaining("sqrt")
                .hasMessageContaining("in the validation of epoch 2 of 3")
                .hasMessageContaining("the end of epoch 1 are restored").hasMessageNotContaining("in step")
                .hasCauseInstanceOf(AnomalyException.class);
    }

    @Test
    void anomaliesOfTheDataAreFoundInTheModel() {
        Dataset broken = Dataset.of(Tensor.of(new float[][] {{1, Float.NaN}, {1, 2}, {2, 1}}), Tensor.of(0, 1, 1));
        Sequential here = new Sequential(new Linear(2, 2));
        for (int ahead : new int[] {0, 2}) {
            Trainer trainer = Toy.trainer(here).anomalyDetection(true).prefetch(ahead);
            assertThatThrownBy(() -> trainer.fit(broken)).isInstanceOf(TrainingDivergedException.class)
                    .hasMessageContaining("linear").hasMessageContaining("in layer 0");
            assertThatThrownBy(() -> trainer.fit(data, broken)).isInstanceOf(TrainingDivergedException.class)
                    .hasMessageContaining("linear").hasMessageContaining("in layer 0")
                    .hasMessageContaining("in the validation of epoch 1 of 1");
        }
    }

    @Test
    void whatAnInterruptedTrainingLearntCanBeSaved() {
        Path file = folder.resolve("model.safetensors");
        try {
            Thread.currentThread().interrupt();
            assertThat(Toy.trainer(model).epochs(2).fit(data).interrupted()).isTrue();
            model.save(file);
            Sequential loaded = Toy.model(2);
            loaded.load(file);
            assertSame(Toy.state(loaded), Toy.state(model));
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void anomalyDetectionNamesTheLayer() {
        Layer root = new Layer() {
            @Override
            protected Tensor forward(Tensor x) {
                return x.sub(2).sqrt();
            }
        };
        Sequential broken = new Sequential(new Linear(2, 2), root, new Linear(2, 2));
        Trainer trainer = Toy.trainer(broken).anomalyDetection(true);
        assertThatThrownBy(() -> trainer.fit(data)).isInstanceOf(TrainingDivergedException.class)
                .hasMessageContaining("layer 1").hasMessageContaining("sqrt")
                .hasMessageContaining("step 1 of 2 of epoch 1")
                .hasCauseInstanceOf(AnomalyException.class);
    }

    /** Identity, but its backward pass wants more memory than there is. */
    private record Hungry(boolean forward) implements Op {
        private static Tensor greedy(Tensor x) {
            Tensor.zeros(1 << 30, 1 << 20);
            return x;
        }

        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return forward ? greedy(inputs[0]) : inputs[0];
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(greedy(dy));
        }
    }

    /** Hands its input on, until it is told to be hungry. */
    private static final class Trap extends Layer {
        private Hungry hungry;

        @Override
        protected Tensor forward(Tensor x) {
            return hungry == null ? x : Autograd.apply(hungry, x);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void afterOutOfMemoryTrainingCanGoOn(boolean inForward) {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use(); var _ = MemoryScope.open()) {
            Trap trap = new Trap();
            Sequential here = new Sequential(new Linear(2, 8), trap, new Linear(8, 2));
            Dataset points = Toy.data(40, 2, 1);
            Trainer trainer = Toy.trainer(here).batchSize(10);
            trainer.fit(points);
            List<Map<String, double[]>> parameters = new ArrayList<>();
            trainer.callback(new TrainListener() {
                @Override
                public void onStep(TrainEvent event) {
                    parameters.add(Toy.state(here));
                    trap.hungry = parameters.size() == 3 ? new Hungry(inForward) : null;
                }
            });
            long active = MemoryPool.of(device).stats().active();
            assertThatThrownBy(() -> trainer.fit(points)).hasMessageContaining("out of memory");
            assertThat(MemoryPool.of(device).stats().active()).isEqualTo(active);
            here.namedParameters().forEach((name, param) -> {
                assertThat(param.hasFreshGrad()).as(name).isFalse();
                assertThat(param.toDoubleArray()).as(name).containsExactly(parameters.getLast().get(name));
            });
            assertThat(MemoryScope.current()).hasToString("memory scope of a script");
            trap.hungry = null;
            assertThat(trainer.fit(points).last("loss")).isFinite();
        }
    }

    @Test
    void stopWhenEndsAfterTheStep() {
        AtomicInteger steps = new AtomicInteger();
        Map<String, double[]> start = Toy.state(model);
        History history = Toy.trainer(model).epochs(3).batchSize(10).stopWhen(() -> steps.incrementAndGet() == 6)
                .fit(data, data);
        assertThat(history.interrupted()).isTrue();
        assertThat(history.epochs()).isEqualTo(1);
        assertThat(history.get("val_accuracy")).hasSize(1);
        assertThat(Toy.state(model).get("0.weight")).as("learnt").isNotEqualTo(start.get("0.weight"));
    }

    @Test
    void stopFromAnotherThreadAndInterrupts() {
        for (boolean interrupt : new boolean[] {true, false}) {
            Trainer trainer = Toy.trainer(model).epochs(1000).batchSize(10);
            Thread training = Thread.currentThread();
            trainer.callback(new TrainListener() {
                @Override
                public void onStep(TrainEvent event) {
                    if (event.epoch() == 1 && event.step() == 2) {
                        Thread.ofPlatform().start(interrupt ? training::interrupt : trainer::stop);
                    }
                }
            });
            History history = trainer.fit(data);
            assertThat(history.interrupted()).isTrue();
            assertThat(Thread.interrupted()).isEqualTo(interrupt);
        }
    }

    @Test
    void aRequestToStopHoldsForOneTraining() {
        Trainer trainer = Toy.trainer(model);
        trainer.stop();
        assertThat(trainer.epochs(2).fit(data).interrupted()).isTrue();
        assertThat(trainer.fit(data).interrupted()).isFalse();
    }

    /** A metric with given values, one for each evaluation. */
    private static final class Scripted implements Metric {
        private final Iterator<Double> values;

        Scripted(Double... values) {
            this.values = List.of(values).iterator();
        }

        @Override
        public String name() {
            return "scripted";
        }

        @Override
        public void update(Tensor prediction, Tensor target) {}

        @Override
        public double value() {
            return Autograd.isRecording() ? 0 : values.next();
        }

        @Override
        public void reset() {}
    }

    private History early(boolean restoreBest, List<Map<String, double[]>> states, Double... values) {
        return Toy.trainer(model).metric(new Scripted(values)).earlyStopping("val_scripted", 2, restoreBest).epochs(6)
                .callback(new TrainListener() {
                    @Override
                    public void onEpochEnd(TrainEvent event) {
                        states.add(Toy.state(model));
                    }
                }).fit(data, data);
    }

    @Test
    void stopsEarlyWithTheBestWeights() {
        List<Map<String, double[]>> states = new ArrayList<>();
        History history = early(true, states, 0.1, 0.5, 0.4, 0.5, 0.9, 0.9);
        assertThat(history.ending()).isEqualTo(History.Ending.STOPPED_EARLY);
        assertThat(history.epochs()).isEqualTo(4);
        assertSame(Toy.state(model), states.get(1));
    }

    @Test
    void stopsEarlyWithTheLastWeights() {
        List<Map<String, double[]>> states = new ArrayList<>();
        History history = early(false, states, Double.NaN, 0.5, Double.NaN, 0.6, 0.6, 0.1);
        assertThat(history.epochs()).isEqualTo(6);
        assertThat(history.ending()).isEqualTo(History.Ending.STOPPED_EARLY);
        assertSame(Toy.state(model), states.getLast());
    }

    @Test
    void lowerLossesAreBetter() {
        AtomicInteger calls = new AtomicInteger();
        Linear linear = new Linear(2, 2);
        Loss rising = (prediction, _) -> prediction.sum().mul(0).add(calls.getAndIncrement());
        History history = Trainer.of(linear).loss(rising).optimizer(new Sgd(linear.parameters(), 0.1)).quiet()
                .earlyStopping("loss", 1).epochs(5).fit(data);
        assertThat(history.epochs()).isEqualTo(2);
    }
}
