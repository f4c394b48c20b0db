package dev.jacobian.nn;

import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;

/**
 * The largest element of each window, [N, C, H, W] to [N, C, ⌊(H + 2 padding − dilation · (kernel − 1) − 1) / stride⌋
 * + 1, likewise for W]. The window moves by its own size unless told otherwise, so that a kernel of 2 halves the planes.
 */
public final class MaxPool2d extends Layer {
    private Window2d window;

    /**
     * A square window.
     *
     * @param kernel its height and width, at least 1
     */
    public MaxPool2d(int kernel) {
        this(kernel, kernel);
    }

    /**
     * A rectangular window.
     *
     * @param kernelH its height, at least 1
     * @param kernelW its width, at least 1
     */
    public MaxPool2d(int kernelH, int kernelW) {
        window = Window2d.of(kernelH, kernelW).stride(kernelH, kernelW);
    }

    /**
     * Sets how far the window moves, the kernel's size at first.
     *
     * @param stride in both directions, at least 1
     * @return this
     */
    public MaxPool2d stride(int stride) {
        return stride(stride, stride);
    }

    /**
     * Sets how far the window moves, the kernel's size at first.
     *
     * @param h downwards, at least 1
     * @param w to the right, at least 1
     * @return this
     */
    public MaxPool2d stride(int h, int w) {
        window = window.stride(h, w);
        return this;
    }

    /**
     * Sets how far the window reaches beyond the input, 0 at first. What is there is never the largest.
     *
     * @param padding on all sides, at least 0 and at most half of the kernel
     * @return this
     */
    public MaxPool2d padding(int padding) {
        return padding(padding, padding);
    }

    /**
     * Sets how far the window reaches beyond the input, 0 at first. What is there is never the largest.
     *
     * @param h rows above and below each, at least 0 and at most half of the kernel's height
     * @param w columns left and right each, at least 0 and at most half of the kernel's width
     * @return this
     */
    public MaxPool2d padding(int h, int w) {
        window = window.padding(h, w);
        return this;
    }

    /**
     * Sets the distance between the window's elements, 1 at first.
     *
     * @param dilation in both directions, at least 1
     * @return this
     */
    public MaxPool2d dilation(int dilation) {
        return dilation(dilation, dilation);
    }

    /**
     * Sets the distance between the window's elements, 1 at first.
     *
     * @param h downwards, at least 1
     * @param w to the right, at least 1
     * @return this
     */
    public MaxPool2d dilation(int h, int w) {
        window = window.dilation(h, w);
        return this;
    }

    /** Whether results are fewer than inputs, but for what padding adds. */
    boolean makesFewer() {
        return window.strideH() > 1 || window.strideW() > 1;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.maxPool2d(window);
    }

    @Override
    protected String describe() {
        return "kernel_size=(" + window.kernelH() + ", " + window.kernelW() + "), stride=(" + window.strideH() + ", "
                + window.strideW() + "), padding=(" + window.paddingH() + ", " + window.paddingW() + "), dilation=("
                + window.dilationH() + ", " + window.dilationW() + ")";
    }
}
