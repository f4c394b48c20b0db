package dev.jacobian.backend;

/**
 * The mean in each position of a window that moves over planes. Padding counts as zeros. A window's divisor is the
 * number of its elements, with or without those in the padding. All views are dense.
 */
public interface AvgPool2dKernel {
    /**
     * The means.
     *
     * @param x [N, C, H, W]
     * @param window the window, not dilated; padding at most half of the kernel
     * @param countIncludePad true to divide by kernelH · kernelW, false to divide by the number of elements that are
     *        inside of the input, which is at least 1
     * @param y [N, C, outputHeight(H), outputWidth(W)], written
     */
    void avgPool2d(View x, Window2d window, boolean countIncludePad, View y);

    /**
     * dx[n, c, h, w] = Σ dy[n, c, p, q] / divisor over all windows with that element; 0 where there are none.
     *
     * @param dy the gradient of y, of y's shape
     * @param window as in the forward pass
     * @param countIncludePad as in the forward pass
     * @param dx [N, C, H, W], written
     */
    void avgPool2dBackward(View dy, Window2d window, boolean countIncludePad, View dx);
}
