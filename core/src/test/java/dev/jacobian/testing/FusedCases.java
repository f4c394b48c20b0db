package dev.jacobian.testing;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.GeluKernel;
import dev.jacobian.backend.LayerNormKernel;
import dev.jacobian.backend.LogSoftmaxKernel;
import dev.jacobian.backend.SoftmaxKernel;
import dev.jacobian.backend.SoftmaxMarginKernel;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Operations that a backend may run as one kernel. */
final class FusedCases {
    private static final double INF = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    private FusedCases() {}

    static Stream<OpCase> all() {
        return Stream.of(OpCase.of("Softmax", "", grid -> rows(grid, Tensor::softmax)).fusedBy(SoftmaxKernel.class),
                OpCase.of("LogSoftmax", "", grid -> rows(grid, Tensor::logSoftmax)).fusedBy(LogSoftmaxKernel.class),
                OpCase.of("CrossEntropy", "", FusedCases::crossEntropy).fusedBy(CrossEntropyKernel.class),
                OpCase.of("SoftmaxMargin", "", FusedCases::softmaxMargin).fusedBy(SoftmaxMarginKernel.class),
                OpCase.of("BatchNorm", "", FusedCases::batchNorm).fusedBy(BatchNormKernel.class),
                OpCase.of("LayerNorm", "", FusedCases::layerNorm).fusedBy(LayerNormKernel.class),
                OpCase.of("Gelu", "", FusedCases::gelu).fusedBy(GeluKernel.class),
                OpCase.of("LinearActivation", "", FusedCases::linear).fusedBy(BiasActivationKernel.class),
                OpCase.of("Dropout", "", FusedCases::dropout).fusedBy(DropoutKernel.class));
    }

    private interface RowFunction {
        Tensor apply(Tensor x, int axis);
    }

    /** Along every axis. An exponential and the sum of a row are within units of the row's largest. */
    private static Stream<Sample> rows(Grid grid, RowFunction function) {
        Tolerance tolerance = Tolerance.ofLargest(8).above(1);
        Stream<Sample> drawn = Stream.concat(grid.ofRank(1), grid.matrices()).flatMap(
                shape -> IntStream.range(0, shape.length)
                        .mapToObj(axis -> new Sample(Arrays.toString(shape) + ", axis " + axis,
                                values -> function.apply(values.getFirst(), axis),
                                List.of(Sample.Input.of(Domain.REAL, "rows", shape)),
                                tolerance, Tolerance.ofLargest(8).above(8), false)));
        Stream<double[]> hard = Stream.of(new double[] {1000, 999, -1000, 1000}, new double[] {-INF, 0, 1, -INF},
                new double[] {INF, 0, 1, 2}, new double[] {-INF, -INF, -INF, -INF}, new double[] {0, NAN, 1, 2},
                new double[] {3e38, -3e38, 1e-40, -0.0}, new double[] {5, 5, 5, 5});
        return !grid.specials()
                ? drawn
                : Stream.concat(drawn, hard.map(values -> new Sample("special " + Arrays.toString(values),
                        inputs -> function.apply(inputs.getFirst(), -1),
                        List.of(Sample.Input.of(DType.FLOAT32, values)),
                        tolerance, Tolerance.ofLargest(8).above(8), true)));
    }

    private static Stream<Sample> crossEntropy(Grid grid) {
        Stream<Sample> shapes = grid.lengths().stream().flatMap(n -> n > 1000
                ? Stream.of(crossEntropy(n, 10, -100, 0), crossEntropy(2, n, -100, 0.1))
                : Stream.of(crossEntropy(n, 10, -100, 0), crossEntropy(5, Math.max(1, n), -100, 0.1),
                        crossEntropy(n, 3, 1, 0.25), crossEntropy(4, 7, 2, 1)));
        return grid.specials() ? Stream.concat(shapes, hardEntropy()) : shapes;
    }

    private static Sample crossEntropy(int examples, int classes, int ignore, double smoothing) {
        return new Sample(examples + " of " + classes + " classes, ignoring " + ignore + ", smoothing " + smoothing,
                values -> values.get(0).crossEntropy(values.get(1), ignore, smoothing),
                List.of(Sample.Input.of(Domain.REAL, "logits", examples, classes),
                        Sample.Input.indices(classes, "labels", examples)),
                Tolerance.ulps(8 + Math.sqrt(classes) / 4).above(8), Tolerance.ulps(8).above(2), false);
    }

