package dev.jacobian.op;

import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;

/**
 * A convolution as a sum of matrix products, one for each element of the window, which is a tap.
 *
 * <p>The input is laid out once as rows of channels, a row for each pixel, with the images of a batch innermost. Then
 * what a tap reads is a range of rows, without a copy: shifting the window by a pixel shifts the range by N rows. Rows
 * whose window would reach over the right edge are computed as well, and dropped at the end. For strides, pixels are
 * sorted by their remainders first, since a tap meets those of one remainder alone. The tape keeps the rows, which are
 * one copy of the padded input.
 */
final class ConvolutionTaps {
    private final int groups;
    private final Tensor x;
    private final Tensor weight;
    private final Window2d window;
    private final int outputH;
    private final int outputW;
    private final int strideH;
    private final int strideW;
    private final int height;
    private final int width;

    ConvolutionTaps(Window2d window, int groups, Tensor x, Tensor weight) {
        this.window = window;
        this.groups = groups;
        this.x = x;
        this.weight = weight;
        outputH = window.outputHeight(x.dim(2));
        outputW = window.outputWidth(x.dim(3));
        // A window of one position does not move; its stride may be far larger than the input.
        strideH = outputH == 1 ? 1 : window.strideH();
        strideW = outputW == 1 ? 1 : window.strideW();
        int right = (int) ((window.reachW() - 1) / strideW);
        width = outputW + right;
        // One more, since the last row's range runs on to where its rightmost tap begins.
        height = outputH + (int) ((window.reachH() - 1) / strideH) + (right > 0 ? 1 : 0);
    }

    /** [N, O, outputH, outputW]. */
    Tensor convolve() {
        int n = x.dim(0);
        int filters = weight.dim(0);
        int taps = window.kernelH() * window.kernelW();
        Tensor rows = Windows.scoped(this::rows);
        Tensor matrices = weight.reshape(groups, filters / groups, weight.dim(1), taps).permute(3, 0, 2, 1);
        Tensor sum = Windows.sum(0, taps, tap -> multiply(read(rows, tap), matrices.select(0, tap)));
        return sum.reshape(groups, outputH, width, n, filters / groups).slice(2, 0, outputW).permute(3, 0, 4, 1, 2)
                .reshape(n, filters, outputH, outputW);
    }

    /** A matrix product; of single numbers in each group, which is depthwise convolution, one of elements. */
    private Tensor multiply(Tensor read, Tensor matrix) {
        return matrix.size() == groups ? read.mul(matrix) : read.matmul(matrix);
    }

    /** [strideH, strideW, groups, height · width · N, C/groups]. */
    private Tensor rows() {
        int n = x.dim(0);
        int channels = weight.dim(1);
        Tensor fitted = fit(fit(x, 2, window.paddingH(), height * strideH), 3, window.paddingW(), width * strideW);
        return fitted.reshape(n, groups, channels, height, strideH, width, strideW).permute(4, 6, 1, 3, 5, 0, 2)
                .reshape(strideH, strideW, groups, pixels(height), channels);
    }

    private int pixels(int lines) {
        return Math.multiplyExact(Math.multiplyExact(lines, width), x.dim(0));
    }

    /** Zeros before, and as many elements and zeros behind as make up the length. */
    private static Tensor fit(Tensor x, int axis, int before, int length) {
        int start = Math.min(before, length); // a single window may see nothing but padding
        int used = Math.min(x.dim(axis), length - start);
        return x.slice(axis, 0, used).pad(axis, start, length - start - used, 0);
    }

    /** [groups, outputH · width · N, C/groups], what a tap is multiplied with. */
    private Tensor read(Tensor rows, int tap) {
        int down = tap / window.kernelW() * window.dilationH();
        int right = tap % window.kernelW() * window.dilationW();
        int from = (down / strideH * width + right / strideW) * x.dim(0);
        return rows.select(0, down % strideH).select(0, right % strideW).slice(1, from, from + pixels(outputH));
    }
}
