package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.op.BatchNorm;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Batch normalisation followed by ReLU: statistics, and gradients step by step. */
final class BatchNormTest {
    private static final int BATCH = 7;
    private static final int UNITS = 3;
    /** Large, so that it shows where it stands. */
    private static final double EPS = 0.1;
    private static final Offset<Double> CLOSE = within(1e-12);

    private MemoryScope scope;
    private Device.Use use;
    private Tensor y;
    private Tensor gamma;
    private Tensor beta;
    private Tensor m;
    private Tensor v;
    /** The gradient of the loss, the sum of c ⊙ H, by H. */
    private Tensor c;
    /** c where the ReLU lets it through. */
    private Tensor g;
    private Tensor deviation;
    /** 1 / √(v + ε). */
    private Tensor root;
    private Tensor hat;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(2);
        y = normal(BATCH, UNITS).mul(1.5).add(0.7).detach();
        gamma = Tensor.of(1.5, -0.7, 2);
        beta = Tensor.of(0.3, 0.2, -0.4);
        c = normal(BATCH, UNITS);
        m = y.mean(0);
        v = variance(y, m);
        deviation = y.sub(m);
        root = v.add(EPS).rsqrt();
        hat = deviation.mul(root);
        g = c.mul(scaled(y, m, v).gt(0).to(DType.FLOAT64));
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
        Rng.seed(0);
    }

    private static Tensor normal(int... shape) {
        return Rng.normal(shape).to(DType.FLOAT64);
    }

    private static Tensor variance(Tensor y, Tensor m) {
        return y.sub(m).square().mean(0);
    }

    private Tensor scaled(Tensor y, Tensor m, Tensor v) {
        return scaled(y, m, v, gamma, beta);
    }

    private static Tensor scaled(Tensor y, Tensor m, Tensor v, Tensor gamma, Tensor beta) {
        return gamma.mul(y.sub(m)).mul(v.add(EPS).rsqrt()).add(beta);
    }

    private Tensor loss(Tensor y, Tensor m, Tensor v, Tensor gamma, Tensor beta) {
        return c.mul(scaled(y, m, v, gamma, beta).relu()).sum();
    }

    private Tensor loss(Tensor y) {
        Tensor mean = y.mean(0);
        return loss(y, mean, variance(y, mean), gamma, beta);
    }

    private static void close(Tensor got, Tensor want) {
        assertThat(got.shape()).isEqualTo(want.shape());
        assertThat(got.toDoubleArray()).containsExactly(want.toDoubleArray(), CLOSE);
    }

    private static double difference(Tensor a, Tensor b) {
        return a.sub(b).abs().max().item();
    }

    @Test
    void meanAndVarianceOfTheResult() {
        Tensor result = scaled(y, m, v);
        close(result.mean(0), beta);
        Tensor want = gamma.square().mul(v).div(v.add(EPS));
        close(result.variance(new int[] {0}, false, 0), want);
        close(result.variance(0, false), want.mul((double) BATCH / (BATCH - 1)));
        assertThat(difference(want, gamma.square())).as("gamma squared only without epsilon").isGreaterThan(0.01);
        Tensor exact = gamma.mul(deviation).div(v.sqrt()).add(beta);
        close(exact.variance(new int[] {0}, false, 0), gamma.square());
        // The source's line with gamma / v: the mean is still beta, since Σ(Y − m) = 0, but the line is not the result's.
        Tensor printed = gamma.div(v).mul(deviation).add(beta);
        close(printed.mean(0), beta);
        assertThat(difference(printed, exact)).isGreaterThan(0.1);
        // E Y² − 2m² + m² = v, in the source by v − m² + m².
        close(y.square().mean(0).sub(m.square().mul(2)), v.sub(m.square()));
    }

    @Test
    void epsilonKeepsAConstantColumnFinite() {
        Tensor same = Tensor.of(2.0, 2, 2).reshape(3, 1);
        Tensor first = Tensor.of(1.0, 0, 0).reshape(3, 1);
        Tensor mean = same.mean(0);
        assertThat(same.sub(mean).div(variance(same, mean).sqrt()).toDoubleArray()).containsOnly(Double.NaN);
        assertThat(inside(same).toDoubleArray()).containsOnly(0);
        assertThat(outside(same).toDoubleArray()).containsOnly(0);
        double scale = 1 / Math.sqrt(EPS);
        assertThat(Autograd.vjp(BatchNormTest::inside, same, first).toDoubleArray())
                .containsExactly(new double[] {2 * scale / 3, -scale / 3, -scale / 3}, CLOSE);
        assertThat(Autograd.vjp(BatchNormTest::outside, same, first).toDoubleArray()).containsOnly(Double.NaN);
    }

    private static Tensor inside(Tensor y) {
        return y.sub(y.mean(0)).mul(variance(y, y.mean(0)).add(EPS).rsqrt());
    }

    private static Tensor outside(Tensor y) {
        return y.sub(y.mean(0)).div(variance(y, y.mean(0)).sqrt().add(EPS));
    }

    @Test
    void gradientsOfGammaAndBeta() {
        Tensor scale = gamma.detach().requireGrad();
        Tensor shift = beta.detach().requireGrad();
        List<Tensor> gradients = Autograd.grad(loss(y, m, v, scale, shift), scale, shift);
        close(gradients.get(0), g.mul(hat).sum(0));
        close(gradients.get(1), g.sum(0));
        GradientCheck.of(in -> loss(y, m, v, in.get(0), in.get(1)), gamma, beta).orThrow();
        Tensor printed = g.mul(deviation).div(v.sqrt().add(EPS)).sum(0);
        assertThat(difference(gradients.get(0), printed)).as("with epsilon outside the root").isGreaterThan(0.01);
    }

    @Test
    void gradientOfTheMeanWithTheVarianceHeldAndNot() {
        Tensor want = gamma.mul(root).mul(g.sum(0)).neg();
        close(Autograd.grad(mean -> loss(y, mean, v, gamma, beta), m), want);
        close(Autograd.grad(mean -> loss(y, mean, variance(y, mean), gamma, beta), m), want);
        GradientCheck.of(mean -> loss(y, mean, variance(y, mean), gamma, beta), m).orThrow();
        // As an intermediate result, where both ways go through it.
        Tensor x = y.detach().requireGrad();
        Tensor mean = x.mean(0);
        close(Autograd.grad(loss(x, mean, variance(x, mean), gamma, beta), mean).getFirst(), want);
        Tensor printed = g.sum(0).mul(gamma).div(v.sqrt().add(EPS)).neg();
        assertThat(difference(want, printed)).as("with epsilon outside the root").isGreaterThan(0.01);
    }

    @Test
    void varianceByMeanIsZeroAtTheMeanAlone() {
        close(Autograd.grad(mean -> variance(y, mean).sum(), m), m.zerosLike());
        Tensor elsewhere = m.add(0.5);
        Tensor got = Autograd.grad(mean -> variance(y, mean).sum(), elsewhere);
        close(got, y.sub(elsewhere).sum(0).mul(-2.0 / BATCH));
        Tensor printed = y.sub(elsewhere).sum(0).mul(2.0 / BATCH);
        assertThat(difference(got, printed)).as("without the minus").isGreaterThan(1);
    }

    @Test
    void gradientOfTheVariance() {
        Tensor want = gamma.mul(root.pow(3)).mul(g.mul(deviation).sum(0)).mul(-0.5);
        close(Autograd.grad(variance -> loss(y, m, variance, gamma, beta), v), want);
        GradientCheck.of(variance -> loss(y, m, variance, gamma, beta), v).orThrow();
        // Of the form with epsilon outside the root, which the source has above, the derivative is another.
        Tensor other = Autograd.grad(variance -> gamma.mul(deviation).div(variance.sqrt().add(EPS)).mul(g).sum(), v);
        close(other, gamma.mul(g.mul(deviation).sum(0)).div(v.sqrt().mul(v.sqrt().add(EPS).square())).mul(-0.5));
        assertThat(difference(other, want)).isGreaterThan(0.01);
    }

    @Test
    void derivativesOfMeanAndVarianceByTheInput() {
        Tensor means = Autograd.jacobian(x -> x.mean(0), y);
        Tensor variances = Autograd.jacobian(x -> variance(x, x.mean(0)), y);
        double[] mean = means.toDoubleArray();
        double[] variance = variances.toDoubleArray();
        double[] d = deviation.toDoubleArray();
        for (int l = 0; l < UNITS; l++) {
            for (int s = 0; s < BATCH; s++) {
                for (int t = 0; t < UNITS; t++) {
                    int at = (l * BATCH + s) * UNITS + t;
                    assertThat(mean[at]).isCloseTo(l == t ? 1.0 / BATCH : 0, CLOSE);
                    assertThat(variance[at]).isCloseTo(l == t ? 2.0 / BATCH * d[s * UNITS + l] : 0, CLOSE);
                }
            }
        }
    }

    @Test
    void jacobianOfTheNormalisation() {
        double[] got = Autograd.jacobian(x -> scaled(x, x.mean(0), variance(x, x.mean(0))), y).toDoubleArray();
        double[] d = deviation.toDoubleArray();
        double[] r = root.toDoubleArray();
        double[] scale = gamma.toDoubleArray();
        for (int at = 0; at < got.length; at++) {
            int t = at % UNITS;
            int s = at / UNITS % BATCH;
            int l = at / UNITS / BATCH % UNITS;
            int k = at / UNITS / BATCH / UNITS;
            double want = l != t
                    ? 0
                    : scale[l] * (((k == s ? 1 : 0) - 1.0 / BATCH) * r[l]
                            - d[k * UNITS + l] * d[s * UNITS + l] * Math.pow(r[l], 3) / BATCH);
            assertThat(got[at]).isCloseTo(want, CLOSE);
            assertThat(Math.abs(got[at])).isLessThan(Math.abs(scale[l]) / Math.sqrt(EPS));
        }
    }

    @Test
    void gradientOfTheInput() {
        Tensor autograd = Autograd.grad(this::loss, y);
        GradientCheck.of(this::loss, y).orThrow();
        Tensor corrected = bySum(1);
        close(corrected, autograd);
        assertThat(difference(bySum(-1), autograd)).as("with the source's sign").isGreaterThan(0.1);
        Tensor compact = gamma.mul(root).mul(g.sub(g.mean(0)).sub(hat.mul(g.mul(hat).mean(0))));
        close(compact, autograd);
        // By the chain rule over Y itself, m and v.
        Tensor dm = gamma.mul(root).mul(g.sum(0)).neg();
        Tensor dv = gamma.mul(root.pow(3)).mul(g.mul(deviation).sum(0)).mul(-0.5);
        close(g.mul(gamma).mul(root).add(dm.div(BATCH)).add(dv.mul(deviation).mul(2.0 / BATCH)), autograd);
        // A shift of the whole batch changes nothing, and a stretch only as far as epsilon lets it.
        close(autograd.sum(0), beta.zerosLike());
        close(autograd.mul(deviation).sum(0), gamma.mul(g.mul(hat).sum(0)).mul(root.square()).mul(EPS));
    }

    /** g γ r − 1/B Σ_k g_kt γ_t (r ± (Y_kt − m_t) r³ (Y_st − m_t)), element by element. */
    private Tensor bySum(int sign) {
        double[] gs = g.toDoubleArray();
        double[] d = deviation.toDoubleArray();
        double[] r = root.toDoubleArray();
        double[] scale = gamma.toDoubleArray();
        double[] result = new double[BATCH * UNITS];
        for (int at = 0; at < result.length; at++) {
            int t = at % UNITS;
            result[at] = gs[at] * scale[t] * r[t];
            for (int k = t; k < result.length; k += UNITS) {
                result[at] -= gs[k] * scale[t] * (r[t] + sign * d[k] * Math.pow(r[t], 3) * d[at]) / BATCH;
            }
        }
        return Tensor.of(result).reshape(BATCH, UNITS);
    }

    @Test
    void reluHasSlopeZeroAtZero() {
        Tensor at = Tensor.of(-1.0, 0, 1);
        assertThat(Autograd.grad(x -> x.relu().sum(), at).toDoubleArray()).containsExactly(0, 0, 1);
        assertThat(at.gt(0).to(DType.FLOAT64).toDoubleArray()).containsExactly(0, 0, 1);
    }

    @Test
    void operationAgreesDecomposedAndFused() {
        Tensor want = Autograd.grad(this::loss, y);
        agrees(new ReferenceBackend(), DType.FLOAT64, want, 1e-12);
        agrees(new FusedBackend(), DType.FLOAT32, want, 1e-5);
    }

    private void agrees(Backend backend, DType dtype, Tensor want, double tolerance) {
        Device device = Device.of(backend);
        try (var _ = device.use()) {
            Tensor x = on(device, dtype, y);
            Tensor scale = on(device, dtype, gamma);
            Tensor shift = on(device, dtype, beta);
            BatchNorm op = new BatchNorm(EPS, 0.1, null, null, Activation.RELU);
            assertThat(Autograd.isFused(op, x, scale, shift)).isEqualTo(dtype == DType.FLOAT32);
            Tensor h = Autograd.apply(op, x, scale, shift);
            List<Tensor> gradients = Autograd.grad(h.mul(c.to(device).to(dtype)).sum(), x, scale, shift);
            near(gradients.get(0), want, tolerance);
            near(gradients.get(1), g.mul(hat).sum(0), tolerance);
            near(gradients.get(2), g.sum(0), tolerance);
        }
    }

    private static Tensor on(Device device, DType dtype, Tensor values) {
        return values.detach().to(device).to(dtype).requireGrad();
    }

    private static void near(Tensor got, Tensor want, double tolerance) {
        assertThat(got.to(DType.FLOAT64).toDoubleArray()).containsExactly(want.toDoubleArray(), within(tolerance));
    }
}