    private static Stream<Sample> hardEntropy() {
        double[] logits = {1000, 0, -1000, -INF, 1, 2, 0, -INF, 5, NAN, 0, 1, 3e37, -3e37, 0, INF, 0, 1};
        double[] labels = {2, 1, 1, 0, 0, 1};
        return Stream.of(0.0, 0.25)
                .map(smoothing -> new Sample("special, smoothing " + smoothing,
                        values -> values.get(0).crossEntropy(values.get(1), -100, smoothing),
                        List.of(Sample.Input.of(DType.FLOAT32, logits).shaped(6, 3),
                                Sample.Input.of(DType.INT32, labels)),
                        Tolerance.ulps(16), Tolerance.ulps(16).above(2), true));
    }

    private static Stream<Sample> softmaxMargin(Grid grid) {
        Stream<Sample> shapes = grid.lengths().stream().flatMap(n -> n > 1000
                ? Stream.of(softmaxMargin(n, 10, 0.5), softmaxMargin(2, n, 0.1))
                : Stream.of(softmaxMargin(n, 10, 0.5), softmaxMargin(5, Math.max(1, n), 0.25 / Math.max(1, n)),
                        softmaxMargin(n, 3, 0), softmaxMargin(4, Math.max(1, n), 1), softmaxMargin(n, 7, 1.5),
                        softmaxMargin(n, 5, -0.125)));
        return grid.specials() ? Stream.concat(shapes, hardMargins()) : shapes;
    }

    /** A hinge is wrong by units of probabilities, of which there are as many as classes, the label's. */
    private static Sample softmaxMargin(int examples, int classes, double margin) {
        Sample.Input labels = Sample.Input.indices(classes, "labels", examples);
        double[] logits = Domain.REAL.draw(examples * classes, "logits" + examples + " " + classes);
        for (int i = 0; i < examples; i++) {
            leaveKink(logits, i * classes, classes, (int) labels.values()[i], margin);
        }
        return new Sample(examples + " of " + classes + " classes, margin " + margin,
                values -> values.get(0).softmaxMargin(values.get(1), margin),
                List.of(Sample.Input.of(DType.FLOAT32, logits).shaped(examples, classes), labels),
                Tolerance.ulps(8 + Math.sqrt(classes) / 4).above(8), Tolerance.ulps(8).above(4), false);
    }

    /** Moves logits whose hinge is so nearly 0 that rounding, or a finite difference, decides on which side. */
    private static void leaveKink(double[] logits, int first, int classes, int label, double margin) {
        int near = nearKink(logits, first, classes, label, margin);
        while (near >= 0) {
            logits[near] = (float) (logits[near] + 0.25);
            near = nearKink(logits, first, classes, label, margin);
        }
    }

    private static int nearKink(double[] logits, int first, int classes, int label, double margin) {
        double sum = 0;
        double largest = 0;
        for (int i = first; i < first + classes; i++) {
            sum += Math.exp(logits[i]);
            largest = Math.max(largest, Math.exp(logits[i]));
        }
        for (int i = first; i < first + classes; i++) {
            double hinge = (Math.exp(logits[i]) - Math.exp(logits[first + label])) / sum + margin;
            if (i != first + label && Math.abs(hinge) < largest / sum / (20 * classes)) {
                return i;
            }
        }
        return -1;
    }

    /** Among them hinges of exactly 0, which have no gradient: the third with margin ½, the last with margin 0. One margin is no float32. */
    private static Stream<Sample> hardMargins() {
        double[] logits = {
                1000, 0, -1000, -INF, 1, 2, 1e30, -1e30, 1e30, -INF, -INF, -INF, 5, NAN, 0, 3e38, -3e38, 1e-40, INF, 0,
                1, 7,
                7, 7};
        double[] labels = {2, 1, 0, 1, 0, 0, 1, 2};
        Stream<Sample> rows = Stream.of(0.5, 1.0, 0.0, -1.0, 1e39).map(margin -> new Sample("special, margin " + margin,
                values -> values.get(0).softmaxMargin(values.get(1), margin),
                List.of(Sample.Input.of(DType.FLOAT32, logits).shaped(8, 3), Sample.Input.of(DType.INT32, labels)),
                Tolerance.ulps(8).above(1), Tolerance.ulps(8).above(2), true));
        double[] single = {7, -INF, NAN, -1e30};
        return Stream.concat(rows, Stream.of(new Sample("special, one class",
                values -> values.get(0).softmaxMargin(values.get(1), 0.5),
                List.of(Sample.Input.of(DType.FLOAT32, single).shaped(4, 1), Sample.Input.of(DType.INT32, 0, 0, 0, 0)),
                Tolerance.ulps(1), Tolerance.ulps(1), true)));
    }

