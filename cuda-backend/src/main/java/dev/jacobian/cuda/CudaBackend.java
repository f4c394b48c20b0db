package dev.jacobian.cuda;

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
import dev.jacobian.backend.LayerNormKernel;
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
import dev.jacobian.cuda.driver.CudaBuffer;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.CudaDevice;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;

/**
 * One graphics card. Every call puts its work into the device's compute stream and returns; the work is in one class, and
 * one file of kernels, for each family. Memory that is given back is reused by later work of the same stream only, so
 * views need to be kept until their kernel is in the stream, not until it has run.
 */
public final class CudaBackend
        implements
            Backend,
            SoftmaxKernel,
            LogSoftmaxKernel,
            CrossEntropyKernel,
            SoftmaxMarginKernel,
            BatchNormKernel,
            LayerNormKernel,
            BiasActivationKernel,
            GeluKernel,
            AttentionKernel,
            DropoutKernel,
            Conv2dKernel,
            MaxPool2dKernel,
            AvgPool2dKernel,
            SgdKernel,
            AdamKernel {
    /** What is there once the device was opened. */
    private static final class Families {
        private final CudaContext context;
        private final CudaCopy copy;
        private final CudaElementwise elementwise;
        private final CudaReduce reduce;
        private final CudaMatmul matmul;
        private final CudaGather gather;
        private final CudaRandom random;
        private final CudaSoftmax softmax;
        private final CudaCrossEntropy crossEntropy;
        private final CudaSoftmaxMargin softmaxMargin;
        private final CudaBatchNorm batchNorm;
        private final CudaLayerNorm layerNorm;
        private final CudaBiasActivation biasActivation;
        private final CudaGelu gelu;
        private final CudaAttention attention;
        private final CudaConv2d convolution;
        private final CudaPool2d pooling;
        private final CudaOptimizers optimizers;

        Families(CudaContext context) {
            this.context = context;
            copy = new CudaCopy(context);
            elementwise = new CudaElementwise(context);
            reduce = new CudaReduce(context, copy);
            matmul = new CudaMatmul(context, copy);
            gather = new CudaGather(context);
            random = new CudaRandom(context);
            softmax = new CudaSoftmax(context, copy);
            crossEntropy = new CudaCrossEntropy(context);
            softmaxMargin = new CudaSoftmaxMargin(context);
            batchNorm = new CudaBatchNorm(context, copy);
            layerNorm = new CudaLayerNorm(context);
            biasActivation = new CudaBiasActivation(context, copy);
            gelu = new CudaGelu(context);
            attention = new CudaAttention(context);
            convolution = new CudaConv2d(context);
            pooling = new CudaPool2d(context);
            optimizers = new CudaOptimizers(context);
        }
    }

    private static final long MIB = 1 << 20;

    private final CudaDevice device;
    private final String name;
    private volatile Families opened;

    CudaBackend(CudaDevice device) {
        this.device = device;
        this.name = "cuda:" + device.ordinal();
    }

    /** Opens the device at first use: that takes a while and half a gigabyte, which cards that stand by do not pay. */
    private Families on() {
        Families families = opened;
        return families != null ? families : open();
    }

    private synchronized Families open() {
        if (opened == null) {
            try {
                opened = new Families(CudaContext.open(device));
            } catch (OutOfMemoryError full) {
                throw new OutOfDeviceMemoryException(full.getMessage(), full);
            }
        }
        return opened;
    }

    boolean isOpen() {
        return opened != null;
    }

    /**
     * The device itself, for measurements beside this backend's kernels.
     *
     * @return the context
     */
    public CudaContext context() {
        return on().context;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String describe() {
        int capability = device.computeCapability();
        return name + " (" + device.name() + ", compute capability " + capability / 10 + "." + capability % 10 + ", "
                + device.totalBytes() / MIB + " MiB" + (CudaContext.tf32() ? ", products in TF32)" : ")");
    }

    @Override
    public boolean supports(DType dtype) {
        return dtype != DType.FLOAT64;
    }

    @Override
    public DeviceBuffer allocate(long bytes) {
        return on().context.allocate(bytes);
    }

    @Override
    public void reclaimWith(Runnable flush) {
        on().context.reclaimWith(flush);
    }

    @Override
    public void free(DeviceBuffer buffer) {
        on().context.free((CudaBuffer) buffer);
    }

    @Override
    public void upload(MemorySegment source, DeviceBuffer target, long targetOffset) {
        on().context.upload(source, (CudaBuffer) target, targetOffset);
    }

    @Override
    public void download(DeviceBuffer source, long sourceOffset, MemorySegment target) {
        on().context.download((CudaBuffer) source, sourceOffset, target);
    }

    @Override
    public void synchronize() {
        on().context.synchronize();
    }

    @Override
    public void fill(double value, View out) {
        on().copy.fill(value, out);
        keep(out);
    }

    @Override
    public void copy(View x, View out) {
        on().copy.copy(x, out);
        keep(x, out);
    }

    @Override
    public void unary(UnaryOp op, View x, View out) {
        on().elementwise.unary(op, x, out);
        keep(x, out);
    }

    @Override
    public void binary(BinaryOp op, View a, View b, View out) {
        on().elementwise.binary(op, a, b, out);
        keep(a, b, out);
    }

    @Override
    public void binary(BinaryOp op, View a, double b, View out) {
        on().elementwise.binary(op, a, b, out);
        keep(a, out);
    }

    @Override
    public void compare(CompareOp op, View a, View b, View out) {
        on().elementwise.compare(op, a, b, out);
        keep(a, b, out);
    }

    @Override
    public void where(View condition, View a, View b, View out) {
        on().elementwise.where(condition, a, b, out);
        keep(condition, a, b, out);
    }

    @Override
    public void reduce(ReduceOp op, View x, View out) {
        on().reduce.reduce(op, x, out);
        keep(x, out);
    }

    @Override
    public void argReduce(ReduceOp op, View x, int axis, View out) {
        on().reduce.argReduce(op, x, axis, out);
        keep(x, out);
    }

    @Override
    public void matmul(View a, View b, View out, boolean accumulate) {
        on().matmul.matmul(a, b, out, accumulate);
        keep(a, b, out);
    }

    @Override
    public void gather(View x, int axis, View index, View out) {
        on().gather.gather(x, axis, index, out);
        keep(x, index, out);
    }

    @Override
    public void scatterAdd(View x, int axis, View index, View out) {
        on().gather.scatterAdd(x, axis, index, out);
        keep(x, index, out);
    }

    @Override
    public void random(Distribution distribution, RandomKey key, View out) {
        on().random.random(distribution, key, out);
        keep(key.step(), out);
    }

    @Override
    public void dropout(View x, double p, RandomKey key, View y) {
        on().random.dropout(x, p, key, y);
        keep(x, key.step(), y);
    }

    @Override
    public void softmax(View x, int axis, View y) {
        on().softmax.softmax(x, axis, y);
        keep(x, y);
    }

    @Override
    public void softmaxBackward(View y, View dy, int axis, View dx) {
        on().softmax.softmaxBackward(y, dy, axis, dx);
        keep(y, dy, dx);
    }

    @Override
    public void logSoftmax(View x, int axis, View y) {
        on().softmax.logSoftmax(x, axis, y);
        keep(x, y);
    }

    @Override
    public void logSoftmaxBackward(View y, View dy, int axis, View dx) {
        on().softmax.logSoftmaxBackward(y, dy, axis, dx);
        keep(y, dy, dx);
    }

    @Override
    public void crossEntropy(
            View logits, View target, int ignoreIndex, double labelSmoothing, View logSumExp, View loss) {
        on().crossEntropy.crossEntropy(logits, target, ignoreIndex, labelSmoothing, logSumExp, loss);
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
        on().crossEntropy.crossEntropyBackward(logits, target, ignoreIndex, labelSmoothing, logSumExp, dloss, dlogits);
        keep(logits, target, logSumExp, dloss, dlogits);
    }

    @Override
    public void softmaxMargin(View logits, View target, double margin, View probability, View loss) {
        on().softmaxMargin.softmaxMargin(logits, target, margin, probability, loss);
        keep(logits, target, probability, loss);
    }

    @Override
    public void softmaxMarginBackward(View probability, View target, double margin, View dloss, View dlogits) {
        on().softmaxMargin.softmaxMarginBackward(probability, target, margin, dloss, dlogits);
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
        on().batchNorm.batchNorm(x, weight, bias, epsilon, activation, mean, variance, y);
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
        on().batchNorm.batchNormBackward(x, weight, mean, variance, epsilon, activation, y, dy, dx, dweight, dbias);
        keep(x, weight, mean, variance, y, dy, dx, dweight, dbias);
    }

    @Override
    public void layerNorm(View x, View weight, View bias, double epsilon, View mean, View rstd, View y) {
        on().layerNorm.layerNorm(x, weight, bias, epsilon, mean, rstd, y);
        keep(x, weight, bias, mean, rstd, y);
    }

    @Override
    public void layerNormBackward(
            View x, View weight, View mean, View rstd, View dy, View dx, View dweight, View dbias) {
        on().layerNorm.layerNormBackward(x, weight, mean, rstd, dy, dx, dweight, dbias);
        keep(x, weight, mean, rstd, dy, dx, dweight, dbias);
    }

    @Override
    public void gelu(View x, View y) {
        on().gelu.gelu(x, y);
        keep(x, y);
    }

    @Override
    public void geluBackward(View x, View dy, View dx) {
        on().gelu.geluBackward(x, dy, dx);
        keep(x, dy, dx);
    }

    @Override
    public void attention(View q, View k, View v, double scale, boolean causal, View y, View logSumExp) {
        on().attention.attention(q, k, v, scale, causal, y, logSumExp);
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
        on().attention.attentionBackward(q, k, v, y, logSumExp, dy, scale, causal, dq, dk, dv);
        keep(q, k, v, y, logSumExp, dy, dq, dk, dv);
    }

    @Override
    public void biasActivation(View x, View bias, Activation activation, View y) {
        on().biasActivation.biasActivation(x, bias, activation, y);
        keep(x, bias, y);
    }

    @Override
    public void biasActivationBackward(View y, View dy, Activation activation, View dx, View dbias) {
        on().biasActivation.biasActivationBackward(y, dy, activation, dx, dbias);
        keep(y, dy, dx, dbias);
    }

    @Override
    public void conv2d(View x, View weight, View bias, Window2d window, int groups, View y) {
        on().convolution.conv2d(x, weight, bias, window, groups, y);
        keep(x, weight, bias, y);
    }

    @Override
    public void conv2dBackwardInput(View dy, View weight, Window2d window, int groups, View dx) {
        on().convolution.conv2dBackwardInput(dy, weight, window, groups, dx);
        keep(dy, weight, dx);
    }

    @Override
    public void conv2dBackwardWeight(View x, View dy, Window2d window, int groups, View dweight) {
        on().convolution.conv2dBackwardWeight(x, dy, window, groups, dweight);
        keep(x, dy, dweight);
    }

    @Override
    public void maxPool2d(View x, Window2d window, View y, View index) {
        on().pooling.maxPool2d(x, window, y, index);
        keep(x, y, index);
    }

    @Override
    public void maxPool2dBackward(View dy, View index, Window2d window, View dx) {
        on().pooling.maxPool2dBackward(dy, index, window, dx);
        keep(dy, index, dx);
    }

    @Override
    public void avgPool2d(View x, Window2d window, boolean countIncludePad, View y) {
        on().pooling.avgPool2d(x, window, countIncludePad, y);
        keep(x, y);
    }

    @Override
    public void avgPool2dBackward(View dy, Window2d window, boolean countIncludePad, View dx) {
        on().pooling.avgPool2dBackward(dy, window, countIncludePad, dx);
        keep(dy, dx);
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
        on().optimizers.sgd(parameters, gradients, velocities, momentum, weightDecay, nesterov, scalars);
        keepAll(parameters, gradients, velocities);
        keep(scalars);
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
        on().optimizers.adam(parameters, gradients, m, v, beta1, beta2, epsilon, weightDecay, decoupled, scalars);
        keepAll(parameters, gradients, m, v);
        keep(scalars);
    }

    /** Keeps memory from being given back by a cleaner, and to another thread's work, before the kernel is in the stream. */
    @SuppressWarnings("ReachabilityFenceUsage") // a kernel that failed needs nothing any more
    private static void keep(View... views) {
        for (View view : views) {
            Reference.reachabilityFence(view);
        }
    }

    @SafeVarargs
    @SuppressWarnings("ReachabilityFenceUsage")
    private static void keepAll(List<View>... lists) {
        for (List<View> views : lists) {
            Reference.reachabilityFence(views);
        }
    }
}
