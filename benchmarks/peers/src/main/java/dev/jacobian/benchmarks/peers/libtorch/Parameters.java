package dev.jacobian.benchmarks.peers.libtorch;

import static org.bytedeco.pytorch.global.torch.batch_norm;
import static org.bytedeco.pytorch.global.torch.conv2d;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.torch_ones;
import static org.bytedeco.pytorch.global.torch.torch_zeros;

import dev.jacobian.benchmarks.worker.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** Parameters and data of one case, of the benchmark's {@link Numbers}, and the layers that use them. */
final class Parameters {
    private static final long[] ONE = {1, 1};

    private final String caseName;
    private final boolean training;
    private final boolean channelsLast;
    private final List<Tensor> tensors = new ArrayList<>();

    /**
     * None yet.
     *
     * @param caseName the first part of the names of the numbers
     * @param training whether batch normalisation uses the batch's own statistics
     * @param channelsLast whether images and the weights of convolutions are laid out with channels innermost
     */
    Parameters(String caseName, boolean training, boolean channelsLast) {
        this.caseName = caseName;
        this.training = training;
        this.channelsLast = channelsLast;
    }

    /** All that was made so far and is to be trained. */
    TensorVector all() {
        return new TensorVector(tensors.toArray(Tensor[]::new));
    }

    List<Tensor> list() {
        return tensors;
    }

    /** Data: standard normal, not trained. */
    Tensor data(String name, long... shape) {
        return laidOut(Tensor.create(Numbers.normal(caseName + "/" + name, size(shape), 1), shape));
    }

    /** Classes or tokens. */
    Tensor labels(String name, int classes, long... shape) {
        int[] labels = Numbers.labels(caseName + "/" + name, size(shape), classes);
        return Tensor.create(IntStream.of(labels).asLongStream().toArray(), shape);
    }

    Tensor trained(Tensor tensor) {
        tensor.requires_grad_(true);
        tensors.add(tensor);
        return tensor;
    }

    Tensor embedding(String name, long... shape) {
        return trained(Tensor.create(Numbers.normal(caseName + "/" + name, size(shape), 0.02f), shape));
    }

    private Tensor uniform(String name, int fanIn, long... shape) {
        return trained(laidOut(Tensor.create(Numbers.weight(caseName + "/" + name, size(shape), fanIn), shape)));
    }

    /** y = x Wᵀ + b. */
    UnaryOperator<Tensor> dense(String name, int in, int out) {
        Tensor weight = uniform(name + ".weight", in, out, in);
        TensorOptional bias = new TensorOptional(uniform(name + ".bias", in, out));
        return x -> linear(x, weight, bias);
    }

    /** A square kernel, padded by half its width. */
    UnaryOperator<Tensor> conv(String name, int in, int out, int kernel, int stride, int groups, boolean hasBias) {
        int fanIn = in / groups * kernel * kernel;
        Tensor weight = uniform(name + ".weight", fanIn, out, in / groups, kernel, kernel);
        TensorOptional bias = hasBias ? new TensorOptional(uniform(name + ".bias", fanIn, out)) : new TensorOptional();
        long[] strides = {stride, stride};
        long[] padding = {kernel / 2, kernel / 2};
        return x -> conv2d(x, weight, bias, strides, padding, ONE, groups);
    }

    /** Batch normalisation; in training it updates the running statistics. */
    UnaryOperator<Tensor> batchNorm(int channels) {
        TensorOptional weight = new TensorOptional(trained(torch_ones(channels)));
        TensorOptional bias = new TensorOptional(trained(torch_zeros(channels)));
        TensorOptional mean = new TensorOptional(torch_zeros(channels));
        TensorOptional variance = new TensorOptional(torch_ones(channels));
        return x -> batch_norm(x, weight, bias, mean, variance, training, 0.1, 1e-5, true);
    }

    UnaryOperator<Tensor> layerNorm(int features) {
        TensorOptional weight = new TensorOptional(trained(torch_ones(features)));
        TensorOptional bias = new TensorOptional(trained(torch_zeros(features)));
        long[] shape = {features};
        return x -> layer_norm(x, shape, weight, bias, 1e-5, true);
    }

    private Tensor laidOut(Tensor tensor) {
        return channelsLast && tensor.dim() == 4 ? tensor.contiguous(MemoryFormat.ChannelsLast) : tensor;
    }

    private static int size(long[] shape) {
        long size = 1;
        for (long length : shape) {
            size *= length;
        }
        return Math.toIntExact(size);
    }
}
