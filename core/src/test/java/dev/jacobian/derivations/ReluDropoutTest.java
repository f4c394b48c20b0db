package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.function.DoubleUnaryOperator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The moments of a rectified normal variable before and after dropout. By chance alone, a standardised sample moment
 * lies beyond ±{@link #LIMIT}, and a p-value below {@link #ERROR}, with a probability of 7e-6: 7e-5 for the ten tests here.
 */
final class ReluDropoutTest {
    private static final double LIMIT = 4.5;
    private static final double ERROR = 7e-6;
    private static final int SAMPLES = 10_000;
    private static final int INPUTS = 12;
    private static final int UNITS = 8;
    private static final double MEAN = 1 / Math.sqrt(2 * Math.PI);
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

    /** E f(z) over z > 0 for a standard normal z, by Simpson's rule. */
    private static double expectation(DoubleUnaryOperator f) {
        int n = 8000;
        double step = 14.0 / n;
        double sum = 0;
        for (int i = 0; i <= n; i++) {
            double z = i * step;
            int weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
            sum += weight * f.applyAsDouble(z) * Math.exp(-z * z / 2);
        }
        return sum * step / 3 * MEAN;
    }

    private static double variance(double p) {
        return 1 / (2 * (1 - p)) - 1 / (2 * Math.PI);
    }

    /** The fourth central moment after dropout. */
    private static double fourthMoment(double p) {
        double keep = 1 - p;
        return 3 / (2 * Math.pow(keep, 3)) - 4 / (Math.PI * keep * keep) + 3 / (2 * Math.PI * keep)
                - 3 / (4 * Math.PI * Math.PI);
    }

    @Test
    void momentsBeforeDropout() {
        assertThat(expectation(z -> z)).isCloseTo(MEAN, CLOSE);
        assertThat(expectation(z -> z * z)).isCloseTo(0.5, CLOSE);
        assertThat(expectation(z -> z * z * z)).isCloseTo(2 * MEAN, CLOSE);
        assertThat(expectation(z -> Math.pow(z, 4))).isCloseTo(1.5, CLOSE);
        assertThat(variance(0)).isCloseTo(0.5 - 1 / (2 * Math.PI), CLOSE);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1, 0.5, 0.9})
    void momentsAfterDropout(double p) {
        // Zero with probability 1/2 (1 - p) + p: where z < 0, or where dropped.
        double zero = 0.5 * (1 - p) + p;
        DoubleUnaryOperator kept = z -> z / (1 - p) - MEAN;
        assertThat((1 - p) * expectation(z -> z / (1 - p))).isCloseTo(MEAN, CLOSE);
        assertThat((1 - p) * expectation(z -> Math.pow(kept.applyAsDouble(z), 2)) + zero * Math.pow(MEAN, 2))
                .isCloseTo(variance(p), within(1e-11));
        assertThat((1 - p) * expectation(z -> Math.pow(kept.applyAsDouble(z), 4)) + zero * Math.pow(MEAN, 4))
                .isCloseTo(fourthMoment(p), within(1e-9));
    }

    private static Tensor orthonormalRows() {
        return Initializer.orthogonal(1).initialize(UNITS, INPUTS).to(DType.FLOAT64);
    }

    private static Tensor hidden(Tensor w) {
        return Rng.normal(SAMPLES, INPUTS).to(DType.FLOAT64).matmul(w.transpose()).relu();
    }

    @Test
    void rowsAreOrthonormal() {
        Tensor w = orthonormalRows();
        assertThat(w.matmul(w.transpose()).sub(Tensor.eye(UNITS)).abs().max().item()).isLessThan(1e-6);
        assertThat(w.transpose().matmul(w).sub(Tensor.eye(INPUTS)).abs().max().item())
                .as("the columns are not, for there are more").isGreaterThan(0.1);
    }

    private static double zOfMean(Tensor h, double mean, double variance) {
        return (h.mean().item() - mean) / Math.sqrt(variance / h.size());
    }

    private static double zOfVariance(Tensor h, double variance, double fourth) {
        return (h.variance().item() - variance) / Math.sqrt((fourth - variance * variance) / h.size());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1, 0.5, 0.9})
    void simulatedUnitsAreDistributedSo(double p) {
        Tensor h = hidden(orthonormalRows());
        Tensor dropped = new Dropout(p).call(h);
        assertThat(zOfMean(dropped, MEAN, variance(p))).isBetween(-LIMIT, LIMIT);
        assertThat(zOfVariance(dropped, variance(p), fourthMoment(p))).isBetween(-LIMIT, LIMIT);
        if (p > 0) {
            Tensor unscaled = dropped.mul(1 - p);
            assertThat(zOfMean(unscaled, MEAN, variance(p))).as("without the division by 1 - p").isLessThan(-10);
            double scaledVariance = variance(0) / (1 - p);
            assertThat(zOfVariance(dropped, scaledVariance, fourthMoment(p)))
                    .as("the variance is not merely divided by 1 - p").isGreaterThan(LIMIT);
        }
    }

    /** y = x m / (1 − p) with m of zeros and ones, and dx is the same function of dy. */
    @Test
    void theGradientHasTheSameMask() {
        Tensor x = Rng.normal(1000).to(DType.FLOAT64).requireGrad();
        Tensor dy = Rng.normal(1000).to(DType.FLOAT64);
        Tensor y = new Dropout(0.3).call(x);
        Tensor mask = y.detach().ne(0).to(DType.FLOAT64);
        assertThat(mask.mean().item()).isBetween(0.6, 0.8);
        assertThat(Differences.largest(y, x.mul(mask).div(0.7))).as("a factor in float32").isLessThan(1e-6);
        assertThat(Differences.largest(Autograd.grad(y.mul(dy).sum(), x).getFirst(), dy.mul(mask).div(0.7)))
                .isLessThan(1e-6);
    }

    /** The p-value of the covariances of all pairs: independent units' sum of squares has a chi-square distribution. */
    private static double pValueOfCovariances(Tensor h) {
        Tensor normal = h.sub(h.mean(0, true)).div(h.variance(0, true).sqrt());
        Tensor z = normal.transpose().matmul(normal).div(Math.sqrt(SAMPLES));
        double squares = z.mul(Tensor.ones(UNITS, UNITS).sub(Tensor.eye(UNITS))).square().sum().item() / 2;
        return ChiSquare.pValue(squares, UNITS * (UNITS - 1) / 2);
    }

    @Test
    void unitsAreUncorrelatedBeforeAndAfterDropout() {
        Tensor w = orthonormalRows();
        Tensor h = hidden(w);
        assertThat(pValueOfCovariances(h)).isGreaterThan(ERROR);
        assertThat(pValueOfCovariances(new Dropout(0.5).call(h))).isGreaterThan(ERROR);
        // The first two rows at a cosine of 0.2: one pair of 28 is correlated.
        Tensor tilted = w.select(0, 0).mul(0.2).add(w.select(0, 1).mul(Math.sqrt(1 - 0.04))).unsqueeze(0);
        Tensor other = Tensor.concat(0, w.slice(0, 0, 1), tilted, w.slice(0, 2, UNITS));
        assertThat(pValueOfCovariances(hidden(other))).as("rows that are not orthogonal").isLessThan(ERROR);
    }
}