    private static Stream<Sample> batchNorm(Grid grid) {
        Stream<int[]> shapes = Stream.concat(
                grid.lengths().stream().filter(n -> n > 1)
                        .flatMap(n -> n > 1000
                                ? Stream.of(new int[] {n, 2}, new int[] {2, 2, n})
                                : Stream.of(new int[] {n, 3}, new int[] {4, n}, new int[] {2, 3, n})),
                Stream.of(new int[] {4, 1, 2, 3}, new int[] {2, 3, 2, 2}));
        // x̂ is at most √n, and wrong by units of 3 / √epsilon where all x are equal; gradients are sums of n of them. The
        // usual epsilon is for samples too large to be tried with equal x.
        return shapes.flatMap(shape -> {
            int n = Arrays.stream(shape).reduce(1, (a, b) -> a * b) / shape[1];
            double epsilon = n > 200 ? 1e-5 : 0x1p-4;
            Sample.Input bias = Sample.Input.of(Domain.REAL, "bias", shape[1]);
            Sample plain = batchNorm(epsilon, Activation.NONE, n, Sample.Input.of(Domain.REAL, "x", shape),
                    Sample.Input.of(Domain.NONZERO, "weight", shape[1]), bias);
            // Nothing comes close to the kink: x leaves a gap around its mean, biases are small against it, and not zero.
            double[] small = Arrays.stream(bias.values()).map(value -> Math.copySign(0x1p-7, value)).toArray();
            return Stream.of(plain, batchNorm(epsilon, Activation.RELU, n, Sample.Input.of(Domain.NONZERO, "x", shape),
                    Sample.Input.of(Domain.POSITIVE, "weight", shape[1]), Sample.Input.of(DType.FLOAT32, small)));
        });
    }

    private static Sample batchNorm(double epsilon, Activation activation, int n, Sample.Input... inputs) {
        return new Sample(inputs[0].shape() + ", epsilon " + epsilon + ", " + activation,
                values -> Autograd.apply(new KernelOps.BatchNorm(epsilon, activation), values.toArray(Tensor[]::new)),
                List.of(inputs), Tolerance.ulps(12).above(16), Tolerance.ulps(16).above(Math.max(64, 8 * n)), false);
    }

    private static Stream<Sample> linear(Grid grid) {
        return grid.lengths().stream().filter(n -> n <= 65)
                .flatMap(n -> Stream.of(Activation.RELU, Activation.TANH, Activation.SIGMOID)
                        .flatMap(activation -> Stream.of(linear(activation, 3, n, 4), linear(activation, n, 5, 3),
                                linear(activation, n, 2, n))));
    }

    /** Errors of the product pass through a derivative of at most 1; those of what is summed are of its terms' size. */
    private static Sample linear(Activation activation, int rows, int in, int out) {
        return new Sample(rows + " rows, " + in + " to " + out + ", " + activation,
                values -> values.get(0).linear(values.get(1), values.get(2), activation),
                List.of(Sample.Input.of(Domain.REAL, "x", rows, in), Sample.Input.of(Domain.REAL, "weight", out, in),
                        Sample.Input.of(Domain.REAL, "bias", out)),
                Tolerance.ulps(6 + 2 * Math.sqrt(in + 1)).above(4 * in + 4),
                Tolerance.ulps(6 + 2 * Math.sqrt(Math.max(rows, out))).above(8.0 * Math.max(rows, out) * (in + 1)),
                false);
    }

