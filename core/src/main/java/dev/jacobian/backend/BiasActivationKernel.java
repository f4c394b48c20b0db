package dev.jacobian.backend;

/** What follows the product in a linear layer: y = activation(x + bias) in one pass. */
public interface BiasActivationKernel {
    /**
     * y = activation(x + bias), with the bias added to every row.
     *
     * @param x [rows, n], dense
     * @param bias [n], any stride
     * @param activation the function
     * @param y [rows, n], dense, written; may be x's own memory, else does not overlap it
     */
    void biasActivation(View x, View bias, Activation activation, View y);

    /**
     * dx = dy ⊙ activation′, with the derivative had from the result, and dbias = Σ dx over the rows. Where there are no
     * rows, dbias is zero.
     *
     * @param y [rows, n], the result of the forward pass, dense; null where the activation is {@link Activation#NONE}
     * @param dy [rows, n], gradient of y, any strides
     * @param activation as in the forward pass
     * @param dx [rows, n], dense, written; may be the memory of a dense dy, else does not overlap what is read
     * @param dbias [n], dense, written
     */
    void biasActivationBackward(View y, View dy, Activation activation, View dx, View dbias);
}
