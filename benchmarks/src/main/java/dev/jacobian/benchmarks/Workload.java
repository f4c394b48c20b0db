package dev.jacobian.benchmarks;

import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.loss.Loss;
import dev.jacobian.loss.MseLoss;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.MaxPool2d;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.Tanh;
import dev.jacobian.optim.Adam;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A whole training step: forward, loss, backward, optimiser, on random data that stays where it is. The same ones are
 * written for PyTorch in {@code torch_steps.py}.
 *
 * @param name how the script for PyTorch calls it
 * @param title one line
 * @param model makes the network
 * @param input makes a batch
 * @param target makes what it should give
 * @param loss of the two
 * @param optimizer of the parameters
 */
public record Workload(String name, String title, Supplier<Layer> model, Supplier<Tensor> input,
        Supplier<Tensor> target, Loss loss, Function<List<Param>, Optimizer> optimizer) {
    /** A perceptron with batch norm, a convolutional network, and one so small that it is nothing but overhead. */
    public static final List<Workload> ALL = List.of(
            new Workload("W1", "W1 MLP with batch norm, batch 128", Workload::perceptron, () -> normal(128, 784),
                    () -> labels(128), new CrossEntropyLoss(), parameters -> new Sgd(parameters, 0.01).momentum(0.9)),
            new Workload("W2", "W2 CNN, batch 64", Workload::convolutional, () -> normal(64, 1, 28, 28),
                    () -> labels(64), new CrossEntropyLoss(), parameters -> new Adam(parameters, 1e-3)),
            new Workload("W5", "W5 tiny MLP, batch 16", Workload::tiny, () -> normal(16, 2), () -> normal(16, 1),
                    new MseLoss(), parameters -> new Sgd(parameters, 0.01)));

    private static Layer perceptron() {
        return new Sequential(new Linear(784, 512), new BatchNorm(512), new ReLU(), new Linear(512, 512),
                new BatchNorm(512), new ReLU(), new Linear(512, 10));
    }

    private static Layer convolutional() {
        return new Sequential(new Conv2d(1, 32, 3).padding(1), new ReLU(), new MaxPool2d(2),
                new Conv2d(32, 64, 3).padding(1), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(64 * 49, 128),
                new ReLU(), new Linear(128, 10));
    }

    private static Layer tiny() {
        return new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 16), new Tanh(), new Linear(16, 1));
    }

    private static Tensor normal(int... dims) {
        return Rng.normal(dims);
    }

    private static Tensor labels(int n) {
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 10;
        }
        return Tensor.of(labels);
    }

    /**
     * Measures a step, of a network in training mode.
     *
     * @param stopwatch of the device that is to train
     * @return the time of one step
     */
    public Timing measure(Stopwatch stopwatch) {
        try (var _ = stopwatch.device().use(); var _ = MemoryScope.open(title)) {
            Rng.seed(1);
            Layer network = model.get();
            Optimizer updates = optimizer.apply(network.parameters());
            Tensor x = input.get();
            Tensor y = target.get();
            return stopwatch.time(() -> {
                try (var _ = MemoryScope.open("of a step")) {
                    loss.call(network.call(x), y).backward();
                    updates.step();
                }
            });
        }
    }
}
