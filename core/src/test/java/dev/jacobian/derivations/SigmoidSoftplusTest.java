package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.BceWithLogitsLoss;
import dev.jacobian.loss.Reduction;
import dev.jacobian.tensor.Tensor;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The formulas of docs/derivations/sigmoid-softplus.md. */
final class SigmoidSoftplusTest {
    private final Tensor x = Tensor.of(-3.0, -0.5, 0, 0.2, 1, 4);
    private final Tensor s = x.sigmoid();

    private static Tensor logSigmoid(Tensor x) {
        return x.neg().softplus().neg();
    }

    private static Tensor slopes(UnaryOperator<Tensor> function, Tensor x) {
        return Autograd.grad(v -> function.apply(v).sum(), x);
    }

    @Test
    void theSigmoidsJacobianIsDiagonal() {
        Tensor jacobian = Autograd.jacobian(Tensor::sigmoid, x);
        Tensor diagonal = Tensor.diag(s);
        Tensor formula = diagonal.matmul(Tensor.eye(6).to(DType.FLOAT64).sub(diagonal));
        assertThat(Differences.largest(jacobian, formula)).isLessThan(1e-15);
        assertThat(Differences.largest(jacobian, Differences.jacobian(Tensor::sigmoid, x))).isLessThan(1e-9);
        assertThat(Differences.largest(Tensor.diag(x.neg().exp().div(x.neg().exp().add(1).square())), jacobian))
                .as("e^(-x) / (1 + e^(-x))^2").isLessThan(1e-15);
    }

    /** The source's second derivation: −e^(−x) / (1 + e^(−x))², a negative slope of a rising function. */
    @Test
    void theSourcesSignIsWrong() {
        Tensor source = x.neg().exp().div(x.neg().exp().add(1).square()).neg();
        Tensor slopes = slopes(Tensor::sigmoid, x);
        assertThat(slopes.gt(0).toBooleanArray()).containsOnly(true);
        assertThat(Differences.largest(slopes, source.neg())).isLessThan(1e-15);
        assertThat(Differences.largest(slopes, source)).isGreaterThan(0.4);
        // "i ≠ j: dσ_i/dx_i = 0" contradicts its own next line; the entry that vanishes is dσ_i/dx_j.
        Tensor jacobian = Autograd.jacobian(Tensor::sigmoid, x);
        assertThat(jacobian.select(0, 1).select(0, 1).item()).isGreaterThan(0.2);
        assertThat(jacobian.select(0, 1).select(0, 2).item()).isZero();
    }

    @Test
    void softplusIdentities() {
        Tensor grid = Tensor.linspace(-30, 30, 241).to(DType.FLOAT64);
        assertThat(Differences.largest(grid.sigmoid().log(), logSigmoid(grid))).isLessThan(1e-12);
        assertThat(Differences.largest(grid.softplus().sub(grid.neg().softplus()), grid)).isLessThan(1e-14);
        assertThat(Differences.largest(slopes(Tensor::softplus, grid), grid.sigmoid())).isLessThan(1e-15);
        assertThat(Differences.largest(slopes(SigmoidSoftplusTest::logSigmoid, grid), grid.neg().sigmoid()))
                .isLessThan(1e-15);
        assertThat(Differences.largest(grid.softplus(), grid.exp().add(1).log())).isLessThan(1e-12);
        assertThat(Differences.largest(grid.softplus(), grid.maximum(0).add(grid.abs().neg().exp().log1p())))
                .isLessThan(1e-14);
        assertThat(Differences.largest(grid.sigmoid().neg().add(1), grid.neg().sigmoid())).isLessThan(1e-15);
        GradientCheck.of(Tensor::softplus, x).orThrow();
        GradientCheck.of(SigmoidSoftplusTest::logSigmoid, x).orThrow();
        GradientCheck.secondOrder(Tensor::softplus, x).orThrow();
    }

