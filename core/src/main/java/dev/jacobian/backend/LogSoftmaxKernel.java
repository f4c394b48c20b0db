package dev.jacobian.backend;

/** Logarithm of softmax along one axis, y = x − max x − ln Σ e^(x − max x). */
public interface LogSoftmaxKernel {
    /**
     * y = ln softmax(x).
     *
     * @param x input, any strides
     * @param axis the axis
     * @param y output, dense
     */
    void logSoftmax(View x, int axis, View y);

    /**
     * dx = dy − eʸ Σ dy.
     *
     * @param y the result of the forward pass, dense
     * @param dy its gradient, any strides
     * @param axis the axis
     * @param dx output, dense
     */
    void logSoftmaxBackward(View y, View dy, int axis, View dx);
}
