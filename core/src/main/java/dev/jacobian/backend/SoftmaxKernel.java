package dev.jacobian.backend;

/** Softmax along one axis, y = e^(x − max x) / Σ e^(x − max x). */
public interface SoftmaxKernel {
    /**
     * y = softmax(x).
     *
     * @param x input, any strides
     * @param axis the axis that sums to 1
     * @param y output, dense
     */
    void softmax(View x, int axis, View y);

    /**
     * dx = y ⊙ (dy − Σ dy ⊙ y).
     *
     * @param y the result of the forward pass, dense
     * @param dy its gradient, any strides
     * @param axis the axis
     * @param dx output, dense
     */
    void softmaxBackward(View y, View dy, int axis, View dx);
}
