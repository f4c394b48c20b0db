package dev.jacobian.benchmarks.peers.libtorch;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.max_pool2d;
import static org.bytedeco.pytorch.global.torch.mse_loss;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.relu_;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import dev.jacobian.benchmarks.worker.Trainable;
import dev.jacobian.benchmarks.worker.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** The five networks, in training and in inference. */
final class Workloads {
    private static final String INFERENCE = " inference";
    private static final long[] ZERO = {0, 0};
    private static final long[] ONE = {1, 1};
    private static final long[] TWO = {2, 2};

    private Workloads() {}

    /** A network: its output, the loss of that, and what trains it. */
    private record Net(Tensor x, Supplier<Tensor> output, Tensor y, UnaryOperator<Tensor> loss, Optimizer optimizer) {}

    static Work open(String caseName, PointerScope life) {
        boolean training = !caseName.endsWith(INFERENCE);
        String name = training ? caseName : caseName.substring(0, caseName.length() - INFERENCE.length());
        Parameters parameters = new Parameters(name, training, Layout.channelsLast(caseName));
        Net net = switch (name) {
            case "W1" -> mlp(parameters);
            case "W2" -> cnn(parameters);
            case "W3" -> resnet(parameters);
            case "W4" -> transformer(parameters);
            case "W5" -> tiny(parameters);
            default -> null;
        };
        if (net == null) {
            return null;
        }
        return training ? new Training(net, life) : new Inference(net.output, life);
    }

    private record Training(Net net, PointerScope life) implements Trainable {
        @Override
        public void run() {
            try (PointerScope step = new PointerScope()) {
                step();
            }
        }

        @Override
        public double loss() {
            try (PointerScope step = new PointerScope()) {
                return step().item_float();
            }
        }

        @Override
        public double loss(float[] inputs, int[] labels) {
            try (PointerScope step = new PointerScope()) {
                net.x.copy_(Tensor.create(inputs).view_as(net.x));
                net.y.copy_(Tensor.create(labels).view_as(net.y));
                return step().item_float();
            }
        }

        private Tensor step() {
            net.optimizer.zero_grad();
            Tensor loss = net.loss.apply(net.output.get());
            loss.backward();
            net.optimizer.step();
            return loss;
        }

        @Override
        public void close() {
            life.close();
        }
    }

    private record Inference(Supplier<Tensor> output, PointerScope life) implements Work {
        @Override
        public void run() {
            try (PointerScope step = new PointerScope(); InferenceMode mode = new InferenceMode()) {
                output.get();
            }
        }

        @Override
        public void close() {
            life.close();
        }
    }

    private static Net mlp(Parameters p) {
        UnaryOperator<Tensor> first = p.dense("0", 784, 512);
        UnaryOperator<Tensor> firstNorm = p.batchNorm(512);
        UnaryOperator<Tensor> second = p.dense("3", 512, 512);
        UnaryOperator<Tensor> secondNorm = p.batchNorm(512);
        UnaryOperator<Tensor> third = p.dense("6", 512, 10);
        Tensor x = p.data("x", 128, 784);
        return classifier(x, () -> {
            Tensor hidden = relu(firstNorm.apply(first.apply(x)));
            return third.apply(relu(secondNorm.apply(second.apply(hidden))));
        }, p.labels("y", 10, 128), sgd(p, 0.01, 0.9));
    }

    private static Net cnn(Parameters p) {
        UnaryOperator<Tensor> first = p.conv("0", 1, 32, 3, 1, 1, true);
        UnaryOperator<Tensor> second = p.conv("3", 32, 64, 3, 1, 1, true);
        UnaryOperator<Tensor> hidden = p.dense("7", 3136, 128);
        UnaryOperator<Tensor> last = p.dense("9", 128, 10);
        Tensor x = p.data("x", 64, 1, 28, 28);
        return classifier(x, () -> {
            Tensor features = maxPool(relu(second.apply(maxPool(relu(first.apply(x))))));
            return last.apply(relu(hidden.apply(features.flatten(1, -1))));
        }, p.labels("y", 10, 64), new Adam(p.all(), new AdamOptions(1e-3)));
    }

    /** ReLU in place makes this one about 7 % faster, and the others not. */
    private static Net resnet(Parameters p) {
        List<UnaryOperator<Tensor>> layers = new ArrayList<>();
        layers.add(p.conv("stem.conv", 3, 16, 3, 1, 1, false));
        layers.add(p.batchNorm(16));
        layers.add(torch::relu_);
        int in = 16;
        for (int stage = 1; stage <= 3; stage++) {
            int channels = 8 << stage;
            for (int block = 0; block < 3; block++) {
                layers.add(basicBlock(p, stage + "." + block, in, channels));
                in = channels;
            }
        }
        layers.add(x -> x.mean(2, 3));
        layers.add(p.dense("fc", 64, 10));
        Tensor x = p.data("x", 32, 3, 32, 32);
        return classifier(x, () -> through(layers, x), p.labels("y", 10, 32), sgd(p, 0.01, 0.9));
    }

