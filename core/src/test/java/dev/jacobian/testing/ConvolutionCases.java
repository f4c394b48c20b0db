package dev.jacobian.testing;

import dev.jacobian.backend.AvgPool2dKernel;
import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.MaxPool2dKernel;
import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Windows over planes: odd and rectangular sizes, and every parameter off its usual value, alone and with others. */
final class ConvolutionCases {
    private static final double INF = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    /** Gradients of elements under several windows are sums of terms up to 2. */
    private static final Tolerance FEW_TERMS = Tolerance.ulps(4).above(8);

    private ConvolutionCases() {}

    static Stream<OpCase> all() {
        return Stream.of(OpCase.of("Conv2d", "", ConvolutionCases::conv2d).fusedBy(Conv2dKernel.class),
                OpCase.of("MaxPool2d", "", ConvolutionCases::maxPool).fusedBy(MaxPool2dKernel.class),
                OpCase.of("AvgPool2d", "", ConvolutionCases::avgPool).fusedBy(AvgPool2dKernel.class),
                OpCase.of("Tensor", "conv1d", ConvolutionCases::conv1d),
                OpCase.of("Tensor", "conv2d padded", ConvolutionCases::padded));
    }

    private static int[] dims(int... lengths) {
        return lengths;
    }

    private static Stream<Sample> conv2d(Grid grid) {
        if (grid.equals(Grid.GRADIENT)) {
            return Stream.of(conv(dims(2, 2, 3, 4), 2, 1, Window2d.of(2, 3).padding(1, 1), true),
                    conv(dims(1, 2, 5, 4), 1, 1, Window2d.of(2, 2).stride(2, 3).padding(0, 1), false),
                    conv(dims(1, 2, 4, 3), 4, 2, Window2d.of(2, 2).dilation(2, 1), true),
                    conv(dims(1, 3, 2, 3), 3, 3, Window2d.of(1, 2), false));
        }
        Stream<Sample> all = Stream.of(square(), rectangular(), grouped()).flatMap(samples -> samples);
        return grid.largest() < 1000 ? all : Stream.concat(all, large());
    }

    private static Stream<Sample> square() {
        Window2d three = Window2d.of(3, 3);
        return Stream.of(conv(dims(1, 1, 1, 1), 1, 1, Window2d.of(1, 1), true),
                conv(dims(0, 3, 5, 5), 2, 1, three, true),
                conv(dims(2, 3, 5, 7), 4, 1, three, false),
                conv(dims(2, 3, 5, 7), 4, 1, three.padding(1, 1), true),
                conv(dims(2, 3, 7, 6), 4, 1, three.padding(1, 1).stride(2, 2), true),
                conv(dims(1, 2, 9, 8), 3, 1, three.padding(2, 2).dilation(2, 2), true),
                conv(dims(2, 6, 4, 5), 3, 1, Window2d.of(1, 1), true),
                conv(dims(2, 3, 5, 5), 5, 1, Window2d.of(1, 1).stride(2, 2), false),
                conv(dims(1, 2, 11, 12), 2, 1, Window2d.of(2, 2).stride(5, 5), false),
                conv(dims(1, 2, 3, 3), 2, 1, Window2d.of(2, 2).padding(3, 3), true));
    }

    private static Stream<Sample> rectangular() {
        return Stream.of(conv(dims(3, 2, 6, 5), 4, 1, Window2d.of(6, 5), true),
                conv(dims(2, 2, 4, 9), 3, 1, Window2d.of(2, 3).padding(1, 0).stride(2, 3), true),
                conv(dims(2, 3, 8, 5), 2, 1, Window2d.of(3, 2).padding(2, 1).stride(3, 2).dilation(1, 3), false),
                conv(dims(2, 1, 6, 1), 2, 1, Window2d.of(5, 1).padding(2, 0), true),
                conv(dims(2, 1, 1, 9), 2, 1, Window2d.of(1, 4).stride(1000, 2), true),
                // Its only row of windows sees nothing but padding.
                conv(dims(1, 4, 8, 14), 2, 2, Window2d.of(1, 1).stride(50, 2).padding(3, 2).dilation(2, 1), true),
                conv(dims(1, 2, 2, 3), 2, 1, Window2d.of(1, 1).stride(50, 50).padding(3, 9), true));
    }

