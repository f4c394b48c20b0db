package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/derivations/em-exponential.md states: both steps of EM, its fixed point and rate, and its limits. */
final class EmExponentialTest {
    private static final int N = 400;
    private static final double TRUE_RATE = 0.02;

    private MemoryScope scope;
    private Device.Use use;
    private Tensor c;
    private Tensor faster;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(1);
        c = predicted(N);
        faster = times(N).le(c);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static Tensor predicted(int... shape) {
        return Rng.uniform(shape).to(DType.FLOAT64).mul(80).add(20);
    }

    private static Tensor times(int... shape) {
        return Rng.uniform(shape).to(DType.FLOAT64).neg().log1p().div(-TRUE_RATE);
    }

    private static Tensor number(double value) {
        return Tensor.of(value).reshape();
    }

    private Tensor logLikelihood(Tensor rate) {
        Tensor u = c.mul(rate);
        return Tensor.where(faster, u.neg().expm1().neg().log(), u.neg()).sum();
    }

    private double score(double rate) {
        return Autograd.grad(this::logLikelihood, number(rate)).item();
    }

    private double curvature(double rate) {
        return Autograd.hessian(this::logLikelihood, number(rate)).item();
    }

    /** g(u) = 1/u − 1/(eᵘ − 1), with its series where that cancels. */
    private static Tensor g(Tensor u) {
        Tensor series = u.square().div(-30240).add(1.0 / 720).mul(u.square()).sub(1.0 / 12).mul(u).add(0.5);
        return Tensor.where(u.lt(0.05), series, u.reciprocal().sub(u.expm1().reciprocal()));
    }

    private static Tensor expected(Tensor rate, Tensor c, Tensor faster) {
        Tensor u = c.mul(rate);
        return c.mul(Tensor.where(faster, g(u), u.reciprocal().add(1)));
    }

    private double em(double rate) {
        return 1 / expected(number(rate), c, faster).mean().item();
    }

    private double fixedPoint() {
        return DoubleStream.iterate(1 / c.mean().item(), this::em).skip(100).findFirst().orElseThrow();
    }

    private double newton(double start) {
        return DoubleStream.iterate(start, rate -> rate - score(rate) / curvature(rate)).skip(20).findFirst()
                .orElseThrow();
    }

    /** Simpson's rule, whose error is below 1e-12 for the smooth functions here. */
    private static double integral(DoubleUnaryOperator f, double from, double to) {
        int intervals = 20_000;
        double h = (to - from) / intervals;
        double sum = f.applyAsDouble(from) + f.applyAsDouble(to);
        for (int i = 1; i < intervals; i++) {
            sum += (i % 2 == 0 ? 2 : 4) * f.applyAsDouble(from + i * h);
        }
        return sum * h / 3;
    }

