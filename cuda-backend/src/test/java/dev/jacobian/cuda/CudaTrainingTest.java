package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.data.ImageDataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Checkpoint;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.Embedding;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.GELU;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.LayerNorm;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.MaxPool2d;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.train.Accuracy;
import dev.jacobian.train.Trainer;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Networks learn on a card what they learn on the processor. */
@Tag("software-device")
final class CudaTrainingTest {
    private static final boolean SMALL = "small".equals(System.getProperty("jacobian.test.grid"));

    @Test
    void drawsTheSameWeightsAndMasks() {
        float[][] card = drawn(Cuda.device());
        float[][] processor = drawn(Cuda.cpu());
        assertThat(card).isDeepEqualTo(processor);
    }

    private static float[][] drawn(Device device) {
        try (var _ = device.use(); var _ = MemoryScope.open("of draws")) {
            Rng.seed(7);
            Linear linear = new Linear(31, 17);
            Tensor masked = new Dropout(0.3).call(Tensor.full(device, DType.FLOAT32,
                    Shape.of(5, 33), 1));
            return new float[][] {linear.weight().toArray(), linear.bias().toArray(), masked.toArray()};
        }
    }

    @Test
    void startsWithTheSameLoss() {
        assertSameFirstLoss(() -> new Sequential(new Flatten(), new Linear(784, 64), new BatchNorm(64), new ReLU(),
                new Dropout(0.2), new Linear(64, 32), new GELU(), new LayerNorm(32), new Linear(32, 10)));
    }

    @Test
    void startsWithTheSameLossOfImages() {
        assertSameFirstLoss(() -> new Sequential(new Conv2d(1, 4, 3).padding(1), new BatchNorm(4), new ReLU(),
                new MaxPool2d(2), new Conv2d(4, 8, 3), new ReLU(), new MaxPool2d(2), new Flatten(),
                new Linear(8 * 36, 10)));
    }

    /** Computed again on the card, a block gives the same bits. */
    @Test
    void computesBlocksAgain() {
        List<Supplier<Layer>> inner = List.of(() -> new Sequential(new GELU(), new Dropout(0.2), new Linear(64, 32)),
                () -> new Sequential(new BatchNorm(32), new ReLU(), new Linear(32, 10)));
        double[] kept = losses(Cuda.device(), () -> new Sequential(new Flatten(), new Linear(784, 64),
                inner.get(0).get(), inner.get(1).get()), 3);
        double[] again = losses(Cuda.device(), () -> new Sequential(new Flatten(), new Linear(784, 64),
                Checkpoint.of(inner.get(0).get()), Checkpoint.of(inner.get(1).get())), 3);
        assertThat(again).containsExactly(kept);
    }

    private static void assertSameFirstLoss(Supplier<Layer> model) {
        double[] card = losses(Cuda.device(), model, 3);
        double[] processor = losses(Cuda.cpu(), model, 3);
        assertThat(card[0]).isCloseTo(processor[0], within(1e-5 * Math.abs(processor[0])));
        assertThat(card[2]).isCloseTo(processor[2], within(1e-3 * Math.abs(processor[2])));
        assertThat(card[2]).isNotEqualTo(card[0]);
    }

    private static double[] losses(Device device, Supplier<Layer> model, int steps) {
        try (var _ = device.use(); var _ = MemoryScope.open("of training")) {
            Rng.seed(3);
            Layer network = model.get();
            var optimizer = new AdamW(network.parameters(), 1e-2);
            var loss = new CrossEntropyLoss();
            Tensor x = Rng.normal(16, 1, 28, 28);
            int[] labels = new int[16];
            for (int i = 0; i < labels.length; i++) {
                labels[i] = i % 10;
            }
            Tensor y = Tensor.of(labels);
            double[] losses = new double[steps];
            for (int i = 0; i < steps; i++) {
                try (var _ = MemoryScope.open("of a step")) {
                    Tensor value = loss.call(network.call(x), y);
                    losses[i] = value.item();
                    value.backward();
                    optimizer.step();
                }
            }
            return losses;
        }
    }

    @Test
    void learnsEmbeddingsAsTheProcessorDoes() {
        double[] card = embeddings(Cuda.device());
        double[] processor = embeddings(Cuda.cpu());
        for (int i = 0; i < card.length; i++) {
            assertThat(card[i]).isCloseTo(processor[i], within(1e-5));
        }
    }

    private static double[] embeddings(Device device) {
        try (var _ = device.use(); var _ = MemoryScope.open("of training")) {
            Rng.seed(5);
            Embedding table = new Embedding(11, 6);
            var optimizer = new Sgd(table.parameters(), 0.5);
            Tensor words = Tensor.of(new int[][] {{1, 4, 4, 10}, {0, 4, 7, 1}});
            for (int i = 0; i < 4; i++) {
                table.call(words).square().sum().backward();
                optimizer.step();
            }
            return table.weight().toDoubleArray();
        }
    }

    /** Digits are learnt to the processor's accuracy. */
    @Test
    void learnsDigits() {
        Device card = Cuda.device();
        double onCard = accuracy(card);
        assertThat(accuracy(card)).as("the same run once more").isEqualTo(onCard);
        assertThat(onCard).isGreaterThan(SMALL ? 0.5 : 0.85);
        assertThat(onCard).isCloseTo(accuracy(Cuda.cpu()), within(SMALL ? 0.15 : 0.04));
    }

    private static double accuracy(Device device) {
        try (var _ = device.use(); var _ = MemoryScope.open("of training")) {
            Rng.seed(42);
            ImageDataset digits = ImageDataset.synthetic(1, SMALL ? 256 : 2000, SMALL ? 100 : 500);
            var model = new Sequential(new Flatten(), new Linear(784, 64), new BatchNorm(64), new ReLU(),
                    new Dropout(0.2), new Linear(64, 10));
            return Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(new AdamW(model.parameters(), 5e-3))
                    .schedule(CosineSchedule::new).metric(new Accuracy()).epochs(SMALL ? 2 : 3).batchSize(32)
                    .fit(digits.train(), digits.test()).last("val_accuracy");
        }
    }
}
