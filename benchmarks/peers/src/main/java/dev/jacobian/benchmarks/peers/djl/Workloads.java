package dev.jacobian.benchmarks.peers.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.jacobian.benchmarks.worker.Work;
import java.util.List;

/** The five networks, in training and in inference. */
final class Workloads {
    private static final String INFERENCE = " inference";
    private static final int TOKENS = 65;

    private Workloads() {}

    static Work open(String caseName) {
        boolean training = !caseName.endsWith(INFERENCE);
        String name = training ? caseName : caseName.substring(0, caseName.length() - INFERENCE.length());
        Parameters parameters = new Parameters(name);
        Block block = switch (name) {
            case "W1" -> mlp(parameters);
            case "W2" -> cnn(parameters);
            case "W3" -> resnet(parameters);
            case "W4" -> new Transformer(parameters, TOKENS, 128, 128, 4);
            case "W5" -> tiny(parameters);
            default -> null;
        };
        if (block == null) {
            return null;
        }
        Model model = Model.newInstance(name, "PyTorch");
        model.setBlock(block);
        return training ? new Training(name, model, parameters) : new Inference(name, model, parameters);
    }

    private static final class Training implements Work {
        private final Model model;
        private final Trainer trainer;
        private final Loss loss;
        private final NDArray x;
        private final NDArray y;
        private final boolean sameOptimizer;

        Training(String name, Model model, Parameters parameters) {
            this.model = model;
            // DJL's Adam adds epsilon before it corrects the bias: the losses soon differ by more than rounding.
            sameOptimizer = !name.equals("W2");
            // Its squared error is half the mean unless told otherwise.
            loss = name.equals("W5") ? Loss.l2Loss("L2Loss", 1) : Loss.softmaxCrossEntropyLoss();
            trainer = model.newTrainer(new DefaultTrainingConfig(loss).optOptimizer(optimizer(name)));
            NDManager manager = trainer.getManager();
            x = input(name, manager, parameters);
            y = target(name, manager, parameters);
            trainer.initialize(x.getShape());
        }

        @Override
        public void run() {
            step(false);
        }

        @Override
        public double loss() {
            double value = step(true);
            return sameOptimizer ? value : Double.NaN;
        }

        private double step(boolean read) {
            // The arrays of a step belong to its own manager, which frees them, as in DJL's EasyTrain.
            try (NDManager step = trainer.getManager().newSubManager()) {
                x.attach(step);
                y.attach(step);
                double value = Double.NaN;
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDArray l = loss.evaluate(new NDList(y), trainer.forward(new NDList(x)));
                    collector.backward(l);
                    if (read) {
                        value = l.getFloat();
                    }
                }
                trainer.step();
                x.attach(trainer.getManager());
                y.attach(trainer.getManager());
                return value;
            }
        }

