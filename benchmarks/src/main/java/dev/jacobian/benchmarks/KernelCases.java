package dev.jacobian.benchmarks;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.AvgPool2dKernel;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.LayerNormKernel;
import dev.jacobian.backend.LogSoftmaxKernel;
import dev.jacobian.backend.MaxPool2dKernel;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.SoftmaxKernel;
import dev.jacobian.backend.SoftmaxMarginKernel;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Every kernel of a backend on tensors larger than any cache, called as core calls it, with the bytes that it cannot
 * avoid: each input once and each output once, unless its formula needs a second pass over more than fits a block.
 */
final class KernelCases {
    private static final int FLOAT = 4;

    private final Device device;
    private final Backend backend;
    private final int rows;
    private final int columns;
    private final double n;
    private final List<KernelCase> cases = new ArrayList<>();

    /** Tensors of rows × columns elements. */
    KernelCases(Device device, int rows, int columns) {
        this.device = device;
        this.backend = device.backend();
        this.rows = rows;
        this.columns = columns;
        this.n = (double) rows * columns;
    }

    private View floats(int... dims) {
        return Rng.uniform(dims).view();
    }

    private View zeros(DType dtype, int... dims) {
        return Tensor.full(device, dtype, Shape.of(dims), 0).view();
    }

    private <K> K kernel(Class<K> kind) {
        return backend.kernel(kind, DType.FLOAT32);
    }

    private void add(String name, double bytesPerElement, Runnable work) {
        cases.add(KernelCase.ofBytes(name, bytesPerElement * n, work));
    }

    /** Those limited by memory. */
    List<KernelCase> memoryBound() {
        View x = floats(rows, columns);
        View y = floats(rows, columns);
        View z = floats(rows, columns);
        elementwise(x, y, z);
        reductions(x);
        rowwise(x, y, z);
        normalisation(x, y, z);
        random(x, y);
        indexed(x, y);
        optimizers(x, y, z);
        return List.copyOf(cases);
    }

    private void elementwise(View x, View y, View z) {
        View row = floats(columns).expand(x.shape());
        View mask = zeros(DType.BOOL, rows, columns);
        add("fill", FLOAT, () -> backend.fill(1, z));
        add("copy", 2 * FLOAT, () -> backend.copy(x, z));
        add("copy, transposed", 2 * FLOAT, () -> backend.copy(x.permute(1, 0), z.reshape(Shape.of(columns, rows))));
        for (UnaryOp op : List.of(UnaryOp.RELU, UnaryOp.EXP, UnaryOp.TANH, UnaryOp.ERF)) {
            add("unary " + op, 2 * FLOAT, () -> backend.unary(op, x, z));
        }
        add("binary ADD", 3 * FLOAT, () -> backend.binary(BinaryOp.ADD, x, y, z));
        add("binary MUL, scalar", 2 * FLOAT, () -> backend.binary(BinaryOp.MUL, x, 2, z));
        add("binary ADD, broadcast row", 2 * FLOAT, () -> backend.binary(BinaryOp.ADD, x, row, z));
        add("compare LT", 2 * FLOAT + 1, () -> backend.compare(CompareOp.LT, x, y, mask));
        add("where", 3 * FLOAT + 1, () -> backend.where(mask, x, y, z));
    }

    private void reductions(View x) {
        View scalar = zeros(DType.FLOAT32, 1, 1);
        View column = zeros(DType.FLOAT32, rows, 1);
        View row = zeros(DType.FLOAT32, 1, columns);
        View index = zeros(DType.INT32, rows, 1);
        add("sum, all", FLOAT, () -> backend.reduce(ReduceOp.SUM, x, scalar));
        add("sum of rows", FLOAT, () -> backend.reduce(ReduceOp.SUM, x, column));
        add("sum of columns", FLOAT, () -> backend.reduce(ReduceOp.SUM, x, row));
        add("max of rows", FLOAT, () -> backend.reduce(ReduceOp.MAX, x, column));
        add("argmax of rows", FLOAT, () -> backend.argReduce(ReduceOp.MAX, x, 1, index));
    }

