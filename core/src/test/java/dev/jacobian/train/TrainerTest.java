package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.data.Dataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.loss.Loss;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Checkpoint;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Sgd;
import dev.jacobian.optim.StepSchedule;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

final class TrainerTest {
    @Test
    void learnsAndRemembers() {
        Rng.seed(1);
        Sequential model = Toy.model(2);
        Dataset train = Toy.data(96, 2, 1);
        History history = Toy.trainer(model).epochs(10).batchSize(16).fit(train, Toy.data(64, 2, 2));
        assertThat(history.keys()).containsExactly("loss", "accuracy", "val_loss", "val_accuracy");
        assertThat(history.epochs()).isEqualTo(10);
        assertThat(history.ending()).isEqualTo(History.Ending.COMPLETED);
        assertThat(history.get("val_loss")).hasSize(10);
        assertThat(history.last("val_accuracy")).isGreaterThanOrEqualTo(0.9);
        assertThat(history.last("loss")).isLessThan(history.get("loss").getFirst());
        assertThat(model.isTraining()).isTrue();
        assertThat(Autograd.isRecording()).isTrue();
    }

    @Test
    void withoutValidation() {
        History history = Toy.trainer(Toy.model(2)).epochs(2).fit(Toy.data(40, 2, 1));
        assertThat(history.keys()).containsExactly("loss", "accuracy");
    }

    /** Batches of 4 rows of 4200 floats are worth a thread; two of them are enough for the model. */
    private static History run(int prefetch) {
        Rng.seed(3);
        Layer narrow = new Layer() {
            @Override
            protected Tensor forward(Tensor x) {
                return x.slice(1, 0, 2);
            }
        };
        return Toy.trainer(new Sequential(narrow, Toy.model(2))).epochs(3).batchSize(4).prefetch(prefetch)
                .fit(Toy.data(22, 4200, 1), Toy.data(6, 4200, 2));
    }

    @Test
    void sameSeedSameHistoryWithAndWithoutPrefetching() {
        History first = run(2);
        assertThat(run(2).toMap()).isEqualTo(first.toMap());
        assertThat(run(0).toMap()).isEqualTo(first.toMap());
        assertThat(run(7).toMap()).isEqualTo(first.toMap());
    }

    @Test
    void lossIsTheMeanOverExamplesOfUnequalBatches() {
        Linear model = new Linear(1, 1);
        Dataset data = Dataset.of(Tensor.of(new float[][] {{1}, {2}, {6}}), Tensor.of(1f, 2f, 6f));
        Loss meanTarget = (prediction, target) -> prediction.sum().mul(0).add(target.mean());
        History history = Trainer.of(model).loss(meanTarget).optimizer(new Sgd(model.parameters(), 0.1)).quiet()
                .batchSize(2).shuffle(false).fit(data, data);
        assertThat(history.last("loss")).isEqualTo(3);
        assertThat(history.last("val_loss")).isEqualTo(3);
        History dropped = Trainer.of(model).loss(meanTarget).optimizer(new Sgd(model.parameters(), 0.1)).quiet()
                .batchSize(2).shuffle(false).dropLast(true).fit(data, data);
        assertThat(dropped.last("loss")).isEqualTo(1.5);
        assertThat(dropped.last("val_loss")).as("of all examples").isEqualTo(3);
    }

    @Test
    void aScheduleGoesByStepsOfAllEpochs() {
        Linear model = new Linear(2, 2);
        List<Double> rates = new ArrayList<>();
        List<Integer> totals = new ArrayList<>();
        Sgd sgd = new Sgd(model.parameters(), 1);
        Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(sgd).epochs(2).batchSize(20).quiet()
                .schedule((optimizer, totalSteps) -> {
                    totals.add(totalSteps);
                    return new StepSchedule(optimizer, 3, 0.5);
                })
                .callback(new TrainListener() {
                    @Override
                    public void onStep(TrainEvent event) {
                        rates.add(event.lr());
                    }
                }).fit(Toy.data(40, 2, 1));
        assertThat(totals).containsExactly(4);
        assertThat(rates).containsExactly(1.0, 1.0, 0.5, 0.5);
        assertThat(sgd.lr()).as("as before").isEqualTo(1);
    }

    @Test
    void clipsGradients() {
        Linear model = new Linear(1, 1, false);
        Dataset data = Dataset.of(Tensor.of(new float[][] {{100}}), Tensor.of(0f));
        Loss product = (prediction, target) -> prediction.sum();
        for (boolean byNorm : new boolean[] {true, false}) {
            double before = model.parameters().getFirst().item();
            Trainer trainer = Trainer.of(model).loss(product).optimizer(new Sgd(model.parameters(), 1)).quiet();
            (byNorm ? trainer.clipNorm(0.25) : trainer.clipValue(0.25)).fit(data);
            assertThat(before - model.parameters().getFirst().item()).isCloseTo(0.25, within(1e-6));
        }
    }

    @Test
    void evaluatesInEvaluationModeAndRestoresEveryLayersMode() {
        Sequential model = Toy.model(2);
        Layer norm = model.children().get("1");
        norm.eval();
        double[] running = model.stateDict().get("1.running_mean").toDoubleArray();
        Trainer trainer = Toy.trainer(model).batchSize(7);
        Map<String, Double> measures = trainer.evaluate(Toy.data(20, 2, 1));
        assertThat(measures).containsOnlyKeys("loss", "accuracy");
        assertThat(trainer.evaluate(Toy.data(20, 2, 1))).as("no dropout").isEqualTo(measures);
        assertThat(model.stateDict().get("1.running_mean").toDoubleArray()).containsExactly(running);
        assertThat(norm.isTraining()).isFalse();
        assertThat(model.isTraining()).isTrue();
        assertThat(model.children().get("3").isTraining()).isTrue();
    }

