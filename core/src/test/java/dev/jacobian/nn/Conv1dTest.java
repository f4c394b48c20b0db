package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class Conv1dTest {
    private static final Tensor ROW = Tensor.of(1f, 1f, 4f, 4f, 4f, 1f, 1f).reshape(1, 1, 7);

    @TempDir
    private Path folder;

    @BeforeEach
    void seed() {
        Rng.seed(5);
    }

    private static Conv1d with(Conv1d layer, float... weight) {
        try (var _ = Autograd.noGrad()) {
            layer.weight().set(Tensor.of(weight).reshape(layer.weight().shape()));
            if (layer.bias() != null) {
                layer.bias().set(layer.bias().zerosLike());
            }
        }
        return layer;
    }

    @Test
    void hasThreeModesOfPadding() {
        Conv1d layer = with(new Conv1d(1, 1, 3), 0.25f, 0.25f, 0.25f);
        float[] valid = {1.5f, 2.25f, 3, 2.25f, 1.5f};
        assertThat(layer.call(ROW).toArray()).containsExactly(valid);
        assertThat(layer.padding(Padding.VALID).call(ROW).toArray()).containsExactly(valid);
        assertThat(layer.padding(Padding.FULL).call(ROW).toArray())
                .containsExactly(0.25f, 0.5f, 1.5f, 2.25f, 3, 2.25f, 1.5f, 0.5f, 0.25f);
        assertThat(layer.padding(Padding.SAME).call(ROW).toArray())
                .containsExactly(0.5f, 1.5f, 2.25f, 3, 2.25f, 1.5f, 0.5f);
        assertThat(layer.padding(0).call(ROW).toArray()).containsExactly(valid);
    }

    @Test
    void multipliesWithoutTurningTheKernelRound() {
        Conv1d layer = with(new Conv1d(1, 1, 3), 1, 10, 100);
        assertThat(layer.call(ROW).toArray()).containsExactly(411, 441, 444, 144, 114);
    }

    /** An even number of elements has its odd zero behind: the first result sees none in front, the last sees one. */
    @Test
    void putsTheOddZeroBehind() {
        Tensor x = Tensor.of(1f, 2f, 3f).reshape(1, 1, 3);
        assertThat(with(new Conv1d(1, 1, 2).padding(Padding.SAME), 1, 10).call(x).toArray())
                .containsExactly(21, 32, 3);
        assertThat(with(new Conv1d(1, 1, 4).padding(Padding.SAME), 1, 10, 100, 1000).call(x).toArray())
                .containsExactly(3210, 321, 32);
        // The kernel reaches over 1 + 3 · 1 elements.
        assertThat(with(new Conv1d(1, 1, 2).dilation(3).padding(Padding.SAME), 1, 10).call(x).toArray())
                .containsExactly(30, 1, 2);
    }

    record Case(int n, int channels, int length, int filters, int kernel, int groups, int stride, int dilation,
            Padding mode, int padding) {
        Conv1d layer() {
            Conv1d layer = new Conv1d(channels, filters, kernel, groups, true).stride(stride).dilation(dilation);
            return mode == null ? layer.padding(padding) : layer.padding(mode);
        }

        /** Zeros in front of the input. */
        int before() {
            int more = dilation * (kernel - 1);
            return mode == null ? padding : switch (mode) {
                case VALID -> 0;
                case SAME -> more / 2;
                case FULL -> more;
            };
        }

        /** How many results there are: a position counts if the kernel lies in the padded input. */
        int positions() {
            int more = dilation * (kernel - 1);
            int all = length + (mode == Padding.SAME ? more : 2 * before());
            return (int) IntStream.iterate(0, start -> start + more < all, start -> start + stride).count();
        }

        /** The definition, in plain loops. */
        double[] convolve(double[] x, double[] weight, double[] bias) {
            double[] y = new double[n * filters * positions()];
            int own = channels / groups;
            for (int i = 0; i < y.length; i++) {
                int q = i % positions();
                int filter = i / positions() % filters;
                int image = i / positions() / filters;
                y[i] = bias[filter];
                for (int c = 0; c < own; c++) {
                    int channel = filter / (filters / groups) * own + c;
                    for (int j = 0; j < kernel; j++) {
                        int at = q * stride + j * dilation - before();
                        if (at >= 0 && at < length) {
                            y[i] += weight[(filter * own + c) * kernel + j]
                                    * x[(image * channels + channel) * length + at];
                        }
                    }
                }
            }
            return y;
        }
    }

    static Stream<Case> cases() {
        Stream<Case> lengths = IntStream.of(1, 2, 5, 12).boxed()
                .flatMap(length -> IntStream.of(1, 2, 3, 4, 7).boxed().flatMap(kernel -> Stream.of(1, 2, 3)
                        .flatMap(dilation -> Stream.of(Padding.values())
                                .map(mode -> new Case(2, 2, length, 3, kernel, 1, 1, dilation, mode, 0)))))
                .filter(c -> c.positions() > 0);
        return Stream.concat(lengths, Stream.of(new Case(0, 2, 5, 3, 3, 1, 1, 1, Padding.SAME, 0),
                new Case(2, 4, 9, 6, 3, 2, 2, 1, null, 1), new Case(1, 5, 8, 5, 4, 5, 1, 1, Padding.SAME, 0),
                new Case(3, 3, 11, 6, 2, 3, 3, 4, Padding.FULL, 0), new Case(2, 1, 10, 2, 5, 1, 4, 2, null, 3),
                new Case(1, 2, 3, 2, 3, 1, 2, 1, Padding.VALID, 0), new Case(2, 2, 1, 2, 1, 1, 9, 1, null, 4)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isItsDefinition(Case c) {
        Conv1d layer = c.layer();
        layer.to(DType.FLOAT64);
        Tensor x = Rng.normal(c.n, c.channels, c.length).to(DType.FLOAT64);
        Tensor y = layer.call(x);
        assertThat(y.shape()).isEqualTo(Shape.of(c.n, c.filters, c.positions()));
        double[] expected = c.convolve(x.toDoubleArray(), layer.weight().toDoubleArray(),
                layer.bias().toDoubleArray());
        assertThat(y.toDoubleArray()).containsExactly(expected, within(1e-13));
        if (c.mode == Padding.SAME) {
            assertThat(y.dim(2)).isEqualTo(c.length);
        } else if (c.mode == Padding.FULL && c.stride == 1) {
            assertThat(y.dim(2)).isEqualTo(c.length + c.dilation * (c.kernel - 1));
        }
    }

    @Test
    void takesItsSettingsInAnyOrder() {
        Tensor x = Rng.normal(1, 1, 9);
        Conv1d first = with(new Conv1d(1, 1, 4).padding(Padding.FULL).dilation(2).stride(3), 1, 2, 3, 4);
        Conv1d last = with(new Conv1d(1, 1, 4).stride(3).dilation(2).padding(Padding.FULL), 1, 2, 3, 4);
        assertThat(first.call(x).toArray()).hasSize(5).containsExactly(last.call(x).toArray());
        assertThat(new Conv1d(1, 1, 4).padding(Padding.SAME).dilation(5).call(x).shape()).isEqualTo(x.shape());
        assertThat(new Conv1d(1, 1, 4).stride(2).padding(Padding.SAME).stride(1).call(x).shape()).isEqualTo(x.shape());
    }

    @Test
    void isThePlanarOneOfHeightOne() {
        Tensor x = Rng.normal(2, 4, 11);
        Conv1d row = new Conv1d(4, 6, 3, 2, true).stride(2).padding(2).dilation(2);
        Conv2d plane = new Conv2d(4, 6, 1, 3, 2, true).stride(1, 2).padding(0, 2).dilation(1, 2);
        try (var _ = Autograd.noGrad()) {
            plane.weight().set(row.weight().unsqueeze(2));
            plane.bias().set(row.bias());
        }
        Tensor y = row.call(x);
        assertThat(y.toArray()).containsExactly(plane.call(x.unsqueeze(2)).toArray());
        assertThat(x.conv1d(row.weight(), row.bias(), 2, 2, 2, 2).toArray()).containsExactly(y.toArray());
        Tensor signal = Rng.normal(2, 1, 9);
        Tensor kernel = Rng.normal(3, 1, 4);
        assertThat(signal.conv1d(kernel, null, 1, Padding.SAME).toArray())
                .containsExactly(signal.conv1d(kernel, null, 1, Padding.SAME, 1, 1).toArray()).hasSize(2 * 3 * 9);
    }

    @Test
    void startsUniformWithinOneOverTheRootOfFanIn() {
        Conv1d layer = new Conv1d(8, 64, 5, 2, true);
        assertThat(layer.weight().shape()).isEqualTo(Shape.of(64, 4, 5));
        assertThat(layer.bias().shape()).isEqualTo(Shape.of(64));
        double bound = 1 / Math.sqrt(4 * 5);
        assertThat(layer.weight().abs().max().item()).isBetween(0.95 * bound, bound);
        assertThat(layer.bias().abs().max().item()).isBetween(0.9 * bound, bound);
        // A uniform number's square is a third of the bound's in the mean; of 1280, within 5 standard deviations.
        assertThat(layer.weight().square().mean().item() / (bound * bound)).isCloseTo(1.0 / 3, within(0.042));
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(new Conv1d(2, 3, 3).padding(1).stride(2), Rng.normal(2, 2, 6)))
                .isEqualTo(24 + 18 + 3);
        assertThat(LayerGradients.check(new Conv1d(4, 4, 2, 2, false).dilation(3), Rng.normal(2, 4, 5)))
                .isEqualTo(40 + 16);
        assertThat(LayerGradients.check(new Conv1d(2, 2, 4).padding(Padding.SAME), Rng.normal(2, 2, 5)))
                .isEqualTo(20 + 16 + 2);
        assertThat(LayerGradients.check(new Conv1d(3, 3, 3, 3, true).padding(Padding.FULL).dilation(2),
                Rng.normal(1, 3, 4))).isEqualTo(12 + 9 + 3);
        assertThat(LayerGradients.check(new Conv1d(1, 2, 5).padding(Padding.SAME), Rng.normal(2, 1, 1)))
                .isEqualTo(2 + 10 + 2);
    }

    @Test
    void hasPyTorchsStateAndText() {
        assertThat(new Conv1d(1, 2, 3).stateDict().keySet()).containsExactly("weight", "bias");
        assertThat(new Conv1d(1, 2, 3, 1, false).stateDict()).containsOnlyKeys("weight");
        assertThat(new Conv1d(1, 32, 3)).hasToString("Conv1d(1, 32, kernel_size=(3,), stride=(1,))");
        assertThat(new Conv1d(4, 8, 3, 4, false).stride(2).padding(1).dilation(2)).hasToString(
                "Conv1d(4, 8, kernel_size=(3,), stride=(2,), padding=(1,), dilation=(2,), groups=4, bias=false)");
        assertThat(new Conv1d(1, 1, 2).padding(Padding.SAME))
                .hasToString("Conv1d(1, 1, kernel_size=(2,), stride=(1,), padding=same)");
    }

    @Test
    void isSavedAndLoadedInAChain() {
        Sequential saved = chain();
        Path file = folder.resolve("model.safetensors");
        saved.save(file);
        Sequential loaded = chain();
        assertThat(loaded.load(file).isComplete()).isTrue();
        assertThat(loaded.stateDict().keySet()).contains("0.weight", "0.bias", "3.weight", "3.bias");
        Tensor x = Rng.normal(2, 3, 16);
        assertThat(loaded.eval().call(x).toArray()).hasSize(2 * 5).containsExactly(saved.eval().call(x).toArray());
        assertThat(saved.parameterCount()).isEqualTo(3 * 8 * 3 + 8 + 16 + 8 * 4 * 2 + 4 + 4 * 8 * 5 + 5);
    }

    private static Sequential chain() {
        return new Sequential(new Conv1d(3, 8, 3).padding(Padding.SAME), new BatchNorm(8), new ReLU(),
                new Conv1d(8, 4, 2).stride(2), new Tanh(), new Flatten(), new Linear(32, 5));
    }

    @Test
    void takesABatchOfNone() {
        for (Padding mode : Padding.values()) {
            Conv1d layer = new Conv1d(2, 3, 4).padding(mode);
            Tensor y = layer.call(Tensor.zeros(0, 2, 5));
            assertThat(y.shape()).isEqualTo(Shape.of(0, 3, Map.of(Padding.VALID, 2, Padding.SAME, 5, Padding.FULL, 8)
                    .get(mode)));
            y.sum().backward();
            assertThat(layer.weight().grad().toArray()).hasSize(24).containsOnly(0);
        }
    }

    @Test
    void saysWhatDoesNotFit() {
        Conv1d layer = new Conv1d(4, 8, 3);
        refused(() -> layer.call(Tensor.zeros(2, 3, 9)),
                "conv1d: got 3 input channels, expected 4 (weight [8, 4, 3], groups 1) (in Conv1d)");
        refused(() -> layer.call(Tensor.zeros(4, 9)),
                "conv1d: shape [4, 9], expected [N, C, L]; add what is missing with unsqueeze or reshape (in Conv1d)");
        refused(() -> layer.dilation(2).call(Tensor.zeros(1, 4, 4)),
                "conv1d: the kernel reaches over 5, expected at most the padded input's 4 (input [1, 4, 4]); pad more,"
                        + " or take a smaller kernel or dilation (in Conv1d)");
        for (Conv1d each : List.of(layer.padding(1), layer.padding(Padding.FULL), new Conv1d(4, 8, 2).padding(
                Padding.SAME))) {
            refused(() -> each.call(Tensor.zeros(1, 4, 0)),
                    "conv1d: shape [1, 4, 0], expected lengths of at least 1 behind the first (in Conv1d)");
            refused(() -> each.call(Tensor.zeros(1, 4, 9).to(DType.FLOAT64)),
                    "conv1d: input of type float64, expected the weight's float32; convert with to(DType) (in Conv1d)");
            refused(() -> each.call(Tensor.zeros(1, 4, 9).to(DType.INT32)),
                    "conv1d: type int32, expected a floating-point type; convert with to(DType.FLOAT32) (in Conv1d)");
        }
        refused(() -> new Conv1d(1, 1, 3).padding(Padding.SAME).stride(2).call(ROW),
                "conv1d: stride 2 with padding SAME, expected 1; a stride shortens the output, so give the padding as a"
                        + " number (in Conv1d)");
    }

    @Test
    void saysWhichSettingsDoNotFit() {
        refused(() -> new Conv1d(0, 2, 3), "conv1d: inChannels 0, outChannels 2, expected at least 1 each");
        refused(() -> new Conv1d(4, 6, 3, 4, true),
                "conv1d: groups 4, expected a divisor of inChannels 4 and of outChannels 6");
        refused(() -> new Conv1d(1, 1, 0), "conv1d: kernel 0, expected at least 1");
        refused(() -> new Conv1d(1, 1, 1).stride(0), "conv1d: stride 0, expected at least 1");
        refused(() -> new Conv1d(1, 1, 1).padding(-1), "conv1d: padding -1, expected at least 0");
        refused(() -> new Conv1d(1, 1, 1).dilation(0), "conv1d: dilation 0, expected at least 1");
        assertThatNullPointerException().isThrownBy(() -> new Conv1d(1, 1, 1).padding(null));
    }

    private static void refused(Runnable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call::run).withMessage(message);
    }
}
