package dev.jacobian.benchmarks;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.benchmarks.worker.Numbers;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.GELU;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.LayerNorm;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.MaxPool2d;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Softmax;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One operation at one shape, forward ({@code f}) or forward and backward ({@code fb}).
 *
 * @param name how peers call it
 * @param flops additions and multiplications; 0 where memory is the limit
 * @param bytes what it must at least read and write; 0 where arithmetic is the limit
 * @param ready makes the operands on the current device; the result is one call
 */
record Operation(String name, double flops, double bytes, Supplier<Runnable> ready) {
    private static final int FLOAT = 4;
    private static final int IMAGES = 32;
    private static final int MILLIONS = 1 << 22;
    private static final int PARAMETERS = 10_000_000;

    /** All that are measured. */
    static final List<Operation> ALL = new Catalogue().all;

    /**
     * An operation with its operands.
     *
     * @param result computes it
     * @param leaves what the backward pass computes gradients of
     */
    private record Prepared(Supplier<Tensor> result, List<Tensor> leaves) {
        static Prepared of(Supplier<Tensor> result, Tensor... leaves) {
            return new Prepared(result, List.of(leaves));
        }

        static Prepared of(Layer layer, Tensor x) {
            return new Prepared(() -> layer.call(x),
                    Stream.concat(Stream.of(x), layer.parameters().stream()).toList());
        }

        void forward() {
            try (var _ = MemoryScope.open("of a call"); var _ = Autograd.noGrad()) {
                Tensor _ = result.get();
            }
        }

        Runnable forwardBackward() {
            leaves.forEach(Tensor::requireGrad);
            Tensor gradient;
            try (var _ = MemoryScope.open("of a shape"); var _ = Autograd.noGrad()) {
                gradient = MemoryScope.keep(result.get().onesLike());
            }
            return () -> {
                try (var _ = MemoryScope.open("of a call")) {
                    result.get().backward(gradient);
                }
                leaves.forEach(Tensor::zeroGrad); // the next call writes, and does not add
            };
        }
    }

    /** The list as it grows. */
    private static final class Catalogue {
        private final List<Operation> all = new ArrayList<>();

        Catalogue() {
            product("matmul 1024x1024x1024", new int[] {1024, 1024}, new int[] {1024, 1024});
            product("matmul 128x784x512", new int[] {128, 784}, new int[] {784, 512});
            product("matmul 256x256x256", new int[] {256, 256}, new int[] {256, 256});
            product("bmm 64x128x128x64", new int[] {64, 128, 128}, new int[] {64, 128, 64});
            linear(2048, 128, 512);
            linear(2048, 512, 128);
            convolution("conv3x3 32x64x28x28-64", 64, 64 * 64 * 9 * 784.0, () -> new Conv2d(64, 64, 3).padding(1));
            convolution("conv1x1 32x64x28x28-64", 64, 64 * 64 * 784.0, () -> new Conv2d(64, 64, 1));
            convolution("conv5x5 32x16x28x28-32", 16, 16 * 32 * 25 * 784.0, () -> new Conv2d(16, 32, 5).padding(2));
            convolution("conv3x3s2 32x64x28x28-64", 64, 64 * 64 * 9 * 196.0,
                    () -> new Conv2d(64, 64, 3).stride(2).padding(1));
            convolution("depthwise3x3 32x64x28x28", 64, 64 * 9 * 784.0,
                    () -> new Conv2d(64, 64, 3, 3, 64, true).padding(1));
            // Passes over the input, forward and in both: the backward pass reads two arrays and writes one.
            layer("softmax 4096x1024", 2, 5, () -> new Softmax(1), 4096, 1024);
            crossEntropy();
            layer("batchnorm 512x512", 2, 5, () -> new BatchNorm(512), 512, 512);
            layer("batchnorm 32x64x28x28", 2, 5, () -> new BatchNorm(64), IMAGES, 64, 28, 28);
            layer("layernorm 4096x512", 2, 5, () -> new LayerNorm(512), 4096, 512);
            layer("layernorm 2048x128", 2, 5, () -> new LayerNorm(128), 2048, 128);
            layer("maxpool2 32x64x28x28", 1.25, 2.5, () -> new MaxPool2d(2), IMAGES, 64, 28, 28);
            layer("relu 4M", 2, 5, ReLU::new, MILLIONS);
            layer("gelu 4M", 2, 5, GELU::new, MILLIONS);
            layer("gelu 2048x512", 2, 5, GELU::new, 2048, 512);
            layer("dropout 4M", 2, 4, Dropout::new, MILLIONS);
            sum("add 4M f", 3.0 * FLOAT * MILLIONS, MILLIONS);
            attention();
            adam("adam 10M x1", 1, false);
            adam("adam 10M x100", 100, false);
            adam("adamw 10M x100", 100, true);
            // These two show what a call costs: neither memory nor arithmetic is their limit.
            sum("add 16x16 f", 0, 16, 16);
            forward("matmul 16x16x16 f", 0, 0, () -> matmul("matmul 16x16x16", new int[] {16, 16}, new int[] {16, 16}));
        }

