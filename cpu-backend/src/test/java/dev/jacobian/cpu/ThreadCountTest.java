package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The number of threads changes no bit of any result. */
class ThreadCountTest {
    @FunctionalInterface
    private interface Computation {
        void run(CpuBackend backend, List<View> results);
    }

    private static View made(List<View> results, int... dims) {
        View view = Tensors.empty(DType.FLOAT32, Shape.of(dims));
        results.add(view);
        return view;
    }

    private static void check(Computation computation) {
        List<byte[]> expected = null;
        for (int threads : new int[] {1, 2, 3, 7}) {
            CpuBackend backend = Tensors.backend(threads);
            for (int repeat = 0; repeat < 3; repeat++) {
                List<View> results = new ArrayList<>();
                computation.run(backend, results);
                List<byte[]> bits = results.stream().map(Tensors::bits).toList();
                if (expected == null) {
                    expected = bits;
                }
                assertThat(bits).hasSameSizeAs(expected);
                for (int i = 0; i < bits.size(); i++) {
                    assertThat(bits.get(i)).isEqualTo(expected.get(i));
                }
            }
        }
    }

    @Test
    void ofReductions() {
        View x = Tensors.random(1, 300, 70, 11);
        int[][] outs = {{1, 1, 1}, {300, 1, 1}, {1, 70, 1}, {1, 1, 11}, {300, 1, 11}, {1, 70, 11}, {300, 70, 1}};
        check((backend, results) -> {
            for (int[] out : outs) {
                for (ReduceOp op : ReduceOp.values()) {
                    backend.reduce(op, x, made(results, out));
                }
            }
        });
    }

    @Test
    void ofElementwiseFunctions() {
        View x = Tensors.random(2, 333, 401);
        View row = Tensors.random(3, 401).expand(x.shape());
        check((backend, results) -> {
            backend.unary(UnaryOp.TANH, x, made(results, 333, 401));
            backend.binary(BinaryOp.ADD, x, row, made(results, 333, 401));
        });
    }

    @Test
    void ofSoftmax() {
        View x = Tensors.random(4, 200, 30, 31);
        View dy = Tensors.random(5, 200, 30, 31);
        check((backend, results) -> {
            for (int axis = 0; axis < 3; axis++) {
                View y = made(results, 200, 30, 31);
                backend.softmax(x, axis, y);
                backend.softmaxBackward(y, dy, axis, made(results, 200, 30, 31));
                View log = made(results, 200, 30, 31);
                backend.logSoftmax(x, axis, log);
                backend.logSoftmaxBackward(log, dy, axis, made(results, 200, 30, 31));
            }
        });
    }

    @Test
    void ofCrossEntropy() {
        View x = Tensors.random(6, 500, 150);
        int[] labels = new int[500];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 150;
        }
        check((backend, results) -> {
            View lse = made(results, 500);
            View loss = made(results, 500);
            backend.crossEntropy(x, Tensors.ints(labels), -1, 0.1, lse, loss);
            backend.crossEntropyBackward(x, Tensors.ints(labels), -1, 0.1, lse, loss, made(results, 500, 150));
        });
    }

    @Test
    void ofSoftmaxMargin() {
        View x = Tensors.random(6, 500, 150);
        int[] labels = new int[500];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 150;
        }
        check((backend, results) -> {
            View probability = made(results, 500, 150);
            View loss = made(results, 500);
            backend.softmaxMargin(x, Tensors.ints(labels), 0.01, probability, loss);
            backend.softmaxMarginBackward(probability, Tensors.ints(labels), 0.01, loss, made(results, 500, 150));
        });
    }

    @Test
    void ofBatchNorm() {
        // Channels as columns; few of them, so that threads share one; and many, each in two pieces.
        for (int[] dims : new int[][] {{3000, 50}, {40, 6, 300}, {40, 16, 600}}) {
            View x = Tensors.random(7, dims);
            View dy = Tensors.random(8, dims);
            int channels = dims[1];
            View weight = Tensors.random(9, channels);
            check((backend, results) -> {
                View mean = made(results, channels);
                View variance = made(results, channels);
                for (Activation activation : List.of(Activation.NONE, Activation.RELU)) {
                    View y = made(results, dims);
                    backend.batchNorm(x, weight, weight, 1e-5, activation, mean, variance, y);
                    backend.batchNormBackward(x, weight, mean, variance, 1e-5, activation, y, dy, made(results, dims),
                            made(results, channels), made(results, channels));
                }
            });
        }
    }

    @Test
    void ofScatterAdd() {
        View x = Tensors.random(10, 4000, 33);
        View rows = Tensors.empty(DType.INT32, Shape.of(4000, 1));
        for (int i = 0; i < 4000; i++) {
            Typed.set(DType.INT32, Floats.memory(rows), i, i * 7 % 10);
        }
        check((backend, results) -> backend.scatterAdd(x, 0, rows.expand(x.shape()), made(results, 10, 33)));
    }

    @Test
    void ofAttention() {
        for (int[] dims : new int[][] {{2, 3, 150, 150, 32}, {1, 1, 300, 700, 20}}) {
            View q = Tensors.random(11, dims[0], dims[1], dims[2], dims[4]);
            View k = Tensors.random(12, dims[0], dims[1], dims[3], dims[4]);
            View v = Tensors.random(13, dims[0], dims[1], dims[3], dims[4]);
            View dy = Tensors.random(14, dims[0], dims[1], dims[2], dims[4]);
            for (boolean causal : new boolean[] {true, false}) {
                check((backend, results) -> {
                    View y = made(results, q.shape().toArray());
                    View logSumExp = made(results, dims[0], dims[1], dims[2]);
                    backend.attention(q, k, v, 0.2, causal, y, logSumExp);
                    backend.attentionBackward(q, k, v, y, logSumExp, dy, 0.2, causal,
                            made(results, q.shape().toArray()),
                            made(results, k.shape().toArray()), made(results, k.shape().toArray()));
                });
            }
        }
    }

    @Test
    void ofConvolution() {
        Window2d three = Window2d.of(3, 3).padding(1, 1);
        for (Window2d window : List.of(three, three.stride(2, 2), Window2d.of(1, 1))) {
            for (int[] dims : new int[][] {{40, 16, 9, 11}, {1, 72, 50, 40}}) {
                convolution(window, 1, dims);
            }
            convolution(window, 24, 9, 24, 33, 21);
        }
        convolution(Window2d.of(1, 9).padding(0, 4), 1, 1, 16, 1, 5000);
    }

    private static void convolution(Window2d window, int groups, int... dims) {
        int channels = dims[1] / groups;
        View x = Tensors.random(11, dims);
        View weight = Tensors.random(12, 24, channels, window.kernelH(), window.kernelW());
        View bias = Tensors.random(13, 24);
        View dy = Tensors.random(14, dims[0], 24, window.outputHeight(dims[2]), window.outputWidth(dims[3]));
        check((backend, results) -> {
            View y = made(results, dims[0], 24, dy.dim(2), dy.dim(3));
            backend.conv2d(x, weight, bias, window, groups, y);
            backend.conv2dBackwardInput(dy, weight, window, groups, made(results, dims));
            backend.conv2dBackwardWeight(x, dy, window, groups,
                    made(results, 24, channels, window.kernelH(), window.kernelW()));
        });
    }
}