    private static Stream<Sample> grouped() {
        Window2d three = Window2d.of(3, 3);
        return Stream.of(conv(dims(2, 4, 5, 5), 6, 2, three.padding(1, 1), true),
                conv(dims(2, 5, 6, 7), 5, 5, three.padding(1, 1), true),
                conv(dims(1, 3, 5, 5), 6, 3, Window2d.of(2, 2).stride(2, 2), false),
                conv(dims(2, 6, 7, 7), 3, 3, three.stride(2, 2).dilation(2, 2).padding(2, 2), true));
    }

    /** Around the widths of vectors and tiles. */
    private static Stream<Sample> large() {
        return Stream.of(conv(dims(3, 17, 15, 13), 33, 1, Window2d.of(3, 3).padding(1, 1), true),
                conv(dims(2, 16, 9, 33), 17, 1, Window2d.of(3, 3), false),
                conv(dims(19, 16, 7, 7), 16, 1, Window2d.of(3, 3).padding(1, 1), false),
                conv(dims(3, 40, 5, 9), 70, 1, Window2d.of(3, 3).padding(2, 0), true),
                conv(dims(5, 1, 28, 28), 16, 1, Window2d.of(5, 5).padding(2, 2), true),
                conv(dims(1, 64, 8, 8), 65, 1, Window2d.of(1, 1), true),
                conv(dims(2, 65, 9, 10), 65, 65, Window2d.of(3, 3).padding(1, 1).stride(2, 2), true),
                conv(dims(3, 33, 14, 15), 33, 33, Window2d.of(3, 3).padding(1, 1), true),
                conv(dims(2, 7, 13, 40), 7, 7, Window2d.of(5, 5).padding(2, 1), false));
    }

    private static Sample conv(int[] x, int filters, int groups, Window2d window, boolean biased) {
        int channels = x[1] / groups;
        int kernel = window.kernelH() * window.kernelW();
        int positions = window.outputHeight(x[2]) * window.outputWidth(x[3]);
        Sample.Input input = Sample.Input.of(Domain.REAL, "x", x);
        Sample.Input weight = Sample.Input.of(Domain.REAL, "weight", filters, channels, window.kernelH(),
                window.kernelW());
        Sample.Input bias = Sample.Input.of(Domain.REAL, "bias", filters);
        int backward = Math.max(x[0] * positions, filters / groups * kernel);
        return new Sample(Arrays.toString(x) + " to " + filters + ", groups " + groups + ", " + window
                + (biased ? ", bias" : ""),
                values -> values.get(0).conv2d(values.get(1), biased ? values.get(2) : null, window, groups),
                biased ? List.of(input, weight, bias) : List.of(input, weight),
                ProductCases.ofTerms(channels * kernel + 1), ProductCases.ofTerms(backward), false);
    }

