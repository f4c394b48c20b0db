package dev.jacobian.cpu;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.AttentionKernel;
import dev.jacobian.backend.AvgPool2dKernel;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.GeluKernel;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.LayerNormKernel;
import dev.jacobian.backend.LinearKernel;
import dev.jacobian.backend.LogSoftmaxKernel;
import dev.jacobian.backend.MaxPool2dKernel;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.backend.SoftmaxKernel;
import dev.jacobian.backend.SoftmaxMarginKernel;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.cpu.conv.Convolution;
import dev.jacobian.cpu.gemm.Gemm;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;

/** The processor as a device. Every call has run when it returns; the work is in one class for each family. */
final class CpuBackend
        implements
            Backend,
            SoftmaxKernel,
            LogSoftmaxKernel,
            CrossEntropyKernel,
            SoftmaxMarginKernel,
            BatchNormKernel,
            AttentionKernel,
            Conv2dKernel,
            LayerNormKernel,
            LinearKernel,
            BiasActivationKernel,
            GeluKernel,
            DropoutKernel,
            MaxPool2dKernel,
            AvgPool2dKernel,
            SgdKernel,
            AdamKernel {
    private final String description;
    private final CpuCopy copy;
    private final CpuElementwise elementwise;
    private final CpuReduce reduce;
    private final CpuMatmul matmul;
    private final CpuGather gather;
    private final CpuRandom random;
    private final CpuSoftmax softmax;
    private final CpuCrossEntropy crossEntropy;
    private final CpuSoftmaxMargin softmaxMargin;
    private final CpuBatchNorm batchNorm;
    private final CpuAttention attention;
    private final CpuConv2d conv2d;
    private final CpuGelu gelu;
    private final CpuLayerNorm layerNorm;
    private final CpuBiasActivation biasActivation;
    private final CpuOptimizers optimizers;
    private final CpuMaxPool2d maxPool;
    private final CpuAvgPool2d avgPool;

    CpuBackend(Parallel team, RowKernels rows) {
        int threads = team.threads();
        description = "cpu (" + threads + (threads == 1 ? " thread, " : " threads, ") + rows.description() + ")";
        copy = new CpuCopy(team);
        elementwise = new CpuElementwise(team, rows.elements());
        reduce = new CpuReduce(team, rows.reductions());
        matmul = new CpuMatmul(team, new Gemm(GemmKernels.best()));
        gather = new CpuGather(team, rows.elements());
        random = new CpuRandom(team, rows.update(), copy);
        softmax = new CpuSoftmax(team, rows.softmax(), copy);
        crossEntropy = new CpuCrossEntropy(team, rows.softmax(), rows.reductions());
        softmaxMargin = new CpuSoftmaxMargin(team, rows.softmax(), rows.margin(), copy);
        attention = new CpuAttention(team, GemmKernels.best(), rows.attention());
        conv2d = new CpuConv2d(team, copy,
                new Convolution(GemmKernels.bestTaps(), GemmKernels.best(), GemmKernels.bestWinograd()));
        batchNorm = new CpuBatchNorm(team, rows.reductions(), rows.norm(), copy);
        gelu = new CpuGelu(team, rows.gelu());
        layerNorm = new CpuLayerNorm(team, rows.layerNorm(), rows.biasActivation(), copy);
        biasActivation = new CpuBiasActivation(team, rows.biasActivation(), rows.elements(), copy);
        optimizers = new CpuOptimizers(team, rows.update());
        maxPool = new CpuMaxPool2d(team, rows.pooling());
        avgPool = new CpuAvgPool2d(team, rows.pooling(), rows.reductions(), rows.elements());
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public boolean supports(DType dtype) {
        return true;
    }

    @Override
    public DeviceBuffer allocate(long bytes) {
        return HostBuffer.allocate(bytes);
    }

    @Override
    public void free(DeviceBuffer buffer) {
        ((HostBuffer) buffer).free();
    }

    @Override
    public void upload(MemorySegment source, DeviceBuffer target, long targetOffset) {
        MemorySegment.copy(source, 0, ((HostBuffer) target).segment(), targetOffset, source.byteSize());
    }

    @Override
    public void download(DeviceBuffer source, long sourceOffset, MemorySegment target) {
        MemorySegment.copy(((HostBuffer) source).segment(), sourceOffset, target, 0, target.byteSize());
    }

    @Override
    public void synchronize() {
        // Nothing is ever left running.
    }

    @Override
    public void fill(double value, View out) {
        copy.fill(value, out);
        keep(out);
    }

    @Override
    public void copy(View x, View out) {
        copy.copy(x, out);
        keep(x, out);
    }

    @Override
    public void unary(UnaryOp op, View x, View out) {
        elementwise.unary(op, x, out);
        keep(x, out);
    }

    @Override
    public void binary(BinaryOp op, View a, View b, View out) {
        elementwise.binary(op, a, b, out);
        keep(a, b, out);
    }

    @Override
    public void binary(BinaryOp op, View a, double b, View out) {
        elementwise.binary(op, a, b, out);
        keep(a, out);
    }

    @Override
    public void compare(CompareOp op, View a, View b, View out) {
        elementwise.compare(op, a, b, out);
        keep(a, b, out);
    }

    @Override
    public void where(View condition, View a, View b, View out) {
        elementwise.where(condition, a, b, out);
        keep(condition, a, b, out);
    }

    @Override
    public void reduce(ReduceOp op, View x, View out) {
        reduce.reduce(op, x, out);
        keep(x, out);
    }

    @Override
    public void argReduce(ReduceOp op, View x, int axis, View out) {
        reduce.argReduce(op, x, axis, out);
        keep(x, out);
    }

    @Override
    public void matmul(View a, View b, View out, boolean accumulate) {
        matmul.matmul(a, b, out, accumulate);
        keep(a, b, out);
    }

    @Override
    public void linear(View x, View weight, View bias, View y) {
        matmul.linear(x, weight, bias, y);
        keep(x, weight, bias, y);
    }

    @Override
    public void gather(View x, int axis, View index, View out) {
        gather.gather(x, axis, index, out);
        keep(x, index, out);
    }

    @Override
    public void scatterAdd(View x, int axis, View index, View out) {
        gather.scatterAdd(x, axis, index, out);
        keep(x, index, out);
    }

    @Override
    public void random(Distribution distribution, RandomKey key, View out) {
        random.random(distribution, key, out);
        keep(key.step(), out);
    }

    @Override
    public void dropout(View x, double p, RandomKey key, View y) {
        random.dropout(x, p, key, y);
        keep(x, key.step(), y);
    }

    @Override
    public void softmax(View x, int axis, View y) {
        softmax.forward(false, x, axis, y);
        keep(x, y);
    }

    @Override
    public void softmaxBackward(View y, View dy, int axis, View dx) {
        softmax.backward(false, y, dy, axis, dx);
        keep(y, dy, dx);
    }

    @Override
    public void logSoftmax(View x, int axis, View y) {
        softmax.forward(true, x, axis, y);
        keep(x, y);
    }

    @Override
    public void logSoftmaxBackward(View y, View dy, int axis, View dx) {
        softmax.backward(true, y, dy, axis, dx);
        keep(y, dy, dx);
    }

    @Override
    public void crossEntropy(
            View logits, View target, int ignoreIndex, double labelSmoothing, View logSumExp, View loss) {
        crossEntropy.forward(logits, target, ignoreIndex, labelSmoothing, logSumExp, loss);
        keep(logits, target, logSumExp, loss);
    }

    @Override
    public void crossEntropyBackward(
            View logits,
            View target,
            int ignoreIndex,
            double labelSmoothing,
            View logSumExp,
            View dloss,
            View dlogits) {
        crossEntropy.backward(logits, target, ignoreIndex, labelSmoothing, logSumExp, dloss, dlogits);
        keep(logits, target, logSumExp, dloss, dlogits);
    }

    @Override
    public void softmaxMargin(View logits, View target, double margin, View probability, View loss) {
        softmaxMargin.forward(logits, target, margin, probability, loss);
        keep(logits, target, probability, loss);
    }

    @Override
    public void softmaxMarginBackward(View probability, View target, double margin, View dloss, View dlogits) {
        softmaxMargin.backward(probability, target, margin, dloss, dlogits);
        keep(probability, target, dloss, dlogits);
    }

    @Override
    public void batchNorm(
            View x,
            View weight,
            View bias,
            double epsilon,
            Activation activation,
            View mean,
            View variance,
            View y) {
        batchNorm.forward(x, weight, bias, epsilon, activation, mean, variance, y);
        keep(x, weight, bias, mean, variance, y);
    }

    @Override
    public void batchNormBackward(
            View x,
            View weight,
            View mean,
            View variance,
            double epsilon,
            Activation activation,
            View y,
            View dy,
            View dx,
            View dweight,
            View dbias) {
        batchNorm.backward(x, weight, mean, variance, epsilon, activation, y, dy, dx, dweight, dbias);
        keep(x, weight, mean, variance, y, dy, dx, dweight, dbias);
    }

    @Override
    public void attention(View q, View k, View v, double scale, boolean causal, View y, View logSumExp) {
        attention.forward(q, k, v, scale, causal, y, logSumExp);
        keep(q, k, v, y, logSumExp);
    }

    @Override
    public void attentionBackward(
            View q,
            View k,
            View v,
            View y,
            View logSumExp,
            View dy,
            double scale,
            boolean causal,
            View dq,
            View dk,
            View dv) {
        attention.backward(q, k, v, y, logSumExp, dy, scale, causal, dq, dk, dv);
        keep(q, k, v, y, logSumExp, dy, dq, dk, dv);
    }

    @Override
    public void conv2d(View x, View weight, View bias, Window2d window, int groups, View y) {
        conv2d.forward(x, weight, bias, window, groups, y);
        keep(x, weight, bias, y);
    }

    @Override
    public void conv2dBackwardInput(View dy, View weight, Window2d window, int groups, View dx) {
        conv2d.backwardInput(dy, weight, window, groups, dx);
        keep(dy, weight, dx);
    }

    @Override
    public void conv2dBackwardWeight(View x, View dy, Window2d window, int groups, View dweight) {
        conv2d.backwardWeight(x, dy, window, groups, dweight);
        keep(x, dy, dweight);
    }

    @Override
    public void maxPool2d(View x, Window2d window, View y, View index) {
        maxPool.forward(x, window, y, index);
        keep(x, y, index);
    }

    @Override
    public void maxPool2dBackward(View dy, View index, Window2d window, View dx) {
        maxPool.backward(dy, index, window, dx);
        keep(dy, index, dx);
    }

    @Override
    public void avgPool2d(View x, Window2d window, boolean countIncludePad, View y) {
        avgPool.forward(x, window, countIncludePad, y);
        keep(x, y);
    }

    @Override
    public void layerNorm(View x, View weight, View bias, double epsilon, View mean, View rstd, View y) {
        layerNorm.forward(x, weight, bias, epsilon, mean, rstd, y);
        keep(x, weight, bias, mean, rstd, y);
    }

    @Override
    public void layerNormBackward(View x, View weight, View mean, View rstd, View dy, View dx, View dweight,
            View dbias) {
        layerNorm.backward(x, weight, mean, rstd, dy, dx, dweight, dbias);
        keep(x, weight, mean, rstd, dy, dx, dweight, dbias);
    }

    @Override
    public void biasActivation(View x, View bias, Activation activation, View y) {
        biasActivation.forward(x, bias, activation, y);
        keep(x, bias, y);
    }

    @Override
    public void biasActivationBackward(View y, View dy, Activation activation, View dx, View dbias) {
        biasActivation.backward(y, dy, activation, dx, dbias);
        keep(y, dy, dx, dbias);
    }

    @Override
    public void gelu(View x, View y) {
        gelu.forward(x, y);
        keep(x, y);
    }

    @Override
    public void avgPool2dBackward(View dy, Window2d window, boolean countIncludePad, View dx) {
        avgPool.backward(dy, window, countIncludePad, dx);
        keep(dy, dx);
    }

    @Override
    public void geluBackward(View x, View dy, View dx) {
        gelu.backward(x, dy, dx);
        keep(x, dy, dx);
    }

    @Override
    public void sgd(
            List<View> parameters,
            List<View> gradients,
            List<View> velocities,
            double momentum,
            double weightDecay,
            boolean nesterov,
            View scalars) {
        optimizers.sgd(parameters, gradients, velocities, momentum, weightDecay, nesterov, scalars);
        keep(parameters, gradients, velocities, scalars);
    }

    @Override
    public void adam(
            List<View> parameters,
            List<View> gradients,
            List<View> m,
            List<View> v,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            boolean decoupled,
            View scalars) {
        optimizers.adam(parameters, gradients, m, v, beta1, beta2, epsilon, weightDecay, decoupled, scalars);
        keep(parameters, gradients, m, v, scalars);
    }

    @SuppressWarnings("ReachabilityFenceUsage") // as below
    private static void keep(Object a, Object b) {
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
    }

    @SuppressWarnings("ReachabilityFenceUsage") // as below
    private static void keep(Object a, Object b, Object c) {
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
        Reference.reachabilityFence(c);
    }

    /** Keeps memory from being given back by a cleaner while a kernel that was given it, as views or lists, still runs. */
    @SuppressWarnings("ReachabilityFenceUsage") // a kernel that failed has ended too
    private static void keep(Object... used) {
        for (Object each : used) {
            Reference.reachabilityFence(each);
        }
    }
}
