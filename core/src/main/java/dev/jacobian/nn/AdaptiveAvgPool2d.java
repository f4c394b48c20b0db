package dev.jacobian.nn;

import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;

/**
 * Means over windows that cover each plane, [N, C, H, W] to [N, C, outputH, outputW], whatever H and W are; with 1 by 1,
 * the mean of each plane. Row i of the output is the mean of the input's rows ⌊i · H / outputH⌋ up to, but without, ⌈(i +
 * 1) · H / outputH⌉, likewise for columns, as in PyTorch.
 */
public final class AdaptiveAvgPool2d extends Layer {
    private final int outputH;
    private final int outputW;

    /**
     * A square output.
     *
     * @param output its height and width, at least 1
     */
    public AdaptiveAvgPool2d(int output) {
        this(output, output);
    }

    /**
     * A rectangular output.
     *
     * @param outputH its height, at least 1
     * @param outputW its width, at least 1
     */
    public AdaptiveAvgPool2d(int outputH, int outputW) {
        if (outputH < 1 || outputW < 1) {
            throw new IllegalArgumentException("adaptive average pool: output [" + outputH + ", " + outputW
                    + "], expected at least 1 each");
        }
        this.outputH = outputH;
        this.outputW = outputW;
    }

    @Override
    protected Tensor forward(Tensor x) {
        if (x.rank() != 4 || x.dim(2) == 0 || x.dim(3) == 0) {
            throw new IllegalArgumentException("adaptive average pool: shape " + x.shape()
                    + ", expected [N, C, H, W] with planes of at least one element");
        }
        if (outputH == 1 && outputW == 1) {
            return x.mean(new int[] {2, 3}, true);
        }
        int kernelH = x.dim(2) / outputH;
        int kernelW = x.dim(3) / outputW;
        if (kernelH * outputH == x.dim(2) && kernelW * outputW == x.dim(3)) {
            return x.avgPool2d(Window2d.of(kernelH, kernelW).stride(kernelH, kernelW), true);
        }
        return means(means(x, 2, outputH), 3, outputW);
    }

    /** The means of ranges that cover an axis, and overlap where its length is no multiple of theirs. */
    private static Tensor means(Tensor x, int axis, int count) {
        long length = x.dim(axis);
        Tensor[] parts = new Tensor[count];
        for (int i = 0; i < count; i++) {
            int from = (int) (i * length / count);
            int to = (int) Math.ceilDiv((i + 1) * length, count);
            parts[i] = x.slice(axis, from, to).mean(axis, true);
        }
        return Tensor.concat(axis, parts);
    }

    @Override
    protected String describe() {
        return "output_size=(" + outputH + ", " + outputW + ")";
    }
}