    private static Stream<Sample> conv1d(Grid grid) {
        Stream<Sample> small = Stream.of(row(dims(2, 2, 5), 2, 3, 1, Padding.SAME, 1, 1),
                row(dims(1, 2, 4), 2, 2, 1, Padding.SAME, 3, 2), row(dims(2, 1, 6), 2, 3, 2, Padding.FULL, 1, 1),
                row(dims(1, 3, 5), 3, 2, 2, Padding.VALID, 1, 3), row(dims(1, 1, 1), 1, 4, 1, Padding.FULL, 1, 1));
        if (grid.equals(Grid.GRADIENT)) {
            return small;
        }
        Stream<Sample> odd = Stream.of(row(dims(0, 3, 7), 2, 3, 1, Padding.FULL, 1, 1),
                row(dims(3, 4, 17), 6, 4, 1, Padding.SAME, 2, 2), row(dims(2, 3, 33), 9, 1, 3, Padding.VALID, 1, 1),
                row(dims(2, 5, 31), 5, 5, 1, Padding.SAME, 1, 5), row(dims(1, 2, 3), 3, 9, 2, Padding.FULL, 1, 1));
        Stream<Sample> all = Stream.concat(small, odd);
        return grid.largest() < 1000
                ? all
                : Stream.concat(all, Stream.of(row(dims(3, 17, 65), 33, 3, 1, Padding.SAME, 1, 1),
                        row(dims(1, 9, 1000), 17, 8, 1, Padding.SAME, 1, 1),
                        row(dims(2, 8, 257), 16, 5, 2, Padding.FULL, 2, 2)));
    }

    private static Sample row(int[] x, int filters, int kernel, int stride, Padding padding, int dilation, int groups) {
        int channels = x[1] / groups;
        int positions = x[2] + dilation * (kernel - 1);
        return padded(Arrays.toString(x) + " to " + filters + ", kernel " + kernel + ", stride " + stride + ", "
                + padding + ", dilation " + dilation + ", groups " + groups, x, dims(filters, channels, kernel),
                Math.max(x[0] * positions, filters / groups * kernel),
                values -> values.get(0).conv1d(values.get(1), values.get(2), stride, padding, dilation, groups));
    }

    private static Sample padded(String label, int[] x, int[] weight, int backward,
            Function<List<Tensor>, Tensor> function) {
        int terms = Arrays.stream(weight).skip(1).reduce(1, (a, b) -> a * b);
        return new Sample(label, function,
                List.of(Sample.Input.of(Domain.REAL, "x", x), Sample.Input.of(Domain.REAL, "weight", weight),
                        Sample.Input.of(Domain.REAL, "bias", weight[0])),
                ProductCases.ofTerms(terms + 1), ProductCases.ofTerms(backward), false);
    }

    private static Stream<Sample> padded(Grid grid) {
        Stream<Window2d> windows = grid.equals(Grid.GRADIENT)
                ? Stream.of(Window2d.of(2, 3), Window2d.of(2, 2))
                : Stream.of(Window2d.of(2, 3), Window2d.of(4, 2).dilation(1, 3), Window2d.of(6, 7));
        return windows.flatMap(window -> Stream.of(Padding.SAME, Padding.FULL)
                .map(mode -> padded(window + ", " + mode, dims(2, 2, 4, 5), dims(3, 2, window.kernelH(),
                        window.kernelW()), 2 * 10 * 11,
                        values -> values.get(0).conv2d(values.get(1), values.get(2), window, mode, 1))));
    }

    private static Stream<Pooled> pooled(Grid grid) {
        Window2d two = Window2d.of(2, 2).stride(2, 2);
        Window2d three = Window2d.of(3, 3);
        if (grid.equals(Grid.GRADIENT)) {
            return Stream.of(new Pooled(two, 1, 2, 4, 4), new Pooled(Window2d.of(3, 2).padding(1, 1), 2, 1, 3, 3),
                    new Pooled(two.stride(1, 3), 1, 1, 3, 5));
        }
        Stream<Pooled> small = Stream.of(new Pooled(Window2d.of(1, 1), 1, 1, 1, 1), new Pooled(two, 0, 3, 4, 4),
                new Pooled(two, 2, 3, 4, 6), new Pooled(two, 2, 3, 5, 7), new Pooled(two.padding(1, 1), 2, 1, 5, 4),
                new Pooled(three, 1, 2, 5, 6), new Pooled(three.stride(2, 2).padding(1, 1), 2, 2, 7, 8),
                new Pooled(Window2d.of(2, 3).stride(3, 1).padding(1, 0), 2, 3, 6, 5),
                new Pooled(Window2d.of(5, 4), 3, 2, 5, 4), new Pooled(Window2d.of(1, 3).stride(7, 2), 2, 2, 3, 9));
        return grid.largest() < 1000
                ? small
                : Stream.concat(small, Stream.of(new Pooled(two, 3, 17, 28, 28), new Pooled(two, 2, 5, 3, 66),
                        new Pooled(three.stride(2, 2).padding(1, 1), 2, 65, 15, 17)));
    }