    @Test
    void binaryCrossEntropyIsMadeOfSoftplus() {
        Tensor t = Tensor.of(1.0, 0, 0.3, 1, 0, 0.8);
        Tensor written = t.mul(s.log()).add(t.neg().add(1).mul(s.neg().add(1).log())).neg();
        Tensor formula = t.mul(x.neg().softplus()).add(t.neg().add(1).mul(x.softplus()));
        assertThat(Differences.largest(formula, written)).isLessThan(1e-14);
        assertThat(Differences.largest(new BceWithLogitsLoss(Reduction.NONE).call(x, t), written)).isLessThan(1e-14);
    }

    /** log σ and its slope keep their relative accuracy on the side where they vanish. */
    @Test
    void tailsAreRelativelyExact() {
        for (double t : new double[] {20, 50, 100, 700}) {
            double tail = Math.exp(-t);
            double relative = 4 * Math.ulp(1.0);
            assertThat(Tensor.of(-t).softplus().item() / tail).isCloseTo(1, within(relative + tail));
            assertThat(slopes(Tensor::softplus, Tensor.of(-t)).item() / tail).isCloseTo(1, within(relative + tail));
            assertThat(logSigmoid(Tensor.of(t)).item() / -tail).isCloseTo(1, within(relative + tail));
            assertThat(slopes(SigmoidSoftplusTest::logSigmoid, Tensor.of(t)).item() / tail)
                    .isCloseTo(1, within(relative + tail));
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"FLOAT32", "FLOAT64"})
    void allIsFiniteAndRightAtAThousand(DType type) {
        Tensor far = Tensor.of(-1000.0, -200, 200, 1000).to(type);
        double tiny = type == DType.FLOAT32 ? 0 : Math.exp(-200);
        check(far, Tensor::sigmoid, new double[] {0, tiny, 1, 1}, new double[] {0, tiny, 0, 0});
        check(far, Tensor::softplus, new double[] {0, tiny, 200, 1000}, new double[] {0, tiny, 1, 1});
        check(far, SigmoidSoftplusTest::logSigmoid, new double[] {-1000, -200, -tiny, 0}, new double[] {1, 1, tiny, 0});
    }

    private static void check(Tensor far, UnaryOperator<Tensor> function, double[] values, double[] slopes) {
        Tensor y = function.apply(far);
        assertThat(y.dtype()).isEqualTo(far.dtype());
        double[] gotValues = y.toDoubleArray();
        double[] gotSlopes = slopes(function, far).toDoubleArray();
        for (int i = 0; i < values.length; i++) {
            assertThat(gotValues[i]).isCloseTo(values[i], within(1e-14 * Math.abs(values[i])));
            assertThat(gotSlopes[i]).isCloseTo(slopes[i], within(1e-14 * Math.abs(slopes[i])));
        }
    }

    /** Where the direct formulas leave the range of numbers. */
    @Test
    void theDirectFormulasHaveLimits() {
        assertThat(Tensor.of(709.0, 710).exp().eq(Double.POSITIVE_INFINITY).toBooleanArray()).containsExactly(false,
                true);
        assertThat(Tensor.of(88f, 89).exp().eq(Double.POSITIVE_INFINITY).toBooleanArray()).containsExactly(false, true);
        assertThat(Tensor.of(-745.0, -746).sigmoid().eq(0).toBooleanArray()).containsExactly(false, true);
        assertThat(Tensor.of(-103f, -104).sigmoid().eq(0).toBooleanArray()).containsExactly(false, true);
    }

    /** What the identities are for. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"FLOAT32", "FLOAT64"})
    void theLogarithmOfASigmoidOverflows(DType type) {
        Tensor far = Tensor.of(-1000.0).to(type);
        assertThat(far.sigmoid().log().item()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(slopes(v -> v.sigmoid().log(), far).item()).isNaN();
        assertThat(far.neg().exp().add(1).log().item()).isEqualTo(Double.POSITIVE_INFINITY);
    }
}
