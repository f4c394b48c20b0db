package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Activation;
import dev.jacobian.tensor.Tensor;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A layer of which the tape keeps the input alone, and not what lies inside: the backward pass computes that again, one
 * such layer after the other, and lets go of it at once (Chen et al., 2016). Less memory for up to a second forward pass:
 *
 * <pre>{@code
 * var model = new Sequential(new Linear(784, 512),
 *         Checkpoint.of(new Sequential(new GELU(), new Linear(512, 512))), // keeps what GELU is given
 *         Checkpoint.of(new Sequential(new GELU(), new Linear(512, 512))),
 *         new GELU(), new Linear(512, 10));
 * }</pre>
 *
 * <p>The last operation inside is not computed again if its rule needs only its inputs, as that of a product does; sums and
 * views behind it do not count. So the blocks above cost one GELU each; behind an activation instead of in front of it,
 * each would cost a product too.
 *
 * <p>Results and gradients are those of the layer itself, bit for bit: dropout draws the same masks again, and batch norm
 * moves its running statistics once. Names in a state dict are those of the layer itself, so weights move from a model
 * with checkpoints to one without, and back. Hooks of layers inside run again with their layer; those of this layer do
 * not. Layers that change buffers of their own do so under {@link Autograd#noGrad}, and do not go on with the values from
 * before; those that leave a second result in a field do not where {@link Autograd#isRecomputing}. In evaluation under
 * noGrad, and under {@link Autograd#higherOrder}, the layer is called as if by itself.
 *
 * @see Autograd#checkpoint
 */
public final class Checkpoint extends Layer {
    private final Layer layer;

    private Checkpoint(Layer layer) {
        this.layer = layer;
        wrap(layer);
    }

    /**
     * Has a layer computed again in the backward pass.
     *
     * @param layer of one input, such as a block of a deep network
     * @return computes what the layer computes
     */
    public static Checkpoint of(Layer layer) {
        return new Checkpoint(layer);
    }

    @Override
    protected Tensor forward(Tensor x) {
        return keepingInput(layer::call, x);
    }

    @Override
    boolean fuses(Activation activation, Tensor x) {
        return !layer.hasHooks() && layer.fuses(activation, x);
    }

    @Override
    Tensor forward(Tensor x, Activation activation) {
        return keepingInput(input -> layer.run(() -> layer.forward(input, activation)), x);
    }

    /** What {@link #of} was given. */
    Layer wrapped() {
        return layer;
    }

    private Tensor keepingInput(UnaryOperator<Tensor> computation, Tensor x) {
        if (!Autograd.isRecording()) {
            return computation.apply(x);
        }
        Set<Layer> training = LayerTree.training(layer);
        return Autograd.checkpoint(
                input -> Autograd.isRecomputing() ? inModes(training, computation, input) : computation.apply(input),
                x);
    }

    /** In the modes of the first time, whatever they are now. */
    private Tensor inModes(Set<Layer> training, UnaryOperator<Tensor> computation, Tensor input) {
        Set<Layer> now = LayerTree.training(layer);
        LayerTree.setTraining(layer, training);
        try {
            return computation.apply(input);
        } finally {
            LayerTree.setTraining(layer, now);
        }
    }
}
