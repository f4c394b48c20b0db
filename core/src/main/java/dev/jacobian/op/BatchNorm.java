package dev.jacobian.op;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Batch normalisation in training mode of x [N, C, …] with weight and bias [C] (Ioffe and Szegedy, 2015), and the
 * activation that follows. The backward rule stands at {@link BatchNormKernel#batchNormBackward}. Moves the running
 * statistics, where there are any, towards the batch's as PyTorch does: running = (1 − momentum) · running + momentum ·
 * batch, with the unbiased variance.
 *
 * @param epsilon added to the variance
 * @param momentum how far the running statistics move
 * @param runningMean [C]; null for none
 * @param runningVar [C]; null for none
 * @param activation {@link Activation#NONE} or {@link Activation#RELU}
 */
public record BatchNorm(double epsilon, double momentum, Param runningMean, Param runningVar, Activation activation)
        implements
            FusedOp<BatchNormKernel> {
    @Override
    public Class<BatchNormKernel> kernel() {
        return BatchNormKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor x = inputs[0];
        int[] axes = IntStream.range(0, x.rank()).filter(axis -> axis != 1).toArray();
        int[] channels = new int[x.rank()];
        Arrays.fill(channels, 1);
        channels[1] = x.dim(1);
        Tensor mean = x.mean(axes, true);
        Tensor variance = x.sub(mean).square().mean(axes, true);
        updateRunning(x.size() / x.dim(1), mean.detach(), variance.detach());
        Tensor normal = x.sub(mean).mul(variance.add(epsilon).rsqrt());
        Tensor y = normal.mul(inputs[1].reshape(channels)).add(inputs[2].reshape(channels));
        return activation == Activation.RELU ? y.relu() : y;
    }

    private void updateRunning(long n, Tensor mean, Tensor variance) {
        if (runningMean == null) {
            return;
        }
        try (var _ = Autograd.noGrad()) {
            Tensor unbiased = variance.mul((double) n / (n - 1));
            runningMean.set(runningMean.mul(1 - momentum).add(mean.reshape(runningMean.shape()).mul(momentum)));
            runningVar.set(runningVar.mul(1 - momentum).add(unbiased.reshape(runningVar.shape()).mul(momentum)));
        }
    }

    @Override
    public Tensor forward(BatchNormKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = inputs[0].contiguous();
        Tensor weight = context.save(inputs[1]);
        Tensor mean = Tensor.empty(x.device(), x.dtype(), Shape.of(x.dim(1)));
        Tensor variance = mean.emptyLike();
        Tensor y = x.emptyLike();
        kernel.batchNorm(x.view(), weight.view(), inputs[2].view(), epsilon, activation, mean.view(), variance.view(),
                y.view());
        updateRunning(x.size() / x.dim(1), mean, variance);
        context.save(x);
        context.save(mean);
        context.save(variance);
        return activation == Activation.NONE ? y : context.save(y);
    }

    @Override
    public List<Tensor> backward(BatchNormKernel kernel, OpContext context, Tensor dy) {
        Tensor weight = context.saved(0);
        Tensor x = context.saved(1);
        Tensor dx = context.newGradient(0);
        Tensor dweight = context.newGradient(1);
        Tensor dbias = context.newGradient(2);
        kernel.batchNormBackward(x.view(), weight.view(), context.saved(2).view(), context.saved(3).view(), epsilon,
                activation, activation == Activation.NONE ? null : context.saved(4).view(), dy.view(), dx.view(),
                dweight.view(), dbias.view());
        return List.of(dx, dweight, dbias);
    }

    @Override
    public String name() {
        return activation == Activation.NONE ? "batch norm" : "batch norm with relu";
    }
}
