package dev.jacobian.testing;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Fused operations that layers alone reach, called here as functions of all their inputs: the kernels by their contracts,
 * beside their definitions. Needs what the module exports only.
 */
final class KernelOps {
    private KernelOps() {}

    /** Batch normalisation of x by weight and bias, without running statistics. */
    record BatchNorm(double epsilon, Activation activation) implements FusedOp<BatchNormKernel> {
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
            Tensor deviation = x.sub(x.mean(axes, true));
            Tensor variance = deviation.square().mean(axes, true);
            Tensor y = deviation.mul(variance.add(epsilon).rsqrt()).mul(inputs[1].reshape(channels))
                    .add(inputs[2].reshape(channels));
            return activation == Activation.RELU ? y.relu() : y;
        }

        @Override
        public Tensor forward(BatchNormKernel kernel, OpContext context, Tensor... inputs) {
            Tensor x = context.save(inputs[0].contiguous());
            Tensor weight = context.save(inputs[1]);
            Tensor mean = context.save(Tensor.empty(x.device(), x.dtype(), Shape.of(x.dim(1))));
            Tensor variance = context.save(mean.emptyLike());
            Tensor y = x.emptyLike();
            kernel.batchNorm(x.view(), weight.view(), inputs[2].view(), epsilon, activation, mean.view(),
                    variance.view(), y.view());
            return context.save(y);
        }

        @Override
        public List<Tensor> backward(BatchNormKernel kernel, OpContext context, Tensor dy) {
            Tensor x = context.saved(0);
            Tensor weight = context.saved(1);
            Tensor dx = x.emptyLike();
            Tensor dweight = weight.emptyLike();
            Tensor dbias = weight.emptyLike();
            kernel.batchNormBackward(x.view(), weight.view(), context.saved(2).view(), context.saved(3).view(), epsilon,
                    activation, activation == Activation.NONE ? null : context.saved(4).view(), dy.view(), dx.view(),
                    dweight.view(), dbias.view());
            return List.of(dx, dweight, dbias);
        }
    }

    /** Dropout of x at a step, a tensor of one int32. */
    record Dropout(double p, long seed, long stream) implements FusedOp<DropoutKernel> {
        @Override
        public Class<DropoutKernel> kernel() {
            return DropoutKernel.class;
        }

        @Override
        public Tensor decompose(Tensor... inputs) {
            Tensor x = inputs[0];
            Tensor uniform = x.emptyLike();
            x.device().backend().random(Distribution.UNIFORM, new RandomKey(seed, stream, inputs[1].view()),
                    uniform.view());
            return Tensor.where(uniform.ge((float) p), x.div(1 - (float) p), x.detach().zerosLike());
        }

        @Override
        public Tensor forward(DropoutKernel kernel, OpContext context, Tensor... inputs) {
            Tensor y = inputs[0].emptyLike();
            kernel.dropout(inputs[0].view(), p, new RandomKey(seed, stream, context.save(inputs[1]).view()), y.view());
            return y;
        }

        @Override
        public List<Tensor> backward(DropoutKernel kernel, OpContext context, Tensor dy) {
            Tensor dx = dy.emptyLike();
            kernel.dropout(dy.view(), p, new RandomKey(seed, stream, context.saved(0).view()), dx.view());
            return Arrays.asList(dx, null);
        }
    }
}