    /** Over the last axis, and over several. */
    private static Stream<Sample> layerNorm(Grid grid) {
        Stream<Sample> rows = grid.lengths().stream().filter(n -> n > 0)
                .flatMap(n -> n > 1000
                        ? Stream.of(layerNorm(true, 1, 2, n), layerNorm(false, 1, n, 2))
                        : Stream.of(layerNorm(true, 1, 3, n), layerNorm(false, 1, n, 3), layerNorm(true, 1, n)));
        Stream<Sample> more = Stream.of(layerNorm(true, 2, 2, 3, 4), layerNorm(false, 3, 2, 1, 3),
                layerNorm(true, 1, 2, 3, 5), layerNorm(true, 1, 0, 4));
        Stream<Sample> drawn = Stream.concat(rows, more);
        return grid.specials() ? Stream.concat(drawn, hardRows()) : drawn;
    }

    /** As in batch normalisation, with a row in a channel's place; gradients of weight and bias are sums over rows. */
    private static Sample layerNorm(boolean affine, int axes, int... shape) {
        int[] last = Arrays.copyOfRange(shape, shape.length - axes, shape.length);
        int n = Arrays.stream(last).reduce(1, (a, b) -> a * b);
        int rows = Arrays.stream(shape).reduce(1, (a, b) -> a * b) / n;
        double epsilon = n > 200 ? 1e-5 : 0x1p-4;
        Sample.Input x = Sample.Input.of(Domain.REAL, "x", shape);
        Sample.Input weight = Sample.Input.of(Domain.NONZERO, "weight", last);
        return new Sample(
                Arrays.toString(shape) + " over " + axes + ", epsilon " + epsilon + (affine ? ", affine" : ""),
                values -> layerNorm(values, last, epsilon),
                affine ? List.of(x, weight, Sample.Input.of(Domain.REAL, "bias", last)) : List.of(x),
                Tolerance.ulps(12).above(16), Tolerance.ulps(16).above(Math.max(64, 8 * rows)), false);
    }

    private static Tensor layerNorm(List<Tensor> values, int[] last, double epsilon) {
        boolean affine = values.size() == 3;
        return values.getFirst().layerNorm(last, affine ? values.get(1) : null, affine ? values.get(2) : null, epsilon);
    }

    private static Stream<Sample> hardRows() {
        return Stream.of(new double[] {1, NAN, 2, 3}, new double[] {INF, 0, 1, 2}, new double[] {5, 5, 5, 5},
                new double[] {-INF, INF, 0, 1}, new double[] {1e-20, 0, -1e-20, 0},
                new double[] {1e4, 10001, 10002, 10003})
                .map(row -> new Sample("special " + Arrays.toString(row),
                        values -> layerNorm(values, new int[] {4}, 1e-5),
                        List.of(Sample.Input.of(DType.FLOAT32, row).shaped(1, 4),
                                Sample.Input.of(Domain.NONZERO, "weight", 4),
                                Sample.Input.of(Domain.REAL, "bias", 4)),
                        Tolerance.ulps(12).above(16), Tolerance.ulps(16).above(4096), true));
    }

    /** What cancels is of the size of x, at most 3. */
    private static Stream<Sample> gelu(Grid grid) {
        Stream<Sample> drawn = grid.all().map(shape -> new Sample(Arrays.toString(shape),
                values -> values.getFirst().gelu(), List.of(Sample.Input.of(Domain.REAL, "x", shape)),
                Tolerance.ulps(4).above(3), Tolerance.ulps(8).above(2), false));
        Sample hard = new Sample("special", values -> values.getFirst().gelu(), List.of(Sample.Input.of(DType.FLOAT32,
                INF, -INF, NAN, 0, -0.0, 1e-40, -1e-40, 3e38, -3e38, 2e19, -2e19, 1000, -1000, 6, -6, 5.5, -5.5, 9,
                -9)), Tolerance.ulps(4).above(3), Tolerance.ulps(8).above(2), true);
        return grid.specials() ? Stream.concat(drawn, Stream.of(hard)) : drawn;
    }

    private static Stream<Sample> dropout(Grid grid) {
        return Stream.of(0.0, 0.25, 0.5, 0.9)
                .flatMap(p -> grid.all().map(shape -> new Sample(Arrays.toString(shape) + ", p " + p,
                        values -> Autograd.apply(new KernelOps.Dropout(p, 42, 7), values.toArray(Tensor[]::new)),
                        List.of(Sample.Input.of(Domain.NONZERO, "x", shape), Sample.Input.of(DType.INT32, 3).shaped()),
                        Tolerance.ulps(1), Tolerance.ulps(1), false)));
    }
}
