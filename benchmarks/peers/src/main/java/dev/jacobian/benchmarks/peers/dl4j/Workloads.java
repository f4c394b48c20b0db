package dev.jacobian.benchmarks.peers.dl4j;

import dev.jacobian.benchmarks.worker.Numbers;
import dev.jacobian.benchmarks.worker.Work;
import java.util.Map;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

/** The networks, in training and in inference. */
final class Workloads {
    private static final String INFERENCE = " inference";
    // There is no classical momentum. Nesterov's stands in: about the same work, other losses.
    private static final IUpdater MOMENTUM = new Nesterovs(0.01, 0.9);

    private Workloads() {}

    static Work open(String caseName) {
        boolean training = !caseName.endsWith(INFERENCE);
        String name = training ? caseName : caseName.substring(0, caseName.length() - INFERENCE.length());
        NetBuilder builder = switch (name) {
            case "W1" ->
                new NetBuilder(MOMENTUM, InputType.feedForward(784)).dense("0", 512, Activation.IDENTITY).batchNorm()
                        .relu().dense("3", 512, Activation.IDENTITY).batchNorm().relu().classes("6", 10);
            case "W2" ->
                new NetBuilder(new Adam(1e-3), InputType.convolutional(28, 28, 1)).conv("0", 32, 3, 1, true).relu()
                        .maxPool().conv("3", 64, 3, 1, true).relu().maxPool().dense("7", 128, Activation.RELU)
                        .classes("9", 10);
            case "W3" -> resnet();
            case "W5" -> new NetBuilder(new Sgd(0.01), InputType.feedForward(2)).dense("0", 16, Activation.TANH)
                    .dense("2", 16, Activation.TANH).squaredError("4", 1);
            default -> null;
        };
        if (builder == null) {
            return null;
        }
        ComputationGraph net = builder.build();
        setParameters(net, name);
        DataSet data = switch (name) {
            case "W1" -> labelled(name, 128, 784);
            case "W2" -> labelled(name, 64, 1, 28, 28);
            case "W3" -> labelled(name, 32, 3, 32, 32);
            default -> new DataSet(normal(name + "/x", 16, 2), normal(name + "/y", 16, 1));
        };
        // Its Adam, too, is not PyTorch's: it adds epsilon before it corrects the bias.
        boolean sameOptimizer = name.equals("W5");
        return training ? new Training(net, data, sameOptimizer) : new Inference(net, data.getFeatures());
    }

    private record Training(ComputationGraph net, DataSet data, boolean sameOptimizer) implements Work {
        @Override
        public void run() {
            net.fit(data);
        }

        @Override
        public double loss() {
            net.fit(data);
            return sameOptimizer ? net.score() : Double.NaN;
        }

        @Override
        public void close() {
            net.close();
        }
    }

    private record Inference(ComputationGraph net, INDArray x) implements Work {
        @Override
        public void run() {
            net.outputSingle(x).close();
        }

        @Override
        public void close() {
            net.close();
        }
    }

    private static NetBuilder resnet() {
        NetBuilder net = new NetBuilder(MOMENTUM, InputType.convolutional(32, 32, 3)).conv("stem.conv", 16, 3, 1, false)
                .batchNorm().relu();
        int in = 16;
        for (int stage = 1; stage <= 3; stage++) {
            int channels = 8 << stage;
            for (int block = 0; block < 3; block++) {
                int stride = in == channels ? 1 : 2;
                String name = stage + "." + block;
                String x = net.last();
                net.conv(name + ".conv1", channels, 3, stride, false).batchNorm().relu()
                        .conv(name + ".conv2", channels, 3, 1, false).batchNorm();
                String residual = net.last();
                String shortcut = x;
                if (in != channels) {
                    shortcut = net.from(x).conv(name + ".shortcut", channels, 1, stride, false).batchNorm().last();
                }
                net.add(residual, shortcut).relu();
                in = channels;
            }
        }
        return net.globalAveragePool().classes("fc", 10);
    }

    /**
     * Gives convolutions and dense layers the benchmark's numbers. A dense weight is [in, out] here, the transpose
     * of PyTorch's.
     */
    private static void setParameters(ComputationGraph net, String caseName) {
        Map<String, INDArray> parameters = net.paramTable();
        parameters.forEach((key, parameter) -> {
            int end = key.lastIndexOf('_');
            String layer = key.substring(0, end);
            String kind = key.substring(end + 1);
            if (!kind.equals("W") && !kind.equals("b")) {
                return;
            }
            INDArray weight = parameters.get(layer + "_W");
            boolean dense = weight.rank() == 2;
            long fanIn = dense ? weight.size(0) : weight.length() / weight.size(0);
            String name = caseName + "/" + layer + (kind.equals("W") ? ".weight" : ".bias");
            float[] numbers = Numbers.weight(name, Math.toIntExact(parameter.length()), Math.toIntExact(fanIn));
            boolean transposed = dense && kind.equals("W");
            long[] shape = transposed ? new long[] {parameter.size(1), parameter.size(0)} : parameter.shape();
            INDArray value = Nd4j.create(numbers, shape);
            net.setParam(key, transposed ? value.transpose() : value);
        });
    }

    private static INDArray normal(String name, long... shape) {
        return Nd4j.create(Numbers.normal(name, Math.toIntExact(size(shape)), 1), shape);
    }

    /** Ten classes, which Deeplearning4j wants as ones and zeros. */
    private static DataSet labelled(String caseName, long... shape) {
        int[] labels = Numbers.labels(caseName + "/y", Math.toIntExact(shape[0]), 10);
        INDArray y = Nd4j.zeros(DataType.FLOAT, shape[0], 10);
        for (int i = 0; i < labels.length; i++) {
            y.putScalar(i, labels[i], 1);
        }
        return new DataSet(normal(caseName + "/x", shape), y);
    }

    private static long size(long[] shape) {
        long size = 1;
        for (long length : shape) {
            size *= length;
        }
        return size;
    }
}
