package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;
import java.util.Objects;

/**
 * A residual connection (He et al., 2016): y = activation(block(x) + shortcut(x)), with x itself for the shortcut and no
 * activation unless told otherwise. A basic block of a ResNet that halves the plane:
 *
 * <pre>{@code
 * new Residual(new Sequential(
 *                 new Conv2d(16, 32, 3).stride(2).padding(1), new BatchNorm(32), new ReLU(),
 *                 new Conv2d(32, 32, 3).padding(1), new BatchNorm(32)))
 *         .shortcut(new Sequential(new Conv2d(16, 32, 1).stride(2), new BatchNorm(32)))
 *         .activation(new ReLU())
 * }</pre>
 */
public final class Residual extends Layer {
    private final Layer block;
    private Layer shortcut;
    private Layer activation;

    /**
     * A connection around a block.
     *
     * @param block what is added to the input; registered as {@code block}
     */
    public Residual(Layer block) {
        this.block = register("block", block);
    }

    /**
     * Sets what leads around the block, such as a projection where the block changes the shape.
     *
     * @param layer whose result has the shape of the block's; registered as {@code shortcut}
     * @return this
     */
    public Residual shortcut(Layer layer) {
        shortcut = register("shortcut", Objects.requireNonNull(layer, "shortcut"));
        return this;
    }

    /**
     * Sets what the sum goes through.
     *
     * @param layer the activation; registered as {@code activation}
     * @return this
     */
    public Residual activation(Layer layer) {
        activation = register("activation", Objects.requireNonNull(layer, "activation"));
        return this;
    }

    @Override
    protected Tensor forward(Tensor x) {
        Tensor around = shortcut == null ? x : shortcut.call(x);
        Tensor through = block.call(x);
        if (!through.shape().equals(around.shape())) {
            throw new IllegalArgumentException("residual: the block gives shape " + through.shape() + ", the "
                    + (shortcut == null ? "input has " : "shortcut gives ") + around.shape()
                    + ", expected the same; give a shortcut that changes the shape as the block does");
        }
        Tensor sum = through.add(around);
        return activation == null ? sum : activation.call(sum);
    }
}