        @Override
        public void close() {
            trainer.close();
            model.close();
        }
    }

    private static final class Inference implements Work {
        private final Model model;
        private final ParameterStore store;
        private final NDArray x;

        Inference(String name, Model model, Parameters parameters) {
            this.model = model;
            NDManager manager = model.getNDManager();
            x = input(name, manager, parameters);
            model.getBlock().initialize(manager, DataType.FLOAT32, x.getShape());
            store = new ParameterStore(manager, false);
        }

        @Override
        public void run() {
            try (NDManager step = model.getNDManager().newSubManager()) {
                x.attach(step);
                model.getBlock().forward(store, new NDList(x), false);
                x.attach(model.getNDManager());
            }
        }

        @Override
        public void close() {
            model.close();
        }
    }

    private static NDArray input(String name, NDManager manager, Parameters p) {
        return switch (name) {
            case "W1" -> p.data(manager, "x", new Shape(128, 784));
            case "W2" -> p.data(manager, "x", new Shape(64, 1, 28, 28));
            case "W3" -> p.data(manager, "x", new Shape(32, 3, 32, 32));
            case "W4" -> p.labels(manager, "x", TOKENS, new Shape(16, 128));
            default -> p.data(manager, "x", new Shape(16, 2));
        };
    }

    private static NDArray target(String name, NDManager manager, Parameters p) {
        return switch (name) {
            case "W1" -> p.labels(manager, "y", 10, new Shape(128));
            case "W2" -> p.labels(manager, "y", 10, new Shape(64));
            case "W3" -> p.labels(manager, "y", 10, new Shape(32));
            case "W4" -> p.labels(manager, "y", TOKENS, new Shape(16 * 128));
            default -> p.data(manager, "y", new Shape(16, 1));
        };
    }

    private static Optimizer optimizer(String name) {
        Tracker slow = Tracker.fixed(1e-3f);
        Tracker fast = Tracker.fixed(1e-2f);
        return switch (name) {
            case "W2" -> Optimizer.adam().optLearningRateTracker(slow).build();
            case "W4" -> Optimizer.adamW().optLearningRateTracker(slow).optWeightDecays(0.01f).build();
            case "W5" -> Optimizer.sgd().setLearningRateTracker(fast).build();
            default -> Optimizer.sgd().setLearningRateTracker(fast).optMomentum(0.9f).build();
        };
    }

    private static Block mlp(Parameters p) {
        return new SequentialBlock().add(p.dense("0", 784, 512)).add(batchNorm()).add(Activation.reluBlock())
                .add(p.dense("3", 512, 512)).add(batchNorm()).add(Activation.reluBlock()).add(p.dense("6", 512, 10));
    }

    private static Block cnn(Parameters p) {
        return new SequentialBlock().add(p.conv("0", 1, 32, 3, 1, true)).add(Activation.reluBlock()).add(maxPool())
                .add(p.conv("3", 32, 64, 3, 1, true)).add(Activation.reluBlock()).add(maxPool())
                .add(Blocks.batchFlattenBlock()).add(p.dense("7", 3136, 128)).add(Activation.reluBlock())
                .add(p.dense("9", 128, 10));
    }

    private static Block resnet(Parameters p) {
        SequentialBlock net = new SequentialBlock().add(p.conv("stem.conv", 3, 16, 3, 1, false)).add(batchNorm())
                .add(Activation.reluBlock());
        int in = 16;
        for (int stage = 1; stage <= 3; stage++) {
            int channels = 8 << stage;
            for (int block = 0; block < 3; block++) {
                addBasicBlock(net, p, stage + "." + block, in, channels);
                in = channels;
            }
        }
        return net.add(Pool.globalAvgPool2dBlock()).add(p.dense("fc", 64, 10));
    }

    private static void addBasicBlock(SequentialBlock net, Parameters p, String name, int in, int channels) {
        int stride = in == channels ? 1 : 2;
        Block residual = new SequentialBlock().add(p.conv(name + ".conv1", in, channels, 3, stride, false))
                .add(batchNorm())
                .add(Activation.reluBlock()).add(p.conv(name + ".conv2", channels, channels, 3, 1, false))
                .add(batchNorm());
        Block shortcut = in == channels
                ? Blocks.identityBlock()
                : new SequentialBlock().add(p.conv(name + ".shortcut", in, channels, 1, stride, false))
                        .add(batchNorm());
        net.add(new ParallelBlock(
                outputs -> new NDList(outputs.get(0).singletonOrThrow().add(outputs.get(1).singletonOrThrow())),
                List.of(residual, shortcut)));
        net.add(Activation.reluBlock());
    }

    private static Block tiny(Parameters p) {
        return new SequentialBlock().add(p.dense("0", 2, 16)).add(Activation.tanhBlock()).add(p.dense("2", 16, 16))
                .add(Activation.tanhBlock()).add(p.dense("4", 16, 1));
    }

    private static Block batchNorm() {
        return BatchNorm.builder().build();
    }

    private static Block maxPool() {
        return Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2));
    }
}
