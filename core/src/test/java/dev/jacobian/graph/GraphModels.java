package dev.jacobian.graph;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.AdaptiveAvgPool2d;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.Embedding;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.LayerNorm;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.PositionEmbedding;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Residual;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.TransformerBlock;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** What the tests draw. */
final class GraphModels {
    private GraphModels() {}

    /** By name, so that a failure says which. */
    static Map<String, Graph> all() {
        Map<String, Graph> all = new TreeMap<>();
        all.put("perceptron", perceptron());
        all.put("residual", residual());
        all.put("transformer", transformer());
        all.put("recurrent", recurrent());
        all.put("gradient", gradientOfSoftmax());
        return all;
    }

    static Graph perceptron() {
        Layer model = new Sequential(new Linear(6, 5), new BatchNorm(5), new ReLU(), new Dropout(0.2),
                new Linear(5, 3));
        Tensor x = Rng.normal(4, 6);
        Tensor y = Tensor.of(0, 1, 2, 0);
        Tensor loss = new CrossEntropyLoss().call(model.call(x), y);
        return Graph.of(loss, model, Map.of("x", x, "y", y, "loss", loss));
    }

    static Graph residual() {
        Layer model = new Sequential(conv(2, 2, 3, 1), new BatchNorm(2), new ReLU(), block(2, 2), block(2, 4),
                new AdaptiveAvgPool2d(1), new Flatten(), new Linear(4, 3));
        return Graph.of(new CrossEntropyLoss().call(model.call(Rng.normal(2, 2, 4, 4)), Tensor.of(1, 2)), model);
    }

    private static Layer block(int from, int to) {
        int stride = from == to ? 1 : 2;
        Residual block = new Residual(new Sequential(conv(from, to, 3, stride), new BatchNorm(to), new ReLU(),
                conv(to, to, 3, 1), new BatchNorm(to))).activation(new ReLU());
        return from == to ? block : block.shortcut(new Sequential(conv(from, to, 1, stride), new BatchNorm(to)));
    }

    private static Layer conv(int from, int to, int kernel, int stride) {
        return new Conv2d(from, to, kernel, kernel, 1, false).stride(stride).padding(kernel / 2);
    }

    static Graph transformer() {
        Sequential model = new Sequential(new Embedding(9, 4), new PositionEmbedding(3, 4));
        for (int i = 0; i < 4; i++) {
            model.add(new TransformerBlock(4, 2, true));
        }
        model.add(new LayerNorm(4)).add(new Linear(4, 9));
        Tensor logits = model.call(Tensor.of(1, 2, 3, 4, 5, 6).reshape(2, 3));
        return Graph.of(new CrossEntropyLoss().call(logits.reshape(6, 9), Tensor.zeros(6).to(DType.INT32)), model);
    }

    /** Two layers that are called in turns. */
    static final class Recurrent extends Layer {
        private final Linear input = register("input", new Linear(2, 3));
        private final Linear state = register("state", new Linear(3, 3));

        @Override
        protected Tensor forward(Tensor x) {
            Tensor h = input.call(x).tanh();
            for (int step = 0; step < 3; step++) {
                h = input.call(x).add(state.call(h)).tanh();
            }
            return h;
        }
    }

    static Graph recurrent() {
        Recurrent model = new Recurrent();
        return Graph.of(model.call(Tensor.ones(4, 2)).square().sum(), model);
    }

    static Graph gradientOfSoftmax() {
        try (var _ = Autograd.higherOrder()) {
            Tensor logits = Tensor.of(1.0, 2.0, 3.0).requireGrad();
            Tensor loss = logits.softmax(0).log().mul(Tensor.of(0.0, 1.0, 0.0)).sum().neg();
            Tensor gradient = Autograd.grad(loss, logits).getFirst();
            return Graph.of(gradient.square().sum(), Map.of("logits", logits, "gradient", gradient));
        }
    }

    /** Sums and products of what there is, in layers that are entered and left at random. */
    static Graph random(RandomGenerator random) {
        List<Tensor> known = new ArrayList<>(List.of(Tensor.of(1f).requireGrad(), Tensor.of(2f)));
        compute(random, known, 3 + random.nextInt(40), 0);
        Tensor sum = known.getLast();
        for (int i = random.nextInt(4); i > 0; i--) {
            sum = sum.add(known.get(random.nextInt(known.size())));
        }
        return Graph.of(sum.mul(known.getFirst()));
    }

    private static void compute(RandomGenerator random, List<Tensor> known, int count, int level) {
        int done = 0;
        while (done < count) {
            if (level < 3 && random.nextInt(4) == 0) {
                int part = Math.min(count - done, 1 + random.nextInt(12));
                try (var _ = Autograd.enterLayer("layer" + random.nextInt(4))) {
                    compute(random, known, part, level + 1);
                }
                done += part;
            } else {
                int near = Math.max(1, known.size() - random.nextInt(8));
                Tensor a = known.get(random.nextInt(near));
                Tensor b = random.nextInt(6) == 0 ? Tensor.of(3f) : known.get(random.nextInt(known.size()));
                known.add(random.nextBoolean() ? a.add(b) : a.mul(b));
                done++;
            }
        }
    }
}