    private record Pooled(Window2d window, int n, int channels, int height, int width) {
        Sample.Input input() {
            return Sample.Input.of(Domain.REAL, "planes", n, channels, height, width);
        }

        @Override
        public String toString() {
            return "[" + n + ", " + channels + ", " + height + ", " + width + "], " + window;
        }
    }

    private static Stream<Sample> maxPool(Grid grid) {
        Stream<Pooled> dilated = Stream.of(new Pooled(Window2d.of(2, 2).dilation(2, 3), 1, 1, 4, 5),
                new Pooled(Window2d.of(3, 2).dilation(2, 1).padding(1, 1).stride(1, 2), 2, 1, 5, 4));
        Stream<Sample> drawn = Stream.concat(pooled(grid), dilated)
                .map(pooled -> new Sample(pooled.toString(), values -> values.getFirst().maxPool2d(pooled.window),
                        List.of(pooled.input()), Tolerance.EXACT, FEW_TERMS, false));
        return grid.specials() ? Stream.concat(drawn, hard().flatMap(ConvolutionCases::hardMaxima)) : drawn;
    }

    /**
     * Planes of 4 by 4: what is not a number, what is infinite, and equals, whose first takes the gradient. At the padding,
     * no window is −∞ throughout.
     */
    private static Stream<double[]> hard() {
        return Stream.of(new double[] {1, NAN, 2, 3, NAN, 5, 3, 3, 0, -0.0, 7, 7, -0.0, 0, 7, 7},
                new double[] {-3e38, -INF, INF, 0, -INF, -INF, -INF, -INF, NAN, INF, -INF, -INF, -INF, NAN, -3e38, -5},
                new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                new double[] {0, 0, 0, 2, 0, 0, 2, 0, 1e-45, -1e-45, 0, 0, -1, -1, -2, 0});
    }

    private static Stream<Sample> hardMaxima(double... values) {
        return Stream.of(Window2d.of(2, 2).stride(1, 2), Window2d.of(3, 2).stride(1, 2).padding(1, 0))
                .map(window -> special(values, window, "maximum", x -> x.maxPool2d(window)));
    }

    private interface Pooling {
        Tensor apply(Tensor x);
    }

    private static Sample special(double[] values, Window2d window, String what, Pooling pooling) {
        return new Sample("special " + what + ", " + Arrays.toString(values) + ", " + window,
                inputs -> pooling.apply(inputs.getFirst()),
                List.of(Sample.Input.of(DType.FLOAT32, values).shaped(1, 1, 4, 4)), FEW_TERMS, FEW_TERMS, true);
    }

    private static Stream<Sample> avgPool(Grid grid) {
        Stream<Sample> drawn = pooled(grid).flatMap(pooled -> Stream.of(true, false)
                .map(all -> new Sample(pooled + ", padding " + (all ? "counts" : "does not count"),
                        values -> values.getFirst().avgPool2d(pooled.window, all), List.of(pooled.input()),
                        ProductCases.ofTerms(pooled.window.kernelH() * pooled.window.kernelW()),
                        Tolerance.ofMagnitudes(8), false)));
        Window2d window = Window2d.of(2, 3).stride(1, 2).padding(1, 1);
        return grid.specials()
                ? Stream.concat(drawn,
                        hard().map(values -> special(values, window, "mean", x -> x.avgPool2d(window, false))))
                : drawn;
    }
}
