package dev.jacobian.backend;

/**
 * The largest element in each position of a window that moves over planes. Padding is never the largest; every window
 * has at least one element of the input. All views are dense.
 */
public interface MaxPool2dKernel {
    /**
     * The maxima and where they are.
     *
     * @param x [N, C, H, W]
     * @param window the window; padding at most half of the kernel
     * @param y [N, C, outputHeight(H), outputWidth(W)], written: the largest of each window, NaN if there is a NaN in it
     * @param index int32, of y's shape, written: row · W + column of the maximum in its plane, the first of equals in
     *        row-major order, and the first NaN if there is one
     */
    void maxPool2d(View x, Window2d window, View y, View index);

    /**
     * dx[n, c, k] = Σ dy[n, c, p, q] over all windows with index[n, c, p, q] = k.
     *
     * @param dy the gradient of y, of y's shape
     * @param index from the forward pass
     * @param window as in the forward pass
     * @param dx [N, C, H, W], written
     */
    void maxPool2dBackward(View dy, View index, Window2d window, View dx);
}
