package dev.jacobian.backend;

/**
 * Two-dimensional convolution as networks have it, which is cross-correlation. With channels and filters in groups of
 * equal size, filter o of group g sees the channels of group g alone:
 * y[n, o, p, q] = bias[o] + Σ over c, i, j of weight[o, c, i, j] · x[n, g · C/groups + c, row, column], where the
 * {@link Window2d} says which row and column; x counts as 0 outside. All views are dense.
 */
public interface Conv2dKernel {
    /**
     * The convolution.
     *
     * @param x [N, C, H, W]
     * @param weight [O, C/groups, kernelH, kernelW]
     * @param bias [O]; null for none
     * @param window the window; it fits into the padded input
     * @param groups a divisor of C and of O
     * @param y [N, O, outputHeight(H), outputWidth(W)], written
     */
    void conv2d(View x, View weight, View bias, Window2d window, int groups, View y);

    /**
     * dx[n, c, row, column] = Σ dy[n, o, p, q] · weight[o, c, i, j] over all terms of the forward pass with that
     * element of x; 0 where there are none.
     *
     * @param dy the gradient of y, of y's shape
     * @param weight [O, C/groups, kernelH, kernelW]
     * @param window as in the forward pass
     * @param groups as in the forward pass
     * @param dx [N, C, H, W], written
     */
    void conv2dBackwardInput(View dy, View weight, Window2d window, int groups, View dx);

    /**
     * dweight[o, c, i, j] = Σ over n, p, q of dy[n, o, p, q] · x[n, g · C/groups + c, row, column]. The gradient of the
     * bias is a sum that core takes.
     *
     * @param x [N, C, H, W]
     * @param dy the gradient of y, of y's shape
     * @param window as in the forward pass
     * @param groups as in the forward pass
     * @param dweight [O, C/groups, kernelH, kernelW], written; zeros where N is 0
     */
    void conv2dBackwardWeight(View x, View dy, Window2d window, int groups, View dweight);
}
