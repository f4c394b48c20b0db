package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** The logarithm of softmax along one axis, as {@link dev.jacobian.tensor.Tensor#logSoftmax} computes it. */
public final class LogSoftmax extends Layer {
    private final int axis;

    /**
     * Along one axis.
     *
     * @param axis the axis, from {@code -rank} to {@code rank-1} of the input
     */
    public LogSoftmax(int axis) {
        this.axis = axis;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.logSoftmax(axis);
    }

    @Override
    protected String describe() {
        return "dim=" + axis;
    }
}
