package dev.jacobian.nn;

import dev.jacobian.backend.Window2d;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.Locale;
import java.util.Objects;

/**
 * Two-dimensional convolution (cross-correlation, as in all networks) from [N, inChannels, H, W] to [N, outChannels,
 * ⌊(H + 2 padding − dilation · (kernel − 1) − 1) / stride⌋ + 1, likewise for W]. Weight [out, in/groups, kernelH,
 * kernelW] and bias [out] are drawn from U(−1/√n, 1/√n) with n = in/groups · kernelH · kernelW, as PyTorch does:
 *
 * <pre>{@code
 * new Conv2d(1, 32, 3).padding(1).stride(2)
 * }</pre>
 */
public final class Conv2d extends Layer {
    private final int inChannels;
    private final int outChannels;
    private final int groups;
    private final Param weight;
    private final Param bias;
    private Window2d window;
    /** Null where the window has the padding. */
    private Padding mode;

    /**
     * A square kernel, with bias.
     *
     * @param inChannels the channels of the input, at least 1
     * @param outChannels the channels of the output, at least 1
     * @param kernel height and width of the kernel, at least 1
     */
    public Conv2d(int inChannels, int outChannels, int kernel) {
        this(inChannels, outChannels, kernel, kernel);
    }

    /**
     * A rectangular kernel, with bias.
     *
     * @param inChannels the channels of the input, at least 1
     * @param outChannels the channels of the output, at least 1
     * @param kernelH the kernel's height, at least 1
     * @param kernelW the kernel's width, at least 1
     */
    public Conv2d(int inChannels, int outChannels, int kernelH, int kernelW) {
        this(inChannels, outChannels, kernelH, kernelW, 1, true);
    }

    /**
     * With all that shapes the parameters.
     *
     * @param inChannels the channels of the input, at least 1
     * @param outChannels the channels of the output, at least 1
     * @param kernelH the kernel's height, at least 1
     * @param kernelW the kernel's width, at least 1
     * @param groups how many groups channels form, each convolved on its own; a divisor of both numbers of channels
     * @param bias whether there is a bias
     */
    public Conv2d(int inChannels, int outChannels, int kernelH, int kernelW, int groups, boolean bias) {
        checkChannels("conv2d", inChannels, outChannels, groups);
        this.inChannels = inChannels;
        this.outChannels = outChannels;
        this.groups = groups;
        window = Window2d.of(kernelH, kernelW);
        int channels = inChannels / groups;
        double bound = 1 / Math.sqrt((double) channels * kernelH * kernelW);
        weight = parameter("weight", Initializer.kaimingUniform(Math.sqrt(5)), outChannels, channels, kernelH, kernelW);
        this.bias = bias ? parameter("bias", Initializer.uniform(-bound, bound), outChannels) : null;
    }

    static void checkChannels(String operation, int inChannels, int outChannels, int groups) {
        if (inChannels < 1 || outChannels < 1) {
            throw new IllegalArgumentException(operation + ": inChannels " + inChannels + ", outChannels "
                    + outChannels + ", expected at least 1 each");
        }
        if (groups < 1 || inChannels % groups != 0 || outChannels % groups != 0) {
            throw new IllegalArgumentException(operation + ": groups " + groups + ", expected a divisor of inChannels "
                    + inChannels + " and of outChannels " + outChannels);
        }
    }

    /**
     * Sets how far the kernel moves, 1 at first.
     *
     * @param stride in both directions, at least 1
     * @return this
     */
    public Conv2d stride(int stride) {
        return stride(stride, stride);
    }

    /**
     * Sets how far the kernel moves, 1 at first.
     *
     * @param h downwards, at least 1
     * @param w to the right, at least 1
     * @return this
     */
    public Conv2d stride(int h, int w) {
        window = window.stride(h, w);
        return this;
    }

    /**
     * Sets how many zeros surround the input, 0 at first.
     *
     * @param padding on all sides, at least 0
     * @return this
     */
    public Conv2d padding(int padding) {
        return padding(padding, padding);
    }

    /**
     * Sets how many zeros surround the input, 0 at first.
     *
     * @param h rows above and below each, at least 0
     * @param w columns left and right each, at least 0
     * @return this
     */
    public Conv2d padding(int h, int w) {
        window = window.padding(h, w);
        mode = null;
        return this;
    }

    /**
     * Sets how many zeros surround the input by what becomes of its height and width, whatever the kernel and its
     * dilation are, also when that is set later.
     *
     * @param padding the mode; SAME wants strides of 1 when the layer is called
     * @return this
     */
    public Conv2d padding(Padding padding) {
        mode = Objects.requireNonNull(padding, "padding");
        return this;
    }

    /**
     * Sets the distance between the kernel's elements, 1 at first.
     *
     * @param dilation in both directions, at least 1
     * @return this
     */
    public Conv2d dilation(int dilation) {
        return dilation(dilation, dilation);
    }

    /**
     * Sets the distance between the kernel's elements, 1 at first.
     *
     * @param h downwards, at least 1
     * @param w to the right, at least 1
     * @return this
     */
    public Conv2d dilation(int h, int w) {
        window = window.dilation(h, w);
        return this;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return mode == null
                ? x.conv2d(weight, bias, window, groups)
                : x.conv2d(weight, bias, window, mode, groups);
    }

    /**
     * The weight.
     *
     * @return of shape [outChannels, inChannels/groups, kernelH, kernelW]
     */
    public Param weight() {
        return weight;
    }

    /**
     * The bias.
     *
     * @return of shape [outChannels]; null for none
     */
    public Param bias() {
        return bias;
    }

    @Override
    protected String describe() {
        String all = inChannels + ", " + outChannels + ", kernel_size=(" + window.kernelH() + ", " + window.kernelW()
                + "), stride=(" + window.strideH() + ", " + window.strideW() + ")";
        if (mode != null) {
            all += ", padding=" + mode.name().toLowerCase(Locale.ROOT);
        } else if (window.paddingH() != 0 || window.paddingW() != 0) {
            all += ", padding=(" + window.paddingH() + ", " + window.paddingW() + ")";
        }
        if (window.dilationH() != 1 || window.dilationW() != 1) {
            all += ", dilation=(" + window.dilationH() + ", " + window.dilationW() + ")";
        }
        return all + (groups == 1 ? "" : ", groups=" + groups) + (bias == null ? ", bias=false" : "");
    }
}
