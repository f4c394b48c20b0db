package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Softmax along one axis: e^x / Σ e^x, positive and adding up to 1. */
public final class Softmax extends Layer {
    private final int axis;

    /**
     * Along one axis.
     *
     * @param axis the axis, from {@code -rank} to {@code rank-1} of the input
     */
    public Softmax(int axis) {
        this.axis = axis;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.softmax(axis);
    }

    @Override
    protected String describe() {
        return "dim=" + axis;
    }
}
