package dev.jacobian.backend;

/**
 * The window that a convolution or a pooling moves over the last two axes of its input, in PyTorch's terms: element
 * (i, j) of the window at output position (y, x) is input element (y · strideH − paddingH + i · dilationH,
 * x · strideW − paddingW + j · dilationW), or padding where that is outside of the input.
 *
 * @param kernelH the window's height in elements, at least 1
 * @param kernelW the window's width in elements, at least 1
 * @param strideH how far the window moves downwards, at least 1
 * @param strideW how far the window moves to the right, at least 1
 * @param paddingH rows added above and below the input each, at least 0
 * @param paddingW columns added left and right of the input each, at least 0
 * @param dilationH the distance between the window's rows, at least 1
 * @param dilationW the distance between the window's columns, at least 1
 */
public record Window2d(
        int kernelH,
        int kernelW,
        int strideH,
        int strideW,
        int paddingH,
        int paddingW,
        int dilationH,
        int dilationW) {

    /** Checks the ranges. */
    public Window2d {
        atLeast(1, "kernel", kernelH, kernelW);
        atLeast(1, "stride", strideH, strideW);
        atLeast(0, "padding", paddingH, paddingW);
        atLeast(1, "dilation", dilationH, dilationW);
    }

    private static void atLeast(int least, String what, int h, int w) {
        if (h < least || w < least) {
            throw new IllegalArgumentException(
                    "window: " + what + " [" + h + ", " + w + "], expected at least " + least + " each");
        }
    }

    /**
     * A window that moves by 1, without padding and dilation.
     *
     * @param kernelH its height, at least 1
     * @param kernelW its width, at least 1
     * @return the window
     */
    public static Window2d of(int kernelH, int kernelW) {
        return new Window2d(kernelH, kernelW, 1, 1, 0, 0, 1, 1);
    }

    /**
     * This window with another stride.
     *
     * @param h downwards, at least 1
     * @param w to the right, at least 1
     * @return the window
     */
    public Window2d stride(int h, int w) {
        return new Window2d(kernelH, kernelW, h, w, paddingH, paddingW, dilationH, dilationW);
    }

    /**
     * This window with another padding.
     *
     * @param h rows above and below each, at least 0
     * @param w columns left and right each, at least 0
     * @return the window
     */
    public Window2d padding(int h, int w) {
        return new Window2d(kernelH, kernelW, strideH, strideW, h, w, dilationH, dilationW);
    }

    /**
     * This window with another dilation.
     *
     * @param h the distance between rows, at least 1
     * @param w the distance between columns, at least 1
     * @return the window
     */
    public Window2d dilation(int h, int w) {
        return new Window2d(kernelH, kernelW, strideH, strideW, paddingH, paddingW, h, w);
    }

    /**
     * How many rows the window reaches over.
     *
     * @return dilationH · (kernelH − 1) + 1
     */
    public long reachH() {
        return (long) dilationH * (kernelH - 1) + 1;
    }

    /**
     * How many columns the window reaches over.
     *
     * @return dilationW · (kernelW − 1) + 1
     */
    public long reachW() {
        return (long) dilationW * (kernelW - 1) + 1;
    }

    /**
     * How many positions the window has vertically.
     *
     * @param h the input's height
     * @return ⌊(h + 2 paddingH − reachH) / strideH⌋ + 1; not positive where the window does not fit
     * @throws ArithmeticException if it is no int
     */
    public int outputHeight(int h) {
        return Math.toIntExact(Math.floorDiv(h + 2L * paddingH - reachH(), strideH) + 1);
    }

    /**
     * How many positions the window has horizontally.
     *
     * @param w the input's width
     * @return ⌊(w + 2 paddingW − reachW) / strideW⌋ + 1; not positive where the window does not fit
     * @throws ArithmeticException if it is no int
     */
    public int outputWidth(int w) {
        return Math.toIntExact(Math.floorDiv(w + 2L * paddingW - reachW(), strideW) + 1);
    }
}
