package dev.jacobian.backend;

/** The product of a linear layer with its bias: the bias is added where the product is stored. */
public interface LinearKernel {
    /**
     * y = x · weightᵀ + bias, with the bias added to every row.
     *
     * @param x [rows, in], any strides
     * @param weight [out, in], any strides
     * @param bias [out], any stride
     * @param y [rows, out], dense, written; does not overlap what is read
     */
    void linear(View x, View weight, View bias, View y);
}
