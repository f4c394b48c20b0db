package dev.jacobian.nn;

import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.Locale;
import java.util.Objects;

/**
 * One-dimensional convolution (cross-correlation, as in all networks) from [N, inChannels, L] to [N, outChannels, ⌊(L + 2
 * padding − dilation · (kernel − 1) − 1) / stride⌋ + 1]. Weight [out, in/groups, kernel] and bias [out] are drawn from
 * U(−1/√n, 1/√n) with n = in/groups · kernel, as PyTorch does:
 *
 * <pre>{@code
 * new Conv1d(1, 32, 9).padding(Padding.SAME).dilation(2)
 * }</pre>
 */
public final class Conv1d extends Layer {
    private final int inChannels;
    private final int outChannels;
    private final int kernel;
    private final int groups;
    private final Param weight;
    private final Param bias;
    private int stride = 1;
    private int padding;
    private int dilation = 1;
    /** Null where the padding is a number. */
    private Padding mode;

    /**
     * With bias.
     *
     * @param inChannels the channels of the input, at least 1
     * @param outChannels the channels of the output, at least 1
     * @param kernel the kernel's length, at least 1
     */
    public Conv1d(int inChannels, int outChannels, int kernel) {
        this(inChannels, outChannels, kernel, 1, true);
    }

    /**
     * With all that shapes the parameters.
     *
     * @param inChannels the channels of the input, at least 1
     * @param outChannels the channels of the output, at least 1
     * @param kernel the kernel's length, at least 1
     * @param groups how many groups channels form, each convolved on its own; a divisor of both numbers of channels
     * @param bias whether there is a bias
     */
    public Conv1d(int inChannels, int outChannels, int kernel, int groups, boolean bias) {
        Conv2d.checkChannels("conv1d", inChannels, outChannels, groups);
        this.inChannels = inChannels;
        this.outChannels = outChannels;
        this.kernel = atLeast(1, "kernel", kernel);
        this.groups = groups;
        int channels = inChannels / groups;
        double bound = 1 / Math.sqrt((double) channels * kernel);
        weight = parameter("weight", Initializer.kaimingUniform(Math.sqrt(5)), outChannels, channels, kernel);
        this.bias = bias ? parameter("bias", Initializer.uniform(-bound, bound), outChannels) : null;
    }

    private static int atLeast(int least, String what, int value) {
        if (value < least) {
            throw new IllegalArgumentException("conv1d: " + what + " " + value + ", expected at least " + least);
        }
        return value;
    }

    /**
     * Sets how far the kernel moves, 1 at first.
     *
     * @param stride at least 1
     * @return this
     */
    public Conv1d stride(int stride) {
        this.stride = atLeast(1, "stride", stride);
        return this;
    }

    /**
     * Sets how many zeros stand at both ends of the input, 0 at first.
     *
     * @param padding at each end, at least 0
     * @return this
     */
    public Conv1d padding(int padding) {
        this.padding = atLeast(0, "padding", padding);
        mode = null;
        return this;
    }

    /**
     * Sets how many zeros stand at the ends of the input by what becomes of its length, whatever the kernel and its
     * dilation are, also when that is set later.
     *
     * @param padding the mode; SAME wants a stride of 1 when the layer is called
     * @return this
     */
    public Conv1d padding(Padding padding) {
        mode = Objects.requireNonNull(padding, "padding");
        return this;
    }

    /**
     * Sets the distance between the kernel's elements, 1 at first.
     *
     * @param dilation at least 1
     * @return this
     */
    public Conv1d dilation(int dilation) {
        this.dilation = atLeast(1, "dilation", dilation);
        return this;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return mode == null
                ? x.conv1d(weight, bias, stride, padding, dilation, groups)
                : x.conv1d(weight, bias, stride, mode, dilation, groups);
    }

    /**
     * The weight.
     *
     * @return of shape [outChannels, inChannels/groups, kernel]
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
        String all = inChannels + ", " + outChannels + ", kernel_size=(" + kernel + ",), stride=(" + stride + ",)";
        if (mode != null) {
            all += ", padding=" + mode.name().toLowerCase(Locale.ROOT);
        } else if (padding != 0) {
            all += ", padding=(" + padding + ",)";
        }
        return all + (dilation == 1 ? "" : ", dilation=(" + dilation + ",)") + (groups == 1 ? "" : ", groups=" + groups)
                + (bias == null ? ", bias=false" : "");
    }
}