    /** Whether blocks keep what they compute or compute it again, training ends with the same bits. */
    @Test
    void trainsAlikeWithBlocksThatAreComputedAgain() {
        List<Map<String, double[]>> states = new ArrayList<>();
        List<List<Double>> losses = new ArrayList<>();
        for (UnaryOperator<Layer> block : List.<UnaryOperator<Layer>>of(layer -> layer, Checkpoint::of)) {
            Rng.seed(3);
            Sequential model = new Sequential(block.apply(Toy.model(2)), block.apply(Toy.model(2)));
            History history = Toy.trainer(model).epochs(3).batchSize(16).clipNorm(1).fit(Toy.data(48, 2, 1),
                    Toy.data(20, 2, 2));
            states.add(Toy.state(model));
            losses.add(history.get("val_loss"));
        }
        assertThat(losses.get(1)).isEqualTo(losses.get(0));
        assertThat(states.get(1).keySet()).isEqualTo(states.get(0).keySet());
        states.get(0).forEach((name, values) -> assertThat(states.get(1).get(name)).as(name).containsExactly(values));
    }

    @Test
    void memoryIsTheSameAfterEveryStep() {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use(); var _ = MemoryScope.open()) {
            MemoryPool pool = MemoryPool.of(device);
            Sequential model = Toy.model(2);
            Dataset train = Toy.data(48, 2, 1);
            Dataset validation = Toy.data(20, 2, 2);
            List<Long> active = new ArrayList<>();
            Trainer trainer = Toy.trainer(model).epochs(3).batchSize(16).clipNorm(1).callback(new TrainListener() {
                @Override
                public void onStep(TrainEvent event) {
                    active.add(pool.stats().active());
                }
            });
            trainer.fit(train, validation);
            assertThat(active).hasSize(9).containsOnly(active.getFirst());
            long after = pool.stats().active();
            trainer.fit(train, validation);
            assertThat(pool.stats().active()).isEqualTo(after);
            assertThat(pool.stats().reclaimed()).isZero();
        }
    }

    @Test
    void twoMicroBatchesAreOneBatch() {
        Rng.seed(2);
        Linear model = new Linear(3, 2);
        Tensor x = Rng.normal(8, 3);
        Tensor labels = Tensor.of(0, 1, 1, 0, 1, 0, 0, 1);
        CrossEntropyLoss loss = new CrossEntropyLoss();
        loss.call(model.call(x), labels).backward();
        double[] whole = model.parameters().getFirst().grad().toDoubleArray();
        model.parameters().forEach(param -> param.zeroGrad());
        for (int from : new int[] {0, 4}) {
            loss.call(model.call(x.slice(0, from, from + 4)), labels.slice(0, from, from + 4)).div(2).backward();
        }
        assertThat(model.parameters().getFirst().grad().toDoubleArray()).containsExactly(whole, within(1e-6));
    }

    @Test
    void trainsOnTheModelsDevice() {
        Device device = Device.of(new ReferenceBackend());
        Sequential model = Toy.model(2);
        model.to(device);
        History history = Toy.trainer(model).fit(Toy.data(40, 2, 1), Toy.data(10, 2, 2));
        assertThat(history.last("val_loss")).isFinite();
        assertThat(model.parameters().getFirst().device()).isSameAs(device);
        assertThat(Device.current()).isNotSameAs(device);
    }

    @Test
    void saysWhatIsMissingOrOutOfRange() {
        Sequential model = Toy.model(2);
        Dataset data = Toy.data(8, 2, 1);
        Dataset none = Dataset.of(Tensor.zeros(0, 2), Tensor.of(new int[0]));
        Optimizer optimizer = new Sgd(model.parameters(), 0.1);
        assertThatThrownBy(() -> Trainer.of(model).optimizer(optimizer).fit(data)).hasMessageContaining("no loss");
        assertThatThrownBy(() -> Trainer.of(model).loss(new CrossEntropyLoss()).fit(data))
                .hasMessageContaining("no optimizer");
        Trainer trainer = Toy.trainer(model);
        assertThatThrownBy(() -> trainer.fit(none)).hasMessageContaining("at least one batch");
        assertThatThrownBy(() -> trainer.evaluate(none)).hasMessageContaining("no examples");
        assertThatThrownBy(() -> trainer.metric(new Accuracy())).hasMessageContaining("'accuracy'");
        assertThatThrownBy(() -> trainer.epochs(0)).hasMessageContaining("epochs 0");
        assertThatThrownBy(() -> trainer.batchSize(0)).hasMessageContaining("batch size 0");
        assertThatThrownBy(() -> trainer.clipNorm(0)).hasMessageContaining("clip norm");
        assertThatThrownBy(() -> trainer.clipValue(-1)).hasMessageContaining("clip value");
        assertThatThrownBy(() -> trainer.earlyStopping("val_loss", 0)).hasMessageContaining("patience 0");
        assertThatThrownBy(() -> trainer.earlyStopping("val_loss", 1).fit(data))
                .hasMessageContaining("[loss, accuracy]");
        Trainer unreduced = Trainer.of(model).loss((prediction, _) -> prediction).optimizer(optimizer).quiet();
        assertThatThrownBy(() -> unreduced.fit(data)).hasMessageContaining("[8, 2]").hasMessageContaining("mean");
        assertThatThrownBy(
                () -> Toy.trainer(model).schedule((o, n) -> new CosineSchedule(o, n)).epochs(Integer.MAX_VALUE)
                        .batchSize(1).fit(data))
                .isInstanceOf(ArithmeticException.class);
    }
}
