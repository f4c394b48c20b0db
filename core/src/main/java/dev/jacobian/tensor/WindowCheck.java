package dev.jacobian.tensor;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;
import java.util.Arrays;

/** What convolutions, poolings and layer normalisation ask of their arguments; see {@link Check}. */
final class WindowCheck {
    private WindowCheck() {}

    static void conv2d(Tensor x, Tensor weight, Tensor bias, Window2d window, int groups) {
        planes("conv2d", x);
        filters("conv2d", weight, 4, "height, width");
        if (weight.dim(2) != window.kernelH() || weight.dim(3) != window.kernelW()) {
            throw new IllegalArgumentException("conv2d: weight of shape " + weight.shape()
                    + ", expected a kernel of [" + window.kernelH() + ", " + window.kernelW() + "] as the window has");
        }
        channels("conv2d", x, weight, bias, groups);
        fits("conv2d", x, window);
    }

    /** The window of a kernel that moves over a row. */
    static Window2d row(Tensor weight, int stride, int padding, int dilation) {
        filters("conv1d", weight, 3, "length");
        atLeast(1, "stride", stride);
        atLeast(0, "padding", padding);
        atLeast(1, "dilation", dilation);
        return new Window2d(1, weight.dim(2), 1, stride, 0, padding, 1, dilation);
    }

    private static void atLeast(int least, String what, int value) {
        if (value < least) {
            throw new IllegalArgumentException("conv1d: " + what + " " + value + ", expected at least " + least);
        }
    }

    static void conv1d(Tensor x, Tensor weight, Tensor bias, Window2d window, int groups) {
        rows("conv1d", x);
        channels("conv1d", x, weight, bias, groups);
        int length = Check.length("conv1d", x.dim(2) + 2L * window.paddingW());
        if (window.reachW() > length) {
            throw new IllegalArgumentException("conv1d: the kernel reaches over " + window.reachW()
                    + ", expected at most the padded input's " + length + " (input " + x.shape()
                    + "); pad more, or take a smaller kernel or dilation");
        }
    }

    /** What the modes of padding ask for before they can pad. */
    static void conv1d(Tensor x, Padding padding, int stride) {
        rows("conv1d", x);
        same("conv1d", padding, stride == 1, Integer.toString(stride));
    }

    /** What the modes of padding ask for before they can pad. */
    static void conv2d(Tensor x, Padding padding, Window2d window) {
        planes("conv2d", x);
        same("conv2d", padding, window.strideH() == 1 && window.strideW() == 1,
                "[" + window.strideH() + ", " + window.strideW() + "]");
    }

    private static void same(String operation, Padding padding, boolean byOne, String stride) {
        if (padding == Padding.SAME && !byOne) {
            throw new IllegalArgumentException(operation + ": stride " + stride + " with padding SAME, expected 1;"
                    + " a stride shortens the output, so give the padding as a number");
        }
    }

    private static void filters(String operation, Tensor weight, int rank, String kernel) {
        if (weight.rank() != rank || weight.size() == 0) {
            throw new IllegalArgumentException(operation + ": weight of shape " + weight.shape()
                    + ", expected [filters, channels / groups, " + kernel + "], at least 1 each");
        }
    }

    private static void channels(String operation, Tensor x, Tensor weight, Tensor bias, int groups) {
        String of = " (weight " + weight.shape() + ", groups " + groups + ")";
        if (groups < 1 || weight.dim(0) % groups != 0) {
            throw new IllegalArgumentException(operation + ": groups " + groups + ", expected a divisor of the "
                    + weight.dim(0) + " output channels and of the input channels");
        }
        if (x.dim(1) != (long) weight.dim(1) * groups) {
            throw new IllegalArgumentException(operation + ": got " + x.dim(1) + " input channels, expected "
                    + (long) weight.dim(1) * groups + of);
        }
        if (bias != null && !bias.shape().equals(Shape.of(weight.dim(0)))) {
            throw new IllegalArgumentException(
                    operation + ": bias of shape " + bias.shape() + ", expected [" + weight.dim(0) + "]" + of);
        }
        sameType(operation + ": input", x, weight);
        if (bias != null) {
            sameType(operation + ": bias", bias, weight);
        }
    }

    private static void sameType(String what, Tensor x, Tensor weight) {
        if (x.dtype() != weight.dtype()) {
            throw new IllegalArgumentException(what + " of type " + x.dtype() + ", expected the weight's "
                    + weight.dtype() + "; convert with to(DType)");
        }
    }

    private static void planes(String operation, Tensor x) {
        axes(operation, x, 4, "[N, C, H, W]");
    }