    private static UnaryOperator<Tensor> basicBlock(Parameters p, String name, int in, int channels) {
        int stride = in == channels ? 1 : 2;
        UnaryOperator<Tensor> first = p.conv(name + ".conv1", in, channels, 3, stride, 1, false);
        UnaryOperator<Tensor> firstNorm = p.batchNorm(channels);
        UnaryOperator<Tensor> second = p.conv(name + ".conv2", channels, channels, 3, 1, 1, false);
        UnaryOperator<Tensor> secondNorm = p.batchNorm(channels);
        Function<Tensor, Tensor> shortcut = in == channels
                ? x -> x
                : p.conv(name + ".shortcut", in, channels, 1, stride, 1, false).andThen(p.batchNorm(channels));
        return x -> {
            Tensor y = secondNorm.apply(second.apply(relu_(firstNorm.apply(first.apply(x)))));
            return relu_(y.add(shortcut.apply(x)));
        };
    }

    private static Net transformer(Parameters p) {
        int batch = 16;
        int context = 128;
        int width = 128;
        int vocabulary = 65;
        Tensor tokens = p.embedding("tok", vocabulary, width);
        Tensor positions = p.embedding("pos", context, width);
        List<UnaryOperator<Tensor>> layers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            UnaryOperator<Tensor> attention = attention(p, i + ".", batch, context, 4, width);
            layers.add(x -> x.add(attention.apply(x)));
            UnaryOperator<Tensor> norm = p.layerNorm(width);
            UnaryOperator<Tensor> up = p.dense(i + ".up", width, 4 * width);
            UnaryOperator<Tensor> down = p.dense(i + ".down", 4 * width, width);
            layers.add(x -> x.add(down.apply(gelu(up.apply(norm.apply(x))))));
        }
        layers.add(p.layerNorm(width));
        layers.add(p.dense("head", width, vocabulary));
        Tensor x = p.labels("x", vocabulary, batch, context);
        return classifier(x,
                () -> through(layers, torch.embedding(tokens, x).add(positions)).view(batch * context, vocabulary),
                p.labels("y", vocabulary, batch * context), new AdamW(p.all(), new AdamWOptions(1e-3)));
    }

    private static UnaryOperator<Tensor> attention(Parameters p, String block, int batch, int context, int heads,
            int width) {
        UnaryOperator<Tensor> norm = p.layerNorm(width);
        UnaryOperator<Tensor> projections = p.dense(block + "qkv", width, 3 * width);
        UnaryOperator<Tensor> out = p.dense(block + "proj", width, width);
        Attention fused = causalAttention();
        return x -> {
            Tensor qkv = projections.apply(norm.apply(x)).view(batch, context, 3, heads, width / heads).permute(2, 0, 3,
                    1, 4);
            Tensor y = fused.of(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2));
            return out.apply(y.transpose(1, 2).reshape(batch, context, width));
        };
    }

    private static Net tiny(Parameters p) {
        UnaryOperator<Tensor> first = p.dense("0", 2, 16);
        UnaryOperator<Tensor> second = p.dense("2", 16, 16);
        UnaryOperator<Tensor> third = p.dense("4", 16, 1);
        Tensor x = p.data("x", 16, 2);
        Tensor y = p.data("y", 16, 1);
        return new Net(x, () -> third.apply(second.apply(first.apply(x).tanh()).tanh()), y, output -> mse_loss(output, y),
                sgd(p, 0.01, 0));
    }

    private static Net classifier(Tensor x, Supplier<Tensor> logits, Tensor labels, Optimizer optimizer) {
        return new Net(x, logits, labels, output -> cross_entropy_loss(output, labels), optimizer);
    }

    private static SGD sgd(Parameters p, double learningRate, double momentum) {
        SGDOptions options = new SGDOptions(learningRate);
        options.momentum().put(momentum);
        return new SGD(p.all(), options);
    }

    private static Tensor through(List<UnaryOperator<Tensor>> layers, Tensor x) {
        Tensor y = x;
        for (UnaryOperator<Tensor> layer : layers) {
            y = layer.apply(y);
        }
        return y;
    }

    static Tensor maxPool(Tensor x) {
        return max_pool2d(x, TWO, TWO, ZERO, ONE, false);
    }

    /** libtorch takes its fused kernel for this, which does not store the scores. */
    static Attention causalAttention() {
        TensorOptional noMask = new TensorOptional();
        DoubleOptional defaultScale = new DoubleOptional();
        return (q, k, v) -> scaled_dot_product_attention(q, k, v, noMask, 0.0, true, defaultScale, false);
    }

    /** Of queries, keys and values, each [batch, heads, time, size]. */
    interface Attention {
        Tensor of(Tensor q, Tensor k, Tensor v);
    }
}