    private void rowwise(View x, View y, View z) {
        SoftmaxKernel softmax = kernel(SoftmaxKernel.class);
        LogSoftmaxKernel logSoftmax = kernel(LogSoftmaxKernel.class);
        CrossEntropyKernel crossEntropy = kernel(CrossEntropyKernel.class);
        SoftmaxMarginKernel margin = kernel(SoftmaxMarginKernel.class);
        View target = zeros(DType.INT32, rows);
        View logSumExp = floats(rows);
        View loss = floats(rows);
        add("softmax", 2 * FLOAT, () -> softmax.softmax(x, 1, z));
        add("softmax backward", 3 * FLOAT, () -> softmax.softmaxBackward(x, y, 1, z));
        add("log-softmax", 2 * FLOAT, () -> logSoftmax.logSoftmax(x, 1, z));
        add("log-softmax backward", 3 * FLOAT, () -> logSoftmax.logSoftmaxBackward(x, y, 1, z));
        add("softmax along columns", 2 * FLOAT, () -> softmax.softmax(x, 0, z));
        add("cross-entropy", FLOAT, () -> crossEntropy.crossEntropy(x, target, -100, 0, logSumExp, loss));
        add("cross-entropy backward", 2 * FLOAT,
                () -> crossEntropy.crossEntropyBackward(x, target, -100, 0, logSumExp, loss, z));
        add("softmax margin", 2 * FLOAT, () -> margin.softmaxMargin(x, target, 0.5, z, loss));
        add("softmax margin backward", 2 * FLOAT, () -> margin.softmaxMarginBackward(x, target, 0.5, loss, z));
    }

    private void normalisation(View x, View y, View z) {
        BatchNormKernel batchNorm = kernel(BatchNormKernel.class);
        LayerNormKernel layerNorm = kernel(LayerNormKernel.class);
        BiasActivationKernel bias = kernel(BiasActivationKernel.class);
        View weight = floats(columns);
        View shift = floats(columns);
        View mean = floats(columns);
        View variance = floats(columns);
        View rowMean = floats(rows);
        View rstd = floats(rows);
        View dweight = floats(columns);
        View dbias = floats(columns);
        // Statistics first, then the values: the input is read twice.
        add("batch norm + ReLU", 3 * FLOAT,
                () -> batchNorm.batchNorm(x, weight, shift, 1e-5, Activation.RELU, mean, variance, z));
        add("batch norm backward", 5 * FLOAT, () -> batchNorm.batchNormBackward(x, weight, mean, variance, 1e-5,
                Activation.NONE, null, y, z, dweight, dbias));
        add("layer norm", 2 * FLOAT, () -> layerNorm.layerNorm(x, weight, shift, 1e-5, rowMean, rstd, z));
        add("layer norm backward", 3 * FLOAT,
                () -> layerNorm.layerNormBackward(x, weight, rowMean, rstd, y, z, dweight, dbias));
        add("bias + ReLU", 2 * FLOAT, () -> bias.biasActivation(x, shift, Activation.RELU, z));
        add("bias + ReLU backward", 3 * FLOAT,
                () -> bias.biasActivationBackward(x, y, Activation.RELU, z, dbias));
    }

    private void random(View x, View z) {
        View step = zeros(DType.INT32);
        RandomKey key = new RandomKey(1, 2, step);
        DropoutKernel dropout = kernel(DropoutKernel.class);
        add("random UNIFORM", FLOAT, () -> backend.random(Distribution.UNIFORM, key, z));
        add("random NORMAL", FLOAT, () -> backend.random(Distribution.NORMAL, key, z));
        add("dropout", 2 * FLOAT, () -> dropout.dropout(x, 0.5, key, z));
    }

    private void indexed(View x, View z) {
        int[] order = new int[rows];
        for (int i = 0; i < rows; i++) {
            order[i] = (int) (i * 48_271L % rows);
        }
        View index = Tensor.of(order).unsqueeze(1).view().expand(Shape.of(rows, columns));
        add("gather of rows", 2 * FLOAT, () -> backend.gather(x, 0, index, z));
        add("scatter-add of rows", 3 * FLOAT, () -> backend.scatterAdd(x, 0, index, z));
    }

