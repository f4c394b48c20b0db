package dev.jacobian.nn;

import dev.jacobian.backend.Activation;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Layers one after another, named {@code 0}, {@code 1}, …: each is given the result of the one before.
 *
 * <p>A linear layer, or in training a batch norm, computes an activation that directly follows it together with its own
 * result, where the device has a kernel for that and neither layer has hooks: the same numbers, up to rounding, in fewer
 * passes over memory. Messages then name the first of the two layers. A ReLU directly before a max-pool that
 * moves in strides, both without hooks, is computed after it: the same numbers and gradients, of fewer elements.
 */
public final class Sequential extends Layer {
    private final List<Layer> layers = new ArrayList<>();

    /**
     * A chain of layers.
     *
     * @param layers in order; none is the identity
     */
    public Sequential(Layer... layers) {
        for (Layer layer : layers) {
            add(layer);
        }
    }

    /**
     * Appends a layer.
     *
     * @param layer the layer
     * @return this
     */
    public Sequential add(Layer layer) {
        layers.add(register(Integer.toString(size()), layer));
        return this;
    }

    /**
     * One of the layers.
     *
     * @param index from 0
     * @return the layer
     */
    public Layer get(int index) {
        if (index < 0 || index >= size()) {
            throw new IllegalArgumentException(
                    "sequential: layer " + index + " out of range; there are " + size() + ", counted from 0");
        }
        return layers.get(index);
    }

    /**
     * How many layers there are.
     *
     * @return the number
     */
    public int size() {
        return layers.size();
    }

    @Override
    protected Tensor forward(Tensor x) {
        Tensor current = x;
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            Tensor input = current;
            Activation activation = i + 1 < layers.size() ? activation(layers.get(i + 1)) : Activation.NONE;
            if (activation != Activation.NONE && !layer.hasHooks() && layer.fuses(activation, input)) {
                current = layer.run(() -> layer.forward(input, activation));
                i++;
            } else if (isBetterPooledFirst(i)) {
                Tensor pooled = layers.get(i + 1).call(input);
                current = layer.call(pooled);
                discard(pooled, current);
                i++;
            } else {
                current = layer.call(input);
            }
            if (input != x) {
                discard(input, current);
            }
        }
        return current;
    }

    /** Whether a layer and its successor compute max(relu(x)), which is relu(max(x)), of fewer elements, unseen by hooks. */
    private boolean isBetterPooledFirst(int i) {
        return i + 1 < layers.size() && layers.get(i) instanceof ReLU relu && !relu.hasHooks()
                && layers.get(i + 1) instanceof MaxPool2d pool && !pool.hasHooks() && pool.makesFewer();
    }

    /** What a layer does, if it is an activation that the one before may compute, unseen by hooks. */
    private static Activation activation(Layer layer) {
        return layer.hasHooks() ? Activation.NONE : switch (layer) {
            case ReLU _ -> Activation.RELU;
            case Tanh _ -> Activation.TANH;
            case Sigmoid _ -> Activation.SIGMOID;
            case Checkpoint checkpoint -> activation(checkpoint.wrapped());
            default -> Activation.NONE;
        };
    }

    /**
     * Lets go of what lies between two layers as soon as it was read, so that a long chain needs no more memory than
     * what the tape saved. A result that is a view of it goes on holding it.
     */
    private static void discard(Tensor read, Tensor next) {
        if (read.storage() != next.storage() && read.storage().scope() == MemoryScope.current()) {
            try (var ended = MemoryScope.open("of a discarded result")) {
                read.storage().moveTo(ended);
            }
        }
    }
}
