package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/**
 * Batch normalisation of [N, C], [N, C, L], [N, C, H, W], … per channel (Ioffe and Szegedy, 2015):
 * y = weight · (x − mean) / √(variance + eps) + bias, with weight and bias [C] that start at one and zero.
 *
 * <p>In training, mean and variance are the batch's, and the running ones move towards them: running = (1 − momentum) ·
 * running + momentum · batch, with the unbiased variance. In evaluation they are the running ones. The state has
 * PyTorch's names: {@code weight}, {@code bias}, {@code running_mean}, {@code running_var}, {@code num_batches_tracked}
 * (int32 here, int64 in files).
 */
public final class BatchNorm extends Layer {
    private final int features;
    private final double eps;
    private final double momentum;
    private final Param weight;
    private final Param bias;
    private final Param runningMean;
    private final Param runningVar;
    private final Param batches;

    /**
     * With eps 1e-5 and momentum 0.1.
     *
     * @param features the number of channels C, at least 1
     */
    public BatchNorm(int features) {
        this(features, 1e-5, 0.1);
    }

    /**
     * With numbers of one's own.
     *
     * @param features the number of channels C, at least 1
     * @param eps added to the variance, at least 0
     * @param momentum how far the running statistics move at a step, in 0..1
     */
    public BatchNorm(int features, double eps, double momentum) {
        if (features < 1 || !(eps >= 0) || !(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("batch norm: features " + features + ", eps " + eps + ", momentum "
                    + momentum + ", expected at least 1, at least 0, and 0..1");
        }
        this.features = features;
        this.eps = eps;
        this.momentum = momentum;
        weight = parameter("weight", Initializer.ones(), features);
        bias = parameter("bias", Initializer.zeros(), features);
        runningMean = buffer("running_mean", Tensor.zeros(features));
        runningVar = buffer("running_var", Tensor.ones(features));
        batches = buffer("num_batches_tracked", Tensor.full(Device.current(), DType.INT32, Shape.SCALAR, 0));
    }

    @Override
    protected Tensor forward(Tensor x) {
        if (isTraining()) {
            return forward(x, Activation.NONE);
        }
        check(x);
        return evaluate(x);
    }

    @Override
    boolean fuses(Activation activation, Tensor x) {
        return isTraining() && activation == Activation.RELU && Autograd.isFused(op(activation), x, weight, bias);
    }

    @Override
    Tensor forward(Tensor x, Activation activation) {
        check(x);
        if (x.size() <= features) {
            throw new IllegalArgumentException("batch norm: shape " + x.shape() + " has " + x.size() / features
                    + " values for each channel, expected at least 2 in training; use larger batches, or eval()");
        }
        try (var _ = Autograd.noGrad()) {
            batches.set(batches.add(1));
        }
        return Autograd.apply(op(activation), x, weight, bias);
    }

    private dev.jacobian.op.BatchNorm op(Activation activation) {
        return new dev.jacobian.op.BatchNorm(eps, momentum, runningMean, runningVar, activation);
    }

    private void check(Tensor x) {
        if (x.rank() < 2 || x.dim(1) != features) {
            throw new IllegalArgumentException(
                    "batch norm: shape " + x.shape() + ", expected [N, " + features + "] or [N, " + features
                            + ", ...]");
        }
        if (x.dtype() != weight.dtype()) {
            throw new IllegalArgumentException("batch norm: type " + x.dtype() + ", expected the weight's "
                    + weight.dtype() + "; convert with to(DType)");
        }
    }

    private Tensor evaluate(Tensor x) {
        int[] channels = new int[x.rank()];
        Arrays.fill(channels, 1);
        channels[1] = features;
        Tensor scale = weight.mul(runningVar.add(eps).rsqrt());
        Tensor shift = bias.sub(runningMean.mul(scale));
        return x.mul(scale.reshape(channels)).add(shift.reshape(channels));
    }

    @Override
    protected String describe() {
        return features + ", eps=" + eps + ", momentum=" + momentum;
    }
}
