package dev.jacobian.benchmarks;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Shape;
import dev.jacobian.benchmarks.worker.Numbers;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.loss.Loss;
import dev.jacobian.loss.MseLoss;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.optim.Adam;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A whole training step: forward, loss, backward, optimiser, on data that stays where it is. The peers under
 * {@code benchmarks/peers} have the same ones with the same numbers, {@code torch_steps.py} has them for PyTorch.
 *
 * @param name how peers call it
 * @param title one line
 * @param model makes the network
 * @param input makes a batch
 * @param target makes what it should give
 * @param loss of the two
 * @param optimizer of the parameters
 */
public record Workload(String name, String title, Supplier<Layer> model, Supplier<Tensor> input,
        Supplier<Tensor> target, Loss loss, Function<List<Param>, Optimizer> optimizer) {
    /** Standard deviation of what an embedding begins with. */
    private static final float EMBEDDING_STD = 0.02f;

    /** A perceptron with batch norm, two convolutional networks, a transformer, and one that is nothing but overhead. */
    public static final List<Workload> ALL = List.of(
            new Workload("W1", "W1 MLP with batch norm, batch 128", Models::perceptron,
                    () -> normal("W1/x", 128, 784), () -> labels("W1/y", 128, 10), new CrossEntropyLoss(),
                    parameters -> new Sgd(parameters, 0.01).momentum(0.9)),
            new Workload("W2", "W2 CNN, batch 64", Models::convolutional, () -> normal("W2/x", 64, 1, 28, 28),
                    () -> labels("W2/y", 64, 10), new CrossEntropyLoss(), parameters -> new Adam(parameters, 1e-3)),
            new Workload("W3", "W3 ResNet-20, batch 32", Models::resNet, () -> normal("W3/x", 32, 3, 32, 32),
                    () -> labels("W3/y", 32, 10), new CrossEntropyLoss(),
                    parameters -> new Sgd(parameters, 0.01).momentum(0.9)),
            new Workload("W4", "W4 character transformer, batch 16", Models::transformer,
                    () -> labels("W4/x", 16 * Models.CONTEXT, Models.VOCABULARY).reshape(16, Models.CONTEXT),
                    () -> labels("W4/y", 16 * Models.CONTEXT, Models.VOCABULARY),
                    Workload::ofTokens, parameters -> new AdamW(parameters, 1e-3)),
            new Workload("W5", "W5 tiny MLP, batch 16", Models::tiny, () -> normal("W5/x", 16, 2),
                    () -> normal("W5/y", 16, 1), new MseLoss(), parameters -> new Sgd(parameters, 0.01)));

    /** Those that even a software device gets through in seconds. */
    static final List<Workload> LIGHT = ALL.stream()
            .filter(workload -> Set.of("W1", "W2", "W5").contains(workload.name())).toList();

    /** Logits of each token of each sequence, and what comes next. */
    private static Tensor ofTokens(Tensor logits, Tensor next) {
        return new CrossEntropyLoss().call(logits.reshape(-1, logits.dim(-1)), next);
    }

    private static Tensor normal(String name, int... dims) {
        return Tensor.of(Numbers.normal(name, Math.toIntExact(Shape.of(dims).size()), 1)).reshape(dims);
    }

    private static Tensor labels(String name, int count, int classes) {
        return Tensor.of(Numbers.labels(name, count, classes));
    }

    /**
     * Makes the network with the weights that every library begins with.
     *
     * @return a network on the current device, in training mode
     */
    public Layer network() {
        Layer network = model.get();
        Map<String, Param> parameters = network.namedParameters();
        try (var _ = MemoryScope.open("of an initialisation"); var _ = Autograd.noGrad()) {
            parameters.forEach((path, parameter) -> {
                float[] values = initial(path, parameter, parameters);
                if (values.length > 0) {
                    parameter.set(Tensor.of(values).reshape(parameter.shape()));
                }
            });
        }
        return network;
    }

    /** What a parameter begins with; nothing for those of a normalisation, which begin with 1 and 0 everywhere. */
    private float[] initial(String path, Param parameter, Map<String, Param> parameters) {
        int count = Math.toIntExact(parameter.size());
        String common = Models.commonName(name, path);
        if (common.indexOf('.') < 0) {
            return Numbers.normal(name + "/" + common, count, EMBEDDING_STD);
        }
        Param weight = parameters.get(path.replaceFirst("bias$", "weight"));
        return weight.rank() == 1
                ? new float[0]
                : Numbers.weight(name + "/" + common, count, Math.toIntExact(weight.size() / weight.dim(0)));
    }

    /** A network, its data and its optimiser, in the memory scope that was open when it was made. */
    final class Training {
        private final Layer network = network();
        private final Optimizer updates = optimizer.apply(network.parameters());
        private final Tensor x = input.get();
        private final Tensor y = target.get();

        /** One step. */
        void step() {
            try (var _ = MemoryScope.open("of a step")) {
                loss.call(network.call(x), y).backward();
                updates.step();
            }
        }

        /** One step, and its loss before the update. */
        double loss() {
            try (var _ = MemoryScope.open("of a step")) {
                return loss(x, y);
            }
        }

        /** The same on another batch; tokens as numbers. */
        double loss(float[] inputs, int[] labels) {
            try (var _ = MemoryScope.open("of a step")) {
                return loss(Tensor.of(inputs).to(x.dtype()).reshape(x.shape()), Tensor.of(labels));
            }
        }

        private double loss(Tensor batch, Tensor classes) {
            Tensor value = loss.call(network.call(batch), classes);
            value.backward();
            updates.step();
            return value.item();
        }

        /** Forward only. */
        void infer() {
            try (var _ = MemoryScope.open("of an inference"); var _ = Autograd.noGrad()) {
                network.call(x);
            }
        }

        /** From now on as in use: batch norm takes its running statistics. */
        Training eval() {
            network.eval();
            return this;
        }
    }

    /**
     * Measures a step, of a network in training mode.
     *
     * @param stopwatch of the device that is to train
     * @return the time of one step
     */
    public Timing measure(Stopwatch stopwatch) {
        try (var _ = stopwatch.device().use(); var _ = MemoryScope.open(title)) {
            return stopwatch.time(new Training()::step);
        }
    }
}
