package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas of docs/derivations/softmax-jacobian.md. */
final class SoftmaxJacobianTest {
    private final Tensor x = Tensor.of(1.0, 2, 3, -0.5);
    private final Tensor s = x.softmax(0);
    private final Tensor jacobian = Autograd.jacobian(v -> v.softmax(0), x);

    @ParameterizedTest
    @ValueSource(doubles = {-1000, -3, 0.5, 1000})
    void translationChangesNothing(double c) {
        assertThat(Differences.largest(x.add(c).softmax(0), s)).isLessThan(1e-13);
    }

    /** s_i / s_j = e^(x_i − x_j) becomes its c-th power: equal for every pair only if c = 1 or all x are equal. */
    @ParameterizedTest
    @ValueSource(doubles = {-1, 0, 0.5, 2, 10})
    void scalingRaisesTheRatiosToAPower(double c) {
        Tensor scaled = x.mul(c).softmax(0);
        assertThat(Differences.largest(s.unsqueeze(1).div(s.unsqueeze(0)), x.unsqueeze(1).sub(x).exp()))
                .isLessThan(1e-12);
        Tensor ratios = s.unsqueeze(1).div(s.unsqueeze(0));
        assertThat(Differences.largest(scaled.unsqueeze(1).div(scaled.unsqueeze(0)).log(), ratios.log().mul(c)))
                .isLessThan(1e-12);
        assertThat(Differences.largest(scaled, s)).isGreaterThan(0.05);
        Tensor equal = Tensor.of(0.7, 0.7, 0.7);
        assertThat(Differences.largest(equal.mul(c).softmax(0), equal.softmax(0))).isLessThan(1e-15);
    }

    /** The source says that factors shrink what lies between −1 and 1: yet these sharpen there as everywhere. */
    @Test
    void factorsAboveOneSharpenSmallNumbersToo() {
        Tensor small = Tensor.of(0.1, 0.5, -0.3);
        double sharpest = small.softmax(0).max().item();
        double entropy = entropy(small);
        for (double c : new double[] {1.5, 2, 4, 50}) {
            assertThat(small.mul(c).abs().gt(small.abs()).toBooleanArray()).containsOnly(true);
            assertThat(small.mul(c).softmax(0).max().item()).isGreaterThan(sharpest);
            assertThat(entropy(small.mul(c))).isLessThan(entropy);
            sharpest = small.mul(c).softmax(0).max().item();
            entropy = entropy(small.mul(c));
        }
        assertThat(small.mul(0.01).softmax(0).max().item()).as("towards uniform").isCloseTo(1.0 / 3, within(2e-3));
    }

    private static double entropy(Tensor logits) {
        return -logits.softmax(0).mul(logits.logSoftmax(0)).sum().item();
    }

    @Test
    void theJacobianIsDiagMinusOuterProduct() {
        double[] p = s.toDoubleArray();
        double[] entries = jacobian.toDoubleArray();
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                double want = i == j ? p[i] * (1 - p[i]) : -p[i] * p[j];
                assertThat(entries[4 * i + j]).isCloseTo(want, within(1e-15));
            }
        }
        Tensor matrix = Tensor.diag(s).sub(s.unsqueeze(1).matmul(s.unsqueeze(0)));
        assertThat(Differences.largest(jacobian, matrix)).isLessThan(1e-15);
        assertThat(Differences.largest(jacobian, Differences.jacobian(v -> v.softmax(0), x))).isLessThan(1e-9);
        GradientCheck.of(v -> v.softmax(0), x).orThrow();
    }

    @Test
    void itIsSymmetricAndItsRowsAndColumnsSumToZero() {
        assertThat(Differences.largest(jacobian, jacobian.transpose())).isLessThan(1e-15);
        assertThat(jacobian.sum(1).abs().max().item()).as("J 1 = 0: translation").isLessThan(1e-15);
        assertThat(jacobian.sum(0).abs().max().item()).as("1ᵀ J = 0: the sum stays 1").isLessThan(1e-15);
        // Positive semidefinite: vᵀ J v is the variance of v under s.
        Tensor v = Tensor.of(0.3, -2, 1.1, 4);
        double mean = s.mul(v).sum().item();
        assertThat(v.matmul(jacobian).matmul(v).item())
                .isCloseTo(s.mul(v.sub(mean).square()).sum().item(), within(1e-14));
    }

    @Test
    void theRuleOfTheLibraryIsTheProductWithIt() {
        Tensor dy = Tensor.of(0.3, -2, 1.1, 4);
        Tensor rule = s.mul(dy.sub(dy.mul(s).sum()));
        assertThat(Differences.largest(rule, dy.matmul(jacobian))).isLessThan(1e-14);
        assertThat(Differences.largest(Autograd.vjp(v -> v.softmax(0), x, dy), rule)).isLessThan(1e-14);
    }

    /** −e^(x_i) e^(x_j) / Σ, without the square: right only where Σ eˣ happens to be 1. */
    @Test
    void theSourcesMissingSquareMatters() {
        Tensor e = x.exp();
        double sum = e.sum().item();
        Tensor offDiagonal = Tensor.ones(4, 4).sub(Tensor.eye(4)).to(DType.FLOAT64);
        Tensor products = e.unsqueeze(1).mul(e.unsqueeze(0)).neg().mul(offDiagonal);
        assertThat(Differences.largest(products.div(sum * sum), jacobian.mul(offDiagonal))).isLessThan(1e-15);
        assertThat(Differences.largest(products.div(sum), jacobian.mul(offDiagonal))).isGreaterThan(1);
    }
}
