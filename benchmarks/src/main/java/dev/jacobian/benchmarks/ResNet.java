package dev.jacobian.benchmarks;

import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** ResNet-20 for images of 3×32×32 (He et al. 2015, section 4.2), with a projection where the shape changes. */
final class ResNet extends Layer {
    private static final int BLOCKS = 3;

    private final Layer stem = register("stem", new Sequential(conv(3, 16, 3, 1), new BatchNorm(16), new ReLU()));
    private final List<Layer> stages = new ArrayList<>();
    private final Layer fc = register("fc", new Linear(64, 10));

    ResNet() {
        int channels = 16;
        for (int width : new int[] {16, 32, 64}) {
            Sequential stage = new Sequential();
            for (int i = 0; i < BLOCKS; i++) {
                stage.add(new Block(channels, width));
                channels = width;
            }
            stages.add(register(Integer.toString(stages.size() + 1), stage));
        }
    }

    @Override
    protected Tensor forward(Tensor x) {
        Tensor y = stem.call(x);
        for (Layer stage : stages) {
            y = stage.call(y);
        }
        return fc.call(y.mean(new int[] {2, 3}, false));
    }

    /** What all libraries call the parameter that is here at a path. */
    static String commonName(String path) {
        return path.replace("stem.0.", "stem.conv.").replace("body.0.", "conv1.").replace("body.3.", "conv2.")
                .replace("shortcut.0.", "shortcut.");
    }

    private static Conv2d conv(int from, int to, int kernel, int stride) {
        return new Conv2d(from, to, kernel, kernel, 1, false).stride(stride).padding(kernel / 2);
    }

    /** Two convolutions around which the input goes as well. */
    private static final class Block extends Layer {
        private final Layer body;
        private final Layer shortcut;

        Block(int from, int to) {
            int stride = from == to ? 1 : 2;
            body = register("body", new Sequential(conv(from, to, 3, stride), new BatchNorm(to), new ReLU(),
                    conv(to, to, 3, 1), new BatchNorm(to)));
            shortcut = from == to
                    ? null
                    : register("shortcut", new Sequential(conv(from, to, 1, stride), new BatchNorm(to)));
        }

        @Override
        protected Tensor forward(Tensor x) {
            return body.call(x).add(shortcut == null ? x : shortcut.call(x)).relu();
        }
    }
}
