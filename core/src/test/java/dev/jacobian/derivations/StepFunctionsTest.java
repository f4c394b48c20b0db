package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas of docs/derivations/step-functions.md. */
final class StepFunctionsTest {
    private final Tensor x = Tensor.of(-3.5, -1, -1e-300, 0, 1e-300, 0.25, 7);

    /** H with H(0) = ½. */
    private static Tensor step(Tensor x) {
        return x.sign().add(1).div(2);
    }

    private static Tensor indicator(Tensor condition) {
        return condition.to(DType.FLOAT64);
    }

    @Test
    void signIsADifferenceOfIndicators() {
        assertThat(indicator(x.gt(0)).sub(indicator(x.lt(0))).toDoubleArray()).containsExactly(-1, -1, -1, 0, 1, 1, 1);
        assertThat(Differences.largest(x.sign(), indicator(x.gt(0)).sub(indicator(x.lt(0))))).isZero();
        assertThat(1 / Tensor.of(-0.0).sign().item()).as("the sign of a zero").isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(step(x).toDoubleArray()).containsExactly(0, 0, 0, 0.5, 1, 1, 1);
    }

    @Test
    void derivativesAtZeroAreZero() {
        assertThat(Autograd.grad(v -> v.relu().sum(), x).toDoubleArray()).containsExactly(0, 0, 0, 0, 1, 1, 1);
        assertThat(Autograd.grad(v -> v.sign().sum(), x).toDoubleArray()).containsOnly(0);
        Tensor away = Tensor.of(-3.5, -1, -0.01, 0.25, 7);
        Tensor slopes = Differences.jacobian(v -> v.relu().sum(), away);
        assertThat(Differences.largest(slopes, step(away))).isLessThan(1e-9);
        // relu' = H everywhere but at 0, where H = ½ and the library has 0.
        assertThat(Differences.largest(Autograd.grad(v -> v.relu().sum(), away), step(away))).isZero();
        assertThat(step(Tensor.of(0.0)).item() - Autograd.grad(Tensor::relu, Tensor.of(0.0)).item()).isEqualTo(0.5);
    }

    /** relu(x) ≥ relu(0) + g (x − 0) for every x says that g is a subgradient at 0. */
    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 0, 0.5, 1, 1.1})
    void everyNumberFromZeroToOneIsASubgradientAtTheKink(double g) {
        boolean holds = x.relu().sub(x.mul(g)).min().item() >= 0;
        assertThat(holds).isEqualTo(g >= 0 && g <= 1);
    }

    /** No case for x = 0 is needed, whatever H(0) is. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 1})
    void reluIsXTimesTheStep(double atZero) {
        Tensor h = indicator(x.gt(0)).add(indicator(x.eq(0)).mul(atZero));
        Tensor mirrored = indicator(x.lt(0)).add(indicator(x.eq(0)).mul(atZero));
        assertThat(Differences.largest(x.mul(h), x.relu())).isZero();
        assertThat(Differences.largest(x.sub(x.mul(mirrored)), x.relu())).isZero();
    }

    /** From −4 in cells of 1/256, over which H is constant: the sum over midpoints is exact. */
    @ParameterizedTest
    @ValueSource(doubles = {-3, -0.5, 0, 0.25, 1, 3.75})
    void reluIsTheStepsIntegralFromMinusInfinity(double to) {
        int cells = (int) ((to + 4) * 256);
        Tensor midpoints = Tensor.of(IntStream.range(0, cells).mapToDouble(i -> -4 + (i + 0.5) / 256).toArray());
        assertThat(step(midpoints).sum().item() / 256).isEqualTo(Tensor.of(to).relu().item());
    }

    @Test
    void steepSigmoidsTendToTheStepAtEveryPoint() {
        Tensor points = Tensor.of(-2.0, -0.3, -0.01, 0, 0.01, 0.3, 2);
        double before = 1;
        for (double k : new double[] {1, 10, 100, 1000, 10_000}) {
            Tensor gap = points.mul(k).sigmoid().sub(step(points)).abs();
            assertThat(gap.max().item()).isLessThan(before);
            assertThat(gap.select(0, 3).item()).isZero();
            // 1 − σ(t) = σ(−t) < e^(−t) for t > 0.
            assertThat(gap.sub(points.abs().mul(-k).exp()).max().item()).isLessThan(1e-15);
            before = gap.max().item();
        }
        assertThat(before).isLessThan(1e-40);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 10, 1e3, 1e6, 1e9})
    void butNeverUniformly(double k) {
        assertThat(1 - Tensor.of(k * (1 / k)).sigmoid().item()).isCloseTo(1 / (1 + Math.E), within(1e-12));
        assertThat(1 - Tensor.of(k * (1e-9 / k)).sigmoid().item()).as("just right of 0").isCloseTo(0.5, within(1e-9));
    }
}