    private void optimizers(View x, View y, View z) {
        View scalars = floats(4);
        View second = floats(rows, columns);
        SgdKernel sgd = kernel(SgdKernel.class);
        AdamKernel adam = kernel(AdamKernel.class);
        add("SGD with momentum", 5 * FLOAT,
                () -> sgd.sgd(List.of(x), List.of(y), List.of(z), 0.9, 0, false, scalars));
        add("AdamW", 7 * FLOAT, () -> adam.adam(List.of(x), List.of(y), List.of(z), List.of(second), 0.9, 0.999, 1e-8,
                1e-2, true, scalars));
        List<View> parts = parts(x);
        List<View> gradients = parts(y);
        List<View> first = parts(z);
        List<View> squares = parts(second);
        add("AdamW, 256 tensors", 7 * FLOAT, () -> adam.adam(parts, gradients, first, squares, 0.9, 0.999, 1e-8, 1e-2,
                true, scalars));
    }

    private List<View> parts(View whole) {
        int count = 256;
        int length = rows / count;
        List<View> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            parts.add(whole.as(Shape.of(length, columns), whole.shape().strides(), (long) i * length * columns));
        }
        return parts;
    }

    /** Pooling of images, limited by memory too. */
    List<KernelCase> pooling(int images, int channels, int side) {
        Window2d window = new Window2d(2, 2, 2, 2, 0, 0, 1, 1);
        double elements = (double) images * channels * side * side;
        View x = floats(images, channels, side, side);
        View y = floats(images, channels, side / 2, side / 2);
        View index = zeros(DType.INT32, images, channels, side / 2, side / 2);
        MaxPool2dKernel max = kernel(MaxPool2dKernel.class);
        AvgPool2dKernel average = kernel(AvgPool2dKernel.class);
        return List.of(
                KernelCase.ofBytes("max-pool 2x2", elements * 1.5 * FLOAT, () -> max.maxPool2d(x, window, y, index)),
                KernelCase.ofBytes("max-pool 2x2 backward", elements * 1.5 * FLOAT,
                        () -> max.maxPool2dBackward(y, index, window, x)),
                KernelCase.ofBytes("average-pool 2x2", elements * 1.25 * FLOAT,
                        () -> average.avgPool2d(x, window, true, y)));
    }

    /** Matrix products, as core asks for them. */
    List<KernelCase> products(int size) {
        View a = floats(size, size);
        View b = floats(size, size);
        View c = floats(size, size);
        double flops = 2.0 * size * size * size;
        String shape = " " + size + "x" + size + "x" + size;
        View many = floats(64, 128, 64);
        View others = floats(64, 64, 128);
        View results = floats(64, 128, 128);
        return List.of(KernelCase.ofFlops("matmul" + shape, flops, () -> backend.matmul(a, b, c, false)),
                KernelCase.ofFlops("matmul, a transposed" + shape, flops,
                        () -> backend.matmul(a.permute(1, 0), b, c, false)),
                KernelCase.ofFlops("matmul, b transposed" + shape, flops,
                        () -> backend.matmul(a, b.permute(1, 0), c, false)),
                KernelCase.ofFlops("matmul 64 times 128x64x128", 2.0 * 64 * 128 * 64 * 128,
                        () -> backend.matmul(many, others, results, false)));
    }

    /** 3×3 convolutions. */
    List<KernelCase> convolutions(int images, int channels, int filters, int side) {
        Window2d window = new Window2d(3, 3, 1, 1, 1, 1, 1, 1);
        View x = floats(images, channels, side, side);
        View weight = floats(filters, channels, 3, 3);
        View bias = floats(filters);
        View y = floats(images, filters, side, side);
        Conv2dKernel conv = kernel(Conv2dKernel.class);
        double flops = 2.0 * images * channels * filters * side * side * 9;
        String shape = " " + images + "x" + channels + "x" + side + "x" + side + " to " + filters;
        return List.of(
                KernelCase.ofFlops("conv 3x3" + shape, flops, () -> conv.conv2d(x, weight, bias, window, 1, y)),
                KernelCase.ofFlops("conv 3x3 backward by input" + shape, flops,
                        () -> conv.conv2dBackwardInput(y, weight, window, 1, x)),
                KernelCase.ofFlops("conv 3x3 backward by weight" + shape, flops,
                        () -> conv.conv2dBackwardWeight(x, y, window, 1, weight)));
    }
}
