package dev.jacobian.nn;

import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;

/**
 * The mean of each window, [N, C, H, W] to [N, C, ⌊(H + 2 padding − kernel) / stride⌋ + 1, likewise for W]. The window
 * moves by its own size unless told otherwise. Padding counts as zeros, unless {@link #countIncludePad} is off.
 */
public final class AvgPool2d extends Layer {
    private Window2d window;
    private boolean countIncludePad = true;

    /**
     * A square window.
     *
     * @param kernel its height and width, at least 1
     */
    public AvgPool2d(int kernel) {
        this(kernel, kernel);
    }

    /**
     * A rectangular window.
     *
     * @param kernelH its height, at least 1
     * @param kernelW its width, at least 1
     */
    public AvgPool2d(int kernelH, int kernelW) {
        window = Window2d.of(kernelH, kernelW).stride(kernelH, kernelW);
    }

    /**
     * Sets how far the window moves, the kernel's size at first.
     *
     * @param stride in both directions, at least 1
     * @return this
     */
    public AvgPool2d stride(int stride) {
        return stride(stride, stride);
    }

    /**
     * Sets how far the window moves, the kernel's size at first.
     *
     * @param h downwards, at least 1
     * @param w to the right, at least 1
     * @return this
     */
    public AvgPool2d stride(int h, int w) {
        window = window.stride(h, w);
        return this;
    }

    /**
     * Sets how far the window reaches beyond the input, 0 at first.
     *
     * @param padding on all sides, at least 0 and at most half of the kernel
     * @return this
     */
    public AvgPool2d padding(int padding) {
        return padding(padding, padding);
    }

    /**
     * Sets how far the window reaches beyond the input, 0 at first.
     *
     * @param h rows above and below each, at least 0 and at most half of the kernel's height
     * @param w columns left and right each, at least 0 and at most half of the kernel's width
     * @return this
     */
    public AvgPool2d padding(int h, int w) {
        window = window.padding(h, w);
        return this;
    }

    /**
     * Sets what sums are divided by: the window's size, as at first, or the number of its elements inside of the input.
     *
     * @param on whether padding counts as elements that are 0
     * @return this
     */
    public AvgPool2d countIncludePad(boolean on) {
        countIncludePad = on;
        return this;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.avgPool2d(window, countIncludePad);
    }

    @Override
    protected String describe() {
        return "kernel_size=(" + window.kernelH() + ", " + window.kernelW() + "), stride=(" + window.strideH() + ", "
                + window.strideW() + "), padding=(" + window.paddingH() + ", " + window.paddingW() + ")"
                + (countIncludePad ? "" : ", count_include_pad=false");
    }
}
