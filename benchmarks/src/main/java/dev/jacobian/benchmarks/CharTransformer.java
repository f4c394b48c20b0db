package dev.jacobian.benchmarks;

import dev.jacobian.nn.Layer;
import dev.jacobian.nn.LayerNorm;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A small causal transformer over characters: four blocks with the normalisation first, as in GPT-2. */
final class CharTransformer extends Layer {
    static final int VOCABULARY = 65;
    static final int CONTEXT = 128;

    private static final int BLOCKS = 4;
    private static final int WIDTH = 128;
    private static final int HEADS = 4;

    private final Param tok = parameter("tok", Initializer.normal(0, 0.02), VOCABULARY, WIDTH);
    private final Param pos = parameter("pos", Initializer.normal(0, 0.02), CONTEXT, WIDTH);
    private final List<Layer> blocks = new ArrayList<>();
    private final Layer norm = register("norm", new LayerNorm(WIDTH));
    private final Layer head = register("head", new Linear(WIDTH, VOCABULARY));

    CharTransformer() {
        for (int i = 0; i < BLOCKS; i++) {
            blocks.add(register(Integer.toString(i), new Block()));
        }
    }

    /** Tokens [N, CONTEXT] to logits [N · CONTEXT, VOCABULARY]. */
    @Override
    protected Tensor forward(Tensor tokens) {
        Tensor x = tokens.embedding(tok, -1).add(pos);
        for (Layer block : blocks) {
            x = block.call(x);
        }
        return head.call(norm.call(x)).reshape(-1, VOCABULARY);
    }

    /** Attention, then two linear layers; the input goes around both. */
    private static final class Block extends Layer {
        private final Layer norm1 = register("norm1", new LayerNorm(WIDTH));
        private final Layer qkv = register("qkv", new Linear(WIDTH, 3 * WIDTH));
        private final Layer proj = register("proj", new Linear(WIDTH, WIDTH));
        private final Layer norm2 = register("norm2", new LayerNorm(WIDTH));
        private final Layer up = register("up", new Linear(WIDTH, 4 * WIDTH));
        private final Layer down = register("down", new Linear(4 * WIDTH, WIDTH));

        @Override
        protected Tensor forward(Tensor x) {
            Tensor y = x.add(proj.call(attention(qkv.call(norm1.call(x)))));
            return y.add(down.call(up.call(norm2.call(y)).gelu()));
        }

        /** [N, T, 3 · WIDTH] to [N, T, WIDTH]. */
        private static Tensor attention(Tensor packed) {
            int n = packed.dim(0);
            int t = packed.dim(1);
            Tensor heads = packed.reshape(n, t, 3, HEADS, WIDTH / HEADS).permute(2, 0, 3, 1, 4);
            Tensor y = Attention.causal(heads.select(0, 0), heads.select(0, 1), heads.select(0, 2));
            return y.permute(0, 2, 1, 3).reshape(n, t, WIDTH);
        }
    }
}
