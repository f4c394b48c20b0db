package dev.jacobian.nn;

import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/** Layers one after another, named {@code 0}, {@code 1}, …: each is given the result of the one before. */
public final class Sequential extends Layer {
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
        register(Integer.toString(size()), layer);
        return this;
    }

    /**
     * One of the layers.
     *
     * @param index from 0
     * @return the layer
     */
    public Layer get(int index) {
        Layer layer = children().get(Integer.toString(index));
        if (layer == null) {
            throw new IllegalArgumentException(
                    "sequential: layer " + index + " out of range; there are " + size() + ", counted from 0");
        }
        return layer;
    }

    /**
     * How many layers there are.
     *
     * @return the number
     */
    public int size() {
        return children().size();
    }

    @Override
    protected Tensor forward(Tensor x) {
        Tensor current = x;
        for (Layer layer : List.copyOf(children().values())) {
            Tensor next = layer.call(current);
            if (current != x) {
                discard(current, next);
            }
            current = next;
        }
        return current;
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