    private static void rows(String operation, Tensor x) {
        axes(operation, x, 3, "[N, C, L]");
    }

    private static void axes(String operation, Tensor x, int rank, String expected) {
        Check.floating(operation, x);
        if (x.rank() != rank) {
            throw new IllegalArgumentException(operation + ": shape " + x.shape() + ", expected " + expected
                    + "; add what is missing with unsqueeze or reshape");
        }
        if (x.dim(1) == 0 || x.dim(2) == 0 || x.dim(-1) == 0) {
            throw new IllegalArgumentException(
                    operation + ": shape " + x.shape() + ", expected lengths of at least 1 behind the first");
        }
    }

    private static void fits(String operation, Tensor x, Window2d window) {
        int height = Check.length(operation, x.dim(2) + 2L * window.paddingH());
        int width = Check.length(operation, x.dim(3) + 2L * window.paddingW());
        if (window.reachH() > height || window.reachW() > width) {
            throw new IllegalArgumentException(operation + ": the window reaches over [" + window.reachH() + ", "
                    + window.reachW() + "], expected at most the padded input's [" + height + ", " + width
                    + "] (input " + x.shape() + "); pad more, or take a smaller kernel or dilation");
        }
    }

    static void pool(String operation, Tensor x, Window2d window) {
        planes(operation, x);
        if (window.paddingH() > window.kernelH() / 2 || window.paddingW() > window.kernelW() / 2) {
            throw new IllegalArgumentException(operation + ": padding [" + window.paddingH() + ", " + window.paddingW()
                    + "], expected at most half of the kernel [" + window.kernelH() + ", " + window.kernelW() + "]");
        }
        fits(operation, x, window);
        seesInput(operation, x.dim(2), window.kernelH(), window.strideH(), window.paddingH(), window.dilationH(),
                window.outputHeight(x.dim(2)));
        seesInput(operation, x.dim(3), window.kernelW(), window.strideW(), window.paddingW(), window.dilationW(),
                window.outputWidth(x.dim(3)));
    }

    /** A dilated window can step over a short input: its elements are in the padding on both sides. */
    private static void seesInput(String operation, int length, int kernel, int stride, int padding, int dilation,
            int positions) {
        for (int i = 0; i < positions && dilation > 1; i++) {
            long first = (long) i * stride - padding;
            long skipped = first < 0 ? (-first + dilation - 1) / dilation : 0;
            if (skipped >= kernel || first + skipped * dilation >= length) {
                throw new IllegalArgumentException(operation + ": with dilation " + dilation + " and padding " + padding
                        + ", a window lies in the padding alone, expected at least one of the input's " + length
                        + " elements in it; dilate or pad less");
            }
        }
    }

    static void avgPool2d(Tensor x, Window2d window) {
        if (window.dilationH() != 1 || window.dilationW() != 1) {
            throw new IllegalArgumentException("average pool: dilation [" + window.dilationH() + ", "
                    + window.dilationW() + "], expected 1 each");
        }
        pool("average pool", x, window);
    }

    static void layerNorm(Tensor x, int[] normalized, Tensor weight, Tensor bias) {
        Check.floating("layer norm", x);
        Shape last = Shape.of(normalized);
        int axes = last.rank();
        if (axes == 0 || last.size() == 0) {
            throw new IllegalArgumentException(
                    "layer norm: normalized shape " + last + ", expected at least one length, of at least 1 each");
        }
        int[] dims = x.shape().toArray();
        if (x.rank() < axes || !Arrays.equals(dims, dims.length - axes, dims.length, normalized, 0, axes)) {
            throw new IllegalArgumentException("layer norm: shape " + x.shape() + ", expected its last axes to be "
                    + last);
        }
        if ((weight == null) != (bias == null)) {
            throw new IllegalArgumentException("layer norm: only one of weight and bias, expected both or neither");
        }
        if (weight == null) {
            return;
        }
        if (!weight.shape().equals(last) || !bias.shape().equals(last)) {
            throw new IllegalArgumentException("layer norm: weight of shape " + weight.shape() + " and bias of shape "
                    + bias.shape() + ", expected " + last + " each");
        }
        sameType("layer norm: input", x, weight);
        sameType("layer norm: bias", bias, weight);
    }

    static void embedding(Tensor index, Tensor weight, int paddingIndex) {
        Check.dtype("embedding: index", index, DType.INT32);
        Check.rank("embedding: weight", weight, 2);
        if (paddingIndex < -1 || paddingIndex >= weight.dim(0)) {
            throw new IllegalArgumentException("embedding: padding index " + paddingIndex + ", expected 0.."
                    + (weight.dim(0) - 1) + ", or -1 for none");
        }
    }
}
