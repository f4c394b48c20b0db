package dev.jacobian.benchmarks.peers.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * The character transformer: pre-norm blocks with causal attention. DJL has no fused attention, so it is written out as
 * products, a mask and a softmax.
 */
final class Transformer extends AbstractBlock {
    private static final int LAYERS = 4;
    private static final float MASKED = -1e9f;

    private final int vocabulary;
    private final int context;
    private final int width;
    private final int heads;
    private final Parameter tokens;
    private final Parameter positions;
    private final Layer[] layers = new Layer[LAYERS];
    private final Block norm;
    private final Block head;
    private NDArray mask;

    private record Layer(Block attentionNorm, Block qkv, Block proj, Block norm, Block up, Block down) {}

    Transformer(Parameters p, int vocabulary, int context, int width, int heads) {
        this.vocabulary = vocabulary;
        this.context = context;
        this.width = width;
        this.heads = heads;
        tokens = addParameter(p.embedding("tok", new Shape(vocabulary, width)));
        positions = addParameter(p.embedding("pos", new Shape(context, width)));
        for (int i = 0; i < LAYERS; i++) {
            String name = i + ".";
            layers[i] = new Layer(child(name + "norm1", layerNorm()),
                    child(name + "qkv", p.dense(name + "qkv", width, 3 * width)),
                    child(name + "proj", p.dense(name + "proj", width, width)), child(name + "norm2", layerNorm()),
                    child(name + "up", p.dense(name + "up", width, 4 * width)),
                    child(name + "down", p.dense(name + "down", 4 * width, width)));
        }
        norm = child("norm", layerNorm());
        head = child("head", p.dense("head", width, vocabulary));
    }

    private Block child(String name, Block block) {
        return addChildBlock(name, block);
    }

    private static Block layerNorm() {
        return LayerNorm.builder().axis(2).build();
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
        Shape x = inputs[0].add(width);
        for (Layer layer : layers) {
            for (Block block : new Block[] {layer.attentionNorm, layer.qkv, layer.proj, layer.norm, layer.up}) {
                block.initialize(manager, DataType.FLOAT32, x);
            }
            layer.down.initialize(manager, DataType.FLOAT32, inputs[0].add(4L * width));
        }
        norm.initialize(manager, DataType.FLOAT32, x);
        head.initialize(manager, DataType.FLOAT32, x);
        NDArray position = manager.arange(context);
        mask = position.expandDims(0).gt(position.expandDims(1)).toType(DataType.FLOAT32, false).mul(MASKED);
    }

    /** One row of logits per token, as the loss wants them. */
    @Override
    protected NDList forwardInternal(ParameterStore store, NDList inputs, boolean training,
            PairList<String, Object> options) {
        NDArray x = inputs.head();
        NDArray y = Embedding.embedding(x, store.getValue(tokens, x.getDevice(), training), SparseFormat.DENSE)
                .singletonOrThrow()
                .add(store.getValue(positions, x.getDevice(), training));
        for (Layer layer : layers) {
            NDArray qkv = apply(layer.qkv, store, apply(layer.attentionNorm, store, y, training), training);
            y = y.add(apply(layer.proj, store, attention(qkv), training));
            NDArray hidden = Activation.gelu(apply(layer.up, store, apply(layer.norm, store, y, training), training));
            y = y.add(apply(layer.down, store, hidden, training));
        }
        NDArray logits = apply(head, store, apply(norm, store, y, training), training);
        return new NDList(logits.reshape(-1, vocabulary));
    }

    private NDArray attention(NDArray packed) {
        int size = width / heads;
        NDArray qkv = packed.reshape(-1, context, 3, heads, size).transpose(2, 0, 3, 1, 4);
        NDArray scores = qkv.get(0).matMul(qkv.get(1).transpose(0, 1, 3, 2)).mul((float) (1 / Math.sqrt(size)));
        return scores.add(mask).softmax(-1).matMul(qkv.get(2)).transpose(0, 2, 1, 3).reshape(-1, context, width);
    }

    private static NDArray apply(Block block, ParameterStore store, NDArray x, boolean training) {
        return block.forward(store, new NDList(x), training).singletonOrThrow();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {new Shape(inputs[0].size(), vocabulary)};
    }
}