    /** g(u) as a quotient of sums of positive terms, which cannot cancel: Σ uᵏ/(k+2)! / Σ uᵏ/(k+1)!. */
    private static double exactG(double u) {
        double term = 1;
        double denominator = 0;
        double numerator = 0;
        for (int k = 0; k < 400; k++) {
            denominator += term;
            numerator += term / (k + 2);
            term *= u / (k + 2);
        }
        return numerator / denominator;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.3, 1, 2.5, 7})
    void conditionalExpectationsAreTheIntegrals(double c) {
        double rate = 0.8;
        double below = integral(x -> rate * Math.exp(-rate * x), 0, c);
        assertThat(below).isCloseTo(1 - Math.exp(-rate * c), within(1e-12));
        double faster = integral(x -> x * rate * Math.exp(-rate * x), 0, c) / below;
        double slower = integral(x -> x * rate * Math.exp(-rate * x), c, c + 60) / Math.exp(-rate * c);
        Tensor both = expected(number(rate), Tensor.of(c, c), Tensor.of(true, false));
        assertThat(both.toDoubleArray()[0]).isCloseTo(faster, within(1e-11))
                .isCloseTo(1 / rate - c * Math.exp(-rate * c) / (1 - Math.exp(-rate * c)), within(1e-13));
        assertThat(both.toDoubleArray()[1]).isCloseTo(slower, within(1e-10)).isEqualTo(1 / rate + c, within(1e-14));
    }

    @Test
    void theExpectationIsStableForShortAndLongPredictions() {
        for (double u = 1e-12; u < 100; u *= 1.7) {
            assertThat(g(number(u)).item() / exactG(u)).as("u = %g", u).isCloseTo(1, within(2e-14));
        }
        double tiny = 1e-8;
        double written = 1 / tiny - Math.exp(-tiny) / (1 - Math.exp(-tiny));
        double byExpm1 = 1 / tiny - 1 / Math.expm1(tiny);
        assertThat(Math.abs(written / exactG(tiny) - 1)).as("1 − e^(−u) has lost its digits").isGreaterThan(0.1);
        assertThat(Math.abs(byExpm1 / exactG(tiny) - 1)).as("the difference loses half of them").isBetween(1e-12, 1e-6);
        assertThat(expected(number(1), Tensor.of(800.0), Tensor.of(true)).item()).as("e^800 overflows").isEqualTo(1);
    }

    @Test
    void theMStepMaximisesTheExpectedLogLikelihood() {
        double before = 0.013;
        Tensor times = expected(number(before), c, faster);
        double after = em(before);
        Tensor slope = Autograd.grad(rate -> rate.log().sub(times.mul(rate)).sum(), number(after));
        assertThat(slope.item() * after / N).isCloseTo(0, within(1e-13));
        Tensor second = Autograd.hessian(rate -> rate.log().sub(times.mul(rate)).sum(), number(after));
        assertThat(second.item()).isCloseTo(-N / (after * after), within(1e-6)).isNegative();
    }

    @Test
    void firstAndSecondDerivativesHaveTheirClosedForms() {
        for (double rate : new double[] {0.003, 0.0185, 0.1}) {
            Tensor u = c.mul(rate);
            Tensor odds = u.expm1().reciprocal(); // 1/(eᵘ − 1)
            double first = Tensor.where(faster, c.mul(odds), c.neg()).sum().item();
            double second = Tensor.where(faster, c.square().mul(u.exp()).mul(odds.square()).neg(), c.mul(0)).sum()
                    .item();
            assertThat(score(rate) / first).isCloseTo(1, within(1e-10));
            assertThat(curvature(rate) / second).isCloseTo(1, within(1e-10));
        }
        GradientCheck.of(v -> logLikelihood(v.mul(0.02)), number(1)).orThrow();
        GradientCheck.secondOrder(v -> logLikelihood(v.get(0).mul(0.02)), new Tensor[] {number(1)}).orThrow();
    }

    @Test
    void aStepOfEmMovesTheMeanByTheScore() {
        for (double rate : new double[] {0.005, 0.0185, 0.08}) {
            assertThat(1 / em(rate)).isCloseTo(1 / rate - score(rate) / N, within(1e-9));
        }
        double fixed = fixedPoint();
        assertThat(em(fixed)).isCloseTo(fixed, within(1e-16));
        assertThat(score(fixed) * fixed / N).as("relative to the score's terms").isCloseTo(0, within(1e-13));
    }

    @Test
    void emGradientAscentAndNewtonReachTheSameRate() {
        double start = 1 / c.mean().item();
        double newton = newton(start);
        assertThat(fixedPoint() / newton).isCloseTo(1, within(1e-12));
        Param logRate = Param.of("log rate", number(Math.log(start)));
        Sgd sgd = new Sgd(List.of(logRate), 1.5);
        for (int t = 0; t < 60; t++) {
            logLikelihood(logRate.exp()).div(-N).backward();
            sgd.step();
        }
        assertThat(Math.exp(logRate.item()) / newton).isCloseTo(1, within(1e-12));
    }

    @Test
    void everyStepOfEmRaisesTheLikelihood() {
        for (double start : new double[] {1e-4, 1 / c.mean().item(), 1, c.mean().item()}) {
            double rate = start;
            double before = logLikelihood(number(rate)).item();
            double fixed = fixedPoint();
            while (Math.abs(rate / fixed - 1) > 1e-5) {
                rate = em(rate);
                double after = logLikelihood(number(rate)).item();
                assertThat(after).isGreaterThan(before);
                before = after;
            }
        }
    }

    @Test
    void emConvergesLinearlyAtTheShareOfMissingInformation() {
        double best = newton(1 / c.mean().item());
        double missing = 1 + curvature(best) * best * best / N;
        assertThat(missing).isBetween(0.3, 0.6);
        double near = best * (1 + 1e-5);
        assertThat((em(near) - best) / (near - best)).isCloseTo(missing, within(1e-4));
        for (double eta : new double[] {0.5, 1, 1.5}) {
            double ascent = near * Math.exp(eta * near * score(near) / N);
            assertThat((ascent - best) / (near - best)).as("gradient ascent on the logarithm")
                    .isCloseTo(1 - eta * (1 - missing), within(1e-4));
        }
        double[] errors = DoubleStream.iterate(best * 0.8, rate -> rate - score(rate) / curvature(rate)).limit(4)
                .map(rate -> Math.abs(rate / best - 1)).toArray();
        assertThat(errors[2] / (errors[1] * errors[1])).as("Newton squares its error")
                .isCloseTo(errors[1] / (errors[0] * errors[0]), within(0.3));
        assertThat(errors[3]).isLessThan(2 * errors[2] * errors[2]);
    }

    @Test
    void equalPredictionsHaveAClosedForm() {
        c = Tensor.ones(N).to(DType.FLOAT64).mul(45);
        double share = faster.to(DType.FLOAT64).mean().item();
        assertThat(fixedPoint()).isCloseTo(-Math.log(1 - share) / 45, within(1e-14));
    }

    /**
     * 300 simulations. If z = (estimate − truth) / standard error is standard normal, each count is binomial: a range of
     * four of its standard deviations is left with a probability of 6e-5.
     */
    @Test
    void theStandardErrorIsRight() {
        int runs = 300;
        Tensor many = predicted(runs, 100);
        Tensor seen = times(runs, 100).le(many);
        Tensor rate = Tensor.full(TRUE_RATE, runs, 1).to(DType.FLOAT64);
        for (int t = 0; t < 15; t++) {
            rate = expected(rate, many, seen).mean(1, true).reciprocal();
        }
        Tensor u = many.mul(rate);
        Tensor terms = many.square().mul(u.exp()).div(u.expm1().square());
        Tensor information = Tensor.where(seen, terms, terms.zerosLike()).sum(1, true);
        double[] z = rate.sub(TRUE_RATE).mul(information.sqrt()).toDoubleArray();
        long within1 = DoubleStream.of(z).filter(v -> Math.abs(v) < 1).count();
        long within2 = DoubleStream.of(z).filter(v -> Math.abs(v) < 2).count();
        assertThat((double) within1).isCloseTo(0.6827 * runs, within(4 * Math.sqrt(0.6827 * 0.3173 * runs)));
        assertThat((double) within2).isCloseTo(0.9545 * runs, within(4 * Math.sqrt(0.9545 * 0.0455 * runs)));
        double best = fixedPoint();
        assertThat(Math.abs(best - TRUE_RATE) * Math.sqrt(-curvature(best))).as("the page's simulation").isLessThan(1);
    }

    /** expm1: dx = dy (y + 1), log: dx = dy / x, and a choice gives each gradient to what was chosen. */
    @Test
    void theRulesOfTheLikelihoodsOperations() {
        Tensor x = Tensor.of(0.3, 1.2, 2);
        Tensor dy = Tensor.of(1.5, -0.7, 0.4);
        assertThat(Differences.largest(Autograd.vjp(Tensor::expm1, x, dy), dy.mul(x.expm1().add(1)))).isLessThan(1e-14);
        assertThat(Differences.largest(Autograd.vjp(Tensor::log, x, dy), dy.div(x))).isLessThan(1e-14);
        Tensor first = Tensor.of(true, false, true);
        assertThat(Autograd.vjp(v -> Tensor.where(first, v, x), x, dy).toDoubleArray()).containsExactly(1.5, 0, 0.4);
        assertThat(Autograd.vjp(v -> Tensor.where(first, x, v), x, dy).toDoubleArray()).containsExactly(0, -0.7, 0);
    }

    @Test
    void oneOverTheMeanPredictionHasTheUnitOfARate() {
        double hours = 60;
        double inMinutes = em(em(1 / c.mean().item()));
        double wrongInMinutes = em(em(c.mean().item()));
        c = c.div(hours);
        double inHours = em(em(1 / c.mean().item()));
        double wrongInHours = em(em(c.mean().item()));
        assertThat(inHours).isCloseTo(inMinutes * hours, within(1e-12));
        assertThat(Math.abs(wrongInHours / (wrongInMinutes * hours) - 1)).as("depends on the unit").isGreaterThan(0.1);
    }

    @Test
    void aStartWithTheWrongUnitThrowsNewtonOff() {
        double start = c.mean().item();
        assertThat(start - score(start) / curvature(start)).isNotFinite();
        assertThat(newton(1 / start)).isCloseTo(fixedPoint(), within(1e-14));
    }

    @Test
    void theAverageTimeIsOneOverTheRateNotNOverIt() {
        Tensor many = times(100_000);
        double error = 1 / TRUE_RATE / Math.sqrt(100_000); // the standard deviation of an exponential is its mean
        assertThat(many.mean().item()).isCloseTo(1 / TRUE_RATE, within(4 * error));
    }

    @Test
    void allFasterHasNoMaximumAndEmCreepsUp() {
        c = c.slice(0, 0, 20);
        faster = c.gt(0);
        double rate = 1 / c.mean().item();
        double[] rates = DoubleStream.iterate(rate, this::em).limit(801).toArray();
        for (int t = 0; t < 800; t += 100) {
            assertThat(score(rates[t])).isPositive();
            assertThat(rates[t + 1]).isGreaterThan(rates[t]);
        }
        assertThat(rates[800] / rates[400]).as("the second 400 steps add little").isBetween(1.0, 1.2);
        c = Tensor.of(1.0);
        faster = Tensor.of(true);
        double[] alone = DoubleStream.iterate(1, this::em).limit(2002).toArray();
        double step = alone[2000] * alone[2000] * Math.exp(-alone[2000]);
        assertThat((alone[2001] - alone[2000]) / step).as("what a step adds").isCloseTo(1, within(0.02));
        assertThat((alone[2000] - alone[1000]) / Math.log(2)).as("like log t").isBetween(1.0, 1.4);
    }

    @Test
    void allSlowerHasNoMaximumAndEmFallsLikeOneOverT() {
        faster = c.lt(0);
        double mean = c.mean().item();
        double rate = 1 / mean;
        for (int t = 1; t <= 100; t++) {
            rate = em(rate);
            assertThat(rate).isCloseTo(1 / ((t + 1) * mean), within(1e-13));
        }
    }
}