        private void forward(String name, double flops, double bytes, Supplier<Prepared> prepared) {
            all.add(new Operation(name, flops, bytes, () -> prepared.get()::forward));
        }

        private void both(String name, double flops, double bytes, double bytesOfBoth, Supplier<Prepared> prepared) {
            forward(name + " f", flops, bytes, prepared);
            all.add(new Operation(name + " fb", 3 * flops, bytesOfBoth, () -> prepared.get().forwardBackward()));
        }

        private void product(String name, int[] a, int[] b) {
            both(name, 2.0 * Shape.of(a).size() * b[b.length - 1], 0, 0, () -> matmul(name, a, b));
        }

        private static Prepared matmul(String name, int[] dimsOfA, int[] dimsOfB) {
            Tensor a = normal(name + "/a", dimsOfA);
            Tensor b = normal(name + "/b", dimsOfB);
            return Prepared.of(() -> a.matmul(b), a, b);
        }

        private void linear(int rows, int in, int out) {
            String name = "linear " + rows + "x" + in + "x" + out;
            both(name, 2.0 * rows * in * out, 0, 0,
                    () -> Prepared.of(new Linear(in, out), normal(name + "/x", rows, in)));
        }

        /** On 32 images of 28×28; {@code products} is how many multiplications one image takes. */
        private void convolution(String name, int channels, double products, Supplier<Layer> layer) {
            both(name, 2.0 * IMAGES * products, 0, 0,
                    () -> Prepared.of(layer.get(), normal(name + "/x", IMAGES, channels, 28, 28)));
        }

        /** An operation that memory bounds, with the passes over its input that it cannot avoid. */
        private void layer(String name, double passes, double passesOfBoth, Supplier<Layer> layer, int... dims) {
            double bytes = (double) FLOAT * Shape.of(dims).size();
            both(name, 0, passes * bytes, passesOfBoth * bytes,
                    () -> Prepared.of(layer.get(), normal(name + "/x", dims)));
        }

        private void crossEntropy() {
            String name = "cross-entropy 4096x1024";
            double bytes = 4.0 * FLOAT * (1 << 20);
            both(name, 0, bytes, 3 * bytes, () -> {
                CrossEntropyLoss loss = new CrossEntropyLoss();
                Tensor x = normal(name + "/x", 4096, 1024);
                Tensor y = Tensor.of(Numbers.labels(name + "/y", 4096, 1024));
                return Prepared.of(() -> loss.call(x, y), x);
            });
        }

        private void sum(String name, double bytes, int... dims) {
            forward(name, 0, bytes, () -> {
                Tensor a = normal(name + "/a", dims);
                Tensor b = normal(name + "/b", dims);
                return Prepared.of(() -> a.add(b), a, b);
            });
        }

        private void attention() {
            String name = "attention 16x4x128x32";
            // The full square of scores is counted, also where a library leaves the future out.
            both(name, 4.0 * 16 * 4 * 128 * 128 * 32, 0, 0, () -> {
                Tensor q = normal(name + "/q", 16, 4, 128, 32);
                Tensor k = normal(name + "/k", 16, 4, 128, 32);
                Tensor v = normal(name + "/v", 16, 4, 128, 32);
                return Prepared.of(() -> q.scaledDotProductAttention(k, v, true), q, k, v);
            });
        }

        /**
         * The update alone. It is called as the optimiser calls it: the optimiser itself would need fresh gradients at
         * every step, and making them takes longer. Reads p, g, m and v, writes p, m and v.
         */
        private void adam(String name, int tensors, boolean decoupled) {
            all.add(new Operation(name, 0, 7.0 * FLOAT * PARAMETERS, () -> {
                AdamKernel kernel = Device.current().backend().kernel(AdamKernel.class, DType.FLOAT32);
                int size = PARAMETERS / tensors;
                List<View> p = views(tensors, size);
                List<View> g = views(tensors, size);
                List<View> m = views(tensors, size);
                List<View> v = IntStream.range(0, tensors).mapToObj(_ -> Tensor.full(1, size).view()).toList();
                View scalars = Tensor.of(1e-3f, 1, 0.5f, 0.5f).view();
                double weightDecay = decoupled ? 0.01 : 0;
                return () -> kernel.adam(p, g, m, v, 0.9, 0.999, 1e-8, weightDecay, decoupled, scalars);
            }));
        }

        private static List<View> views(int tensors, int size) {
            return IntStream.range(0, tensors).mapToObj(i -> normal("adam/" + i, size).view()).toList();
        }

        private static Tensor normal(String name, int... dims) {
            return Tensor.of(Numbers.normal(name, Math.toIntExact(Shape.of(dims).size()), 1)).reshape(dims);
        }
    }
}
