package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Conv1d;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/derivations/convolution-1d.md states: the three modes, smoothing, and the gradients. */
final class Convolution1dTest {
    private static final double[] VALID = {1.5, 2.25, 3, 2.25, 1.5};
    private static final double[] SAME = {0.5, 1.5, 2.25, 3, 2.25, 1.5, 0.5};
    private static final double[] FULL = {0.25, 0.5, 1.5, 2.25, 3, 2.25, 1.5, 0.5, 0.25};

    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(7);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static Tensor row(double... values) {
        return Tensor.of(values).reshape(1, 1, values.length);
    }

    private static Tensor normal(int... shape) {
        return Rng.normal(shape).to(DType.FLOAT64);
    }

    private static Tensor convolve(Tensor x, Tensor kernel, Padding mode) {
        return x.conv1d(kernel, null, 1, mode, 1, 1);
    }

    /** The convolution of mathematics: Σ over i of x_i w_(n−i), every n with an overlap. */
    private static double[] convolution(double[] x, double[] w) {
        double[] all = new double[x.length + w.length - 1];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < w.length; j++) {
                all[i + j] += x[i] * w[j];
            }
        }
        return all;
    }

    private static Tensor flip(Tensor kernel) {
        int k = kernel.dim(2);
        return kernel.indexSelect(2, Tensor.of(IntStream.range(0, k).map(j -> k - 1 - j).toArray()));
    }

    private static void equal(Tensor actual, Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.toDoubleArray()).containsExactly(expected.toDoubleArray(), within(1e-12));
    }

    @Test
    void threeModesGiveTheSourcesNumbers() {
        Tensor x = row(1, 1, 4, 4, 4, 1, 1);
        Tensor quarters = row(0.25, 0.25, 0.25);
        assertThat(convolve(x, quarters, Padding.VALID).toDoubleArray()).containsExactly(VALID);
        assertThat(convolve(x, quarters, Padding.SAME).toDoubleArray()).containsExactly(SAME);
        assertThat(convolve(x, quarters, Padding.FULL).toDoubleArray()).containsExactly(FULL);
        assertThat(Arrays.copyOfRange(FULL, 1, 8)).containsExactly(SAME);
        assertThat(Arrays.copyOfRange(SAME, 1, 6)).containsExactly(VALID);
        Conv1d layer = new Conv1d(1, 1, 3, 1, false);
        layer.to(DType.FLOAT64);
        try (var _ = Autograd.noGrad()) {
            layer.weight().set(quarters);
        }
        assertThat(layer.call(x).toDoubleArray()).containsExactly(VALID);
        assertThat(layer.padding(Padding.SAME).call(x).toDoubleArray()).containsExactly(SAME);
        assertThat(layer.padding(Padding.FULL).call(x).toDoubleArray()).containsExactly(FULL);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void modesArePartsOfEachOther(int k) {
        Tensor x = normal(1, 1, 8);
        Tensor w = normal(1, 1, k);
        Tensor full = convolve(x, w, Padding.FULL);
        assertThat(full.dim(2)).isEqualTo(8 + k - 1);
        // y_q of same begins with p = ⌊(k − 1)/2⌋ zeros, that is at k − 1 − p of full.
        int skipped = k - 1 - (k - 1) / 2;
        equal(convolve(x, w, Padding.SAME), full.slice(2, skipped, skipped + 8));
        equal(convolve(x, w, Padding.VALID), full.slice(2, k - 1, 8));
    }

    @Test
    void networksDoNotTurnTheKernelRound() {
        Tensor impulse = row(0, 0, 1, 0, 0);
        assertThat(convolve(impulse, row(1, 2, 4), Padding.VALID).toDoubleArray()).containsExactly(4, 2, 1);
        assertThat(convolve(impulse, flip(row(1, 2, 4)), Padding.VALID).toDoubleArray()).containsExactly(1, 2, 4);
        Tensor x = normal(1, 1, 9);
        double[] uneven = {0.5, -1, 2, 0.25};
        double[] expected = convolution(x.toDoubleArray(), uneven);
        assertThat(convolve(x, flip(row(uneven)), Padding.FULL).toDoubleArray())
                .containsExactly(expected, within(1e-14));
        assertThat(convolve(x, row(uneven), Padding.FULL).toDoubleArray()[0]).isNotCloseTo(expected[0], within(0.01));
        double[] symmetric = {0.5, -1, 2, -1, 0.5};
        assertThat(convolve(x, row(symmetric), Padding.FULL).toDoubleArray())
                .containsExactly(convolution(x.toDoubleArray(), symmetric), within(1e-14));
    }

    @Test
    void neighbouringSumsDifferByTwoTerms() {
        Tensor x = normal(1, 1, 12);
        double[] values = x.toDoubleArray();
        for (int k : new int[] {1, 3, 6}) {
            double[] y = convolve(x, Tensor.ones(1, 1, k).to(DType.FLOAT64).mul(0.25), Padding.VALID).toDoubleArray();
            for (int q = 0; q + 1 < y.length; q++) {
                assertThat(y[q + 1] - y[q]).isCloseTo(0.25 * (values[q + k] - values[q]), within(1e-14));
            }
        }
        double[] step = convolve(row(0, 0, 0, 0, 0, 6, 6, 6, 6, 6), row(0.25, 0.25, 0.25), Padding.VALID)
                .toDoubleArray();
        assertThat(step).as("a ramp of three steps of a quarter, up to three quarters")
                .containsExactly(0, 0, 0, 1.5, 3, 4.5, 4.5, 4.5);
        assertThat(IntStream.range(1, 5).mapToDouble(i -> Math.abs(VALID[i] - VALID[i - 1])).max()).hasValue(0.75);
    }

    /**
     * The variance of n means that share terms has a relative standard deviation of √(2 Σρ²/n), Σρ² = (2k² + 1)/(3k) for
     * equal weights. Four of them are left with a probability of 6e-5.
     */
    @ParameterizedTest
    @ValueSource(ints = {3, 9})
    void independentNoiseShrinksByTheRootOfTheKernel(int k) {
        int n = 40_000;
        double weight = k == 3 ? 0.25 : 1.0 / 9;
        Tensor noise = normal(1, 1, n).mul(0.3);
        Tensor smooth = convolve(noise, Tensor.ones(1, 1, k).to(DType.FLOAT64).mul(weight), Padding.VALID);
        double error = Math.sqrt(2 * (2.0 * k * k + 1) / (3 * k) / n);
        assertThat(smooth.square().mean().item() / (k * weight * weight * 0.09)).isCloseTo(1, within(4 * error));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void gradientsAreConvolutions(int p) {
        int k = 4;
        int length = 9;
        Tensor x = normal(1, 1, length).requireGrad();
        Tensor w = normal(1, 1, k).requireGrad();
        Tensor b = normal(1).requireGrad();
        Tensor y = x.conv1d(w, b, 1, p);
        Tensor delta = normal(1, 1, length + 2 * p - k + 1);
        y.mul(delta).sum().backward();
        equal(x.grad(), delta.conv1d(flip(w.detach()), null, 1, k - 1 - p));
        equal(w.grad(), convolve(x.detach().pad(2, p, p, 0), delta, Padding.VALID));
        equal(b.grad(), delta.sum().reshape(1));
        double[] rows = x.toDoubleArray();
        for (int j = 0; j < k; j++) {
            double sum = 0;
            for (int q = 0; q < delta.dim(2); q++) {
                int i = j + q - p;
                sum += i < 0 || i >= length ? 0 : delta.toDoubleArray()[q] * rows[i];
            }
            assertThat(w.grad().toDoubleArray()[j]).isCloseTo(sum, within(1e-12));
        }
        GradientCheck.of(v -> v.conv1d(w.detach(), b.detach(), 1, p).mul(delta).sum(), x.detach()).orThrow();
        GradientCheck.of(v -> x.detach().conv1d(v, b.detach(), 1, p).mul(delta).sum(), w.detach()).orThrow();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void theMatrixIsEqualAlongItsDiagonals(int p) {
        int k = 3;
        int length = 6;
        Tensor w = normal(1, 1, k);
        int results = length + 2 * p - k + 1;
        Tensor jacobian = Autograd.jacobian(v -> v.reshape(1, 1, length).conv1d(w, null, 1, p).reshape(results),
                normal(length));
        double[] t = jacobian.toDoubleArray();
        for (int i = 0; i < t.length; i++) {
            int j = i % length - i / length + p;
            assertThat(t[i]).isEqualTo(j < 0 || j >= k ? 0 : w.toDoubleArray()[j]);
        }
        Tensor delta = normal(1, 1, results);
        equal(delta.conv1d(flip(w), null, 1, k - 1 - p).reshape(length),
                jacobian.transpose().matmul(delta.reshape(results, 1)).reshape(length));
    }

    @Test
    void gradientsWithChannelsSumOverTheOthers() {
        Tensor x = normal(2, 3, 10).requireGrad();
        Tensor w = normal(4, 3, 5).requireGrad();
        Tensor b = normal(4).requireGrad();
        Tensor delta = normal(2, 4, 6);
        convolveWith(x, w, b).mul(delta).sum().backward();
        equal(x.grad(), convolve(delta, flip(w.detach()).transpose(0, 1), Padding.FULL));
        equal(w.grad(), convolve(x.detach().transpose(0, 1), delta.transpose(0, 1), Padding.VALID).transpose(0, 1));
        equal(b.grad(), delta.sum(new int[] {0, 2}, false));
        Tensor single = convolve(delta.slice(0, 1, 2).slice(1, 0, 1), flip(w.detach().slice(0, 0, 1).slice(1, 2, 3)),
                Padding.FULL);
        for (int o = 1; o < 4; o++) {
            single = single.add(convolve(delta.slice(0, 1, 2).slice(1, o, o + 1),
                    flip(w.detach().slice(0, o, o + 1).slice(1, 2, 3)), Padding.FULL));
        }
        equal(x.grad().slice(0, 1, 2).slice(1, 2, 3), single);
    }

    private static Tensor convolveWith(Tensor x, Tensor w, Tensor b) {
        return x.conv1d(w, b, 1, Padding.VALID, 1, 1);
    }

    @Test
    void aStridesGradientIsThatOfSpreadNumbers() {
        Tensor x = normal(1, 1, 11).requireGrad();
        Tensor w = normal(1, 1, 3).requireGrad();
        Tensor y = x.conv1d(w, null, 2, 0);
        equal(y, convolve(x, w, Padding.VALID).slice(2, 0, 9, 2));
        Tensor delta = normal(1, 1, 5);
        y.mul(delta).sum().backward();
        Tensor spread = Tensor.stack(3, delta, delta.zerosLike()).reshape(1, 1, 10).slice(2, 0, 9);
        equal(x.grad(), convolve(spread, flip(w.detach()), Padding.FULL));
        equal(w.grad(), convolve(x.detach(), spread, Padding.VALID));
    }
}
