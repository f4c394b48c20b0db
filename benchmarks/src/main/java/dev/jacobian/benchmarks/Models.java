package dev.jacobian.benchmarks;

import dev.jacobian.nn.AdaptiveAvgPool2d;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Embedding;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.LayerNorm;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.MaxPool2d;
import dev.jacobian.nn.PositionEmbedding;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Residual;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.Tanh;
import dev.jacobian.nn.TransformerBlock;
import java.util.Map;

/** The networks that are trained, and what all libraries call their parameters. */
final class Models {
    static final int VOCABULARY = 65;
    static final int CONTEXT = 128;

    private static final int WIDTH = 128;
    private static final int HEADS = 4;
    private static final int TRANSFORMER_BLOCKS = 4;
    private static final int BLOCKS_OF_A_STAGE = 3;

    /** The first part of a path in the residual network and in the transformer, here and elsewhere. */
    private static final Map<String, String> RES_NET_PARTS = Map.of("0", "stem.conv", "3", "1", "4", "2", "5", "3", "8",
            "fc");

    private static final Map<String, String> TRANSFORMER_PARTS = Map.of("0", "tok", "1", "pos", "2", "0", "3", "1", "4",
            "2", "5", "3", "7", "head");

    private Models() {}

    static Layer perceptron() {
        return new Sequential(new Linear(784, 512), new BatchNorm(512), new ReLU(), new Linear(512, 512),
                new BatchNorm(512), new ReLU(), new Linear(512, 10));
    }

    static Layer convolutional() {
        return new Sequential(new Conv2d(1, 32, 3).padding(1), new ReLU(), new MaxPool2d(2),
                new Conv2d(32, 64, 3).padding(1), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(64 * 49, 128),
                new ReLU(), new Linear(128, 10));
    }

    /** ResNet-20 for images of 3×32×32 (He et al. 2015, section 4.2), with a projection where the shape changes. */
    static Layer resNet() {
        return new Sequential(conv(3, 16, 3, 1), new BatchNorm(16), new ReLU(), stage(16, 16), stage(16, 32),
                stage(32, 64), new AdaptiveAvgPool2d(1), new Flatten(), new Linear(64, 10));
    }

    private static Layer stage(int from, int to) {
        Sequential stage = new Sequential(block(from, to));
        while (stage.size() < BLOCKS_OF_A_STAGE) {
            stage.add(block(to, to));
        }
        return stage;
    }

    private static Layer block(int from, int to) {
        int stride = from == to ? 1 : 2;
        Residual block = new Residual(new Sequential(conv(from, to, 3, stride), new BatchNorm(to), new ReLU(),
                conv(to, to, 3, 1), new BatchNorm(to))).activation(new ReLU());
        return from == to ? block : block.shortcut(new Sequential(conv(from, to, 1, stride), new BatchNorm(to)));
    }

    /** Without a bias, which the batch norm behind it would undo. */
    private static Conv2d conv(int from, int to, int kernel, int stride) {
        return new Conv2d(from, to, kernel, kernel, 1, false).stride(stride).padding(kernel / 2);
    }

    /** Tokens [N, CONTEXT] to logits [N, CONTEXT, VOCABULARY]. */
    static Layer transformer() {
        Sequential model = new Sequential(new Embedding(VOCABULARY, WIDTH), new PositionEmbedding(CONTEXT, WIDTH));
        for (int i = 0; i < TRANSFORMER_BLOCKS; i++) {
            model.add(new TransformerBlock(WIDTH, HEADS, true));
        }
        return model.add(new LayerNorm(WIDTH)).add(new Linear(WIDTH, VOCABULARY));
    }

    static Layer tiny() {
        return new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 16), new Tanh(), new Linear(16, 1));
    }

    /**
     * What the parameter of a workload at a path is called everywhere.
     *
     * @return its name; without a dot for a table of vectors
     */
    static String commonName(String workload, String path) {
        return switch (workload) {
            case "W3" -> renamed(RES_NET_PARTS, path).replace("block.0.", "conv1.").replace("block.3.", "conv2.")
                    .replace("shortcut.0.", "shortcut.");
            case "W4" -> renamed(TRANSFORMER_PARTS, path).replace("self_attn.in_proj_", "qkv.")
                    .replace("self_attn.out_proj.", "proj.").replace("linear1.", "up.").replace("linear2.", "down.")
                    .replaceFirst("^(tok|pos)\\.weight$", "$1");
            default -> path;
        };
    }

    private static String renamed(Map<String, String> parts, String path) {
        int dot = path.indexOf('.');
        String part = path.substring(0, dot);
        return parts.getOrDefault(part, part) + path.substring(dot);
    }
}
