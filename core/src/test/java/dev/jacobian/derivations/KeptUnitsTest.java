package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Dropout;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The number of units that dropout keeps. Each of the five samples that are tested has a p-value below {@link #ERROR} by
 * chance with that probability: 5e-5 in all.
 */
final class KeptUnitsTest {
    private static final double ERROR = 1e-5;
    private static final int SAMPLES = 5_000;
    private static final int CELLS = 81;
    private static final Offset<Double> CLOSE = within(1e-12);

    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(2);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
        Rng.seed(0);
    }

    /** The number of ways to choose k of m, times powers of the probabilities; a product that does not overflow. */
    private static double[] binomial(int m, double keep) {
        double[] pmf = new double[Math.max(CELLS, m + 1)];
        for (int k = 0; k <= m; k++) {
            double term = Math.pow(1 - keep, m - k);
            for (int i = 0; i < k; i++) {
                term *= keep * (m - i) / (k - i);
            }
            pmf[k] = term;
        }
        return pmf;
    }

    private static double[] poisson(double rate) {
        double[] pmf = new double[CELLS];
        pmf[0] = Math.exp(-rate);
        for (int k = 1; k < CELLS; k++) {
            pmf[k] = pmf[k - 1] * rate / k;
        }
        return pmf;
    }

    private static double mean(double[] pmf, IntToDoubleFunction value) {
        return IntStream.range(0, pmf.length).mapToDouble(k -> pmf[k] * value.applyAsDouble(k)).sum();
    }

    private static double variation(double[] a, double[] b) {
        return IntStream.range(0, Math.max(a.length, b.length))
                .mapToDouble(k -> Math.abs((k < a.length ? a[k] : 0) - (k < b.length ? b[k] : 0))).sum() / 2;
    }

    /** The largest difference in the probability of an event: of all numbers that the first has more often. */
    private static double largest(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(k -> Math.max(0, a[k] - (k < b.length ? b[k] : 0))).sum();
    }

    private static int[] counts(Tensor rows) {
        return rows.sum(1).toIntArray();
    }

    /** As many leading ones in each row as a Poisson number says, drawn by inversion of its distribution function. */
    private static Tensor poissonRows(double rate) {
        double[] cumulative = poisson(rate);
        Arrays.parallelPrefix(cumulative, Double::sum);
        Tensor m = Rng.uniform(SAMPLES, 1).to(DType.FLOAT64).ge(Tensor.of(cumulative)).sum(1, true);
        return Tensor.arange(CELLS).lt(m).to(DType.FLOAT32);
    }

    @Test
    void pValuesAreThoseOfTables() {
        assertThat(ChiSquare.pValue(3.841458820694124, 1)).isCloseTo(0.05, CLOSE);
        assertThat(ChiSquare.pValue(5.991464547107979, 2)).isCloseTo(0.05, CLOSE);
        assertThat(ChiSquare.pValue(24.99579013972863, 15)).isCloseTo(0.05, CLOSE);
        assertThat(ChiSquare.pValue(45.31474661812586, 20)).isCloseTo(0.001, CLOSE);
    }

    /** E X = ∫ P(X > x) dx and E X² = ∫ 2x P(X > x) dx, by the midpoint rule. */
    @ParameterizedTest
    @ValueSource(ints = {3, 12, 20})
    void chiSquareHasMeanNuAndVarianceTwoNu(int nu) {
        double h = 1e-3;
        double mean = 0;
        double square = 0;
        for (double x = h / 2; x < 200; x += h) {
            mean += h * ChiSquare.pValue(x, nu);
            square += h * 2 * x * ChiSquare.pValue(x, nu);
        }
        assertThat(mean).isCloseTo(nu, within(1e-3));
        assertThat(Math.sqrt(square - mean * mean)).isCloseTo(Math.sqrt(2 * nu), within(1e-3));
    }

    @ParameterizedTest
    @CsvSource({"1, 0.25", "10, 0.3", "64, 0.9375"})
    void keptUnitsAreBinomial(int m, double p) {
        double[] pmf = binomial(m, 1 - p);
        assertThat(mean(pmf, k -> 1)).isCloseTo(1, CLOSE);
        assertThat(mean(pmf, k -> k)).isCloseTo(m * (1 - p), within(1e-11));
        int[] kept = counts(new Dropout(p).call(Tensor.ones(SAMPLES, m)).gt(0));
        assertThat(ChiSquare.pValue(kept, pmf)).isGreaterThan(ERROR);
        assertThat(ChiSquare.pValue(kept, binomial(m, p))).as("kept and dropped exchanged").isLessThan(ERROR);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1, 4})
    void factorsOfTheBinomialTendToThoseOfPoisson(double alpha) {
        int m = 10_000_000;
        double falling = IntStream.range(0, 3).mapToDouble(i -> (m - i) * alpha / m).reduce(1, (a, b) -> a * b);
        assertThat(falling).isCloseTo(Math.pow(alpha, 3), within(1e-4));
        assertThat(Math.pow(1 - alpha / m, m)).isCloseTo(Math.exp(-alpha), within(1e-6));
        assertThat(Math.pow(1 - alpha / m, -3)).isCloseTo(1, within(1e-5));
        // The exponent M / alpha that the source has leads to 1/e, whatever alpha is.
        assertThat(Math.pow(1 - alpha / m, m / alpha)).isCloseTo(Math.exp(-1), within(1e-6));
        assertThat(Math.abs(Math.exp(-1) - Math.exp(-alpha)) > 0.2).isEqualTo(alpha != 1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1, 4})
    void distanceToPoissonFallsAsLeCamsBound(double alpha) {
        double[] limit = poisson(alpha);
        for (int m : new int[] {4, 8, 32, 128, 512}) {
            double[] pmf = binomial(m, alpha / m);
            assertThat(variation(pmf, limit)).isLessThan(alpha * alpha / m).isGreaterThan(0.01 / m)
                    .isCloseTo(largest(pmf, limit), CLOSE);
        }
        // The first term of the expansion in 1/M: -alpha^2 / (2 M) times the second difference of the Poisson probabilities.
        double constant = alpha * alpha / 4 * IntStream.range(0, CELLS).mapToDouble(k -> Math.abs(
                limit[k] - (k > 0 ? 2 * limit[k - 1] : 0) + (k > 1 ? limit[k - 2] : 0))).sum();
        assertThat(512 * variation(binomial(512, alpha / 512), limit)).isCloseTo(constant, within(0.01 * constant));
    }

    @ParameterizedTest
    @CsvSource({"10, 0.6", "3, 0.25", "25, 0.9", "7, 0"})
    void thinnedPoissonIsPoisson(double lambda, double p) {
        double[] units = poisson(lambda);
        double[] kept = new double[CELLS];
        for (int m = 0; m < CELLS; m++) {
            double[] given = binomial(m, 1 - p);
            for (int k = 0; k <= m; k++) {
                double joint = units[m] * given[k];
                kept[k] += joint;
                // The same with the factorials cancelled.
                double cancelled = Math.exp(-lambda) * Math.pow(p, m - k);
                for (int i = 1; i <= k; i++) {
                    cancelled *= (1 - p) * lambda / i;
                }
                for (int i = 1; i <= m - k; i++) {
                    cancelled *= lambda / i;
                }
                assertThat(cancelled).isCloseTo(joint, CLOSE);
            }
        }
        assertThat(kept).containsExactly(poisson(lambda * (1 - p)), CLOSE);
    }

    /** E s^k = exp(lambda ((p + (1 - p) s) - 1)): derivatives at 0 are probabilities, at 1 they are factorial moments. */
    @Test
    void generatingFunctionIsPoissons() {
        double lambda = 10;
        double p = 0.6;
        UnaryOperator<Tensor> generating = s -> s.mul(1 - p).add(p).sub(1).mul(lambda).exp();
        Tensor zero = Tensor.of(0.0);
        double[] want = poisson(lambda * (1 - p));
        assertThat(generating.apply(zero).item()).isCloseTo(want[0], CLOSE);
        assertThat(Autograd.grad(generating, zero).item()).isCloseTo(want[1], CLOSE);
        assertThat(Autograd.hessian(generating, zero).item() / 2).isCloseTo(want[2], CLOSE);
        Tensor one = Tensor.of(1.0);
        double mean = Autograd.grad(generating, one).item();
        assertThat(mean).isCloseTo(lambda * (1 - p), CLOSE);
        assertThat(Autograd.hessian(generating, one).item() + mean - mean * mean).isCloseTo(mean, within(1e-11));
    }

    @Test
    void simulatedThinningIsPoisson() {
        Tensor rows = poissonRows(10);
        assertThat(ChiSquare.pValue(counts(rows.gt(0)), poisson(10))).isGreaterThan(ERROR);
        int[] kept = counts(new Dropout(0.6).call(rows).gt(0));
        assertThat(ChiSquare.pValue(kept, poisson(4))).isGreaterThan(ERROR);
        assertThat(ChiSquare.pValue(kept, binomial(10, 0.4))).as("not as of ten units always").isLessThan(ERROR);
        assertThat(ChiSquare.pValue(kept, poisson(4.5))).as("not with another rate").isLessThan(ERROR);
    }
}
