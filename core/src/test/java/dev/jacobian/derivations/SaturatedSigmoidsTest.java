package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.loss.BceWithLogitsLoss;
import dev.jacobian.loss.MseLoss;
import dev.jacobian.loss.Reduction;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The formulas of docs/derivations/saturated-sigmoids.md. */
final class SaturatedSigmoidsTest {
    private static final int N = 5;

    private final Tensor o = Tensor.of(-3.0, -0.5, 0, 1, 4);
    private final Tensor y = Tensor.of(1.0, 0, 1, 1, 0);
    private final Tensor s = o.sigmoid();
    private final Tensor slope = s.mul(s.neg().add(1));
    private final Tensor squared = Autograd.grad(this::squaredError, o);
    private final Tensor entropy = Autograd.grad(this::crossEntropy, o);

    private Tensor squaredError(Tensor logits) {
        return new MseLoss().call(logits.sigmoid(), y);
    }

    private Tensor crossEntropy(Tensor logits) {
        return new BceWithLogitsLoss(Reduction.SUM).call(logits, y);
    }

    @Test
    void bothGradients() {
        assertThat(Differences.largest(squared, s.sub(y).mul(slope).mul(2.0 / N))).isLessThan(1e-15);
        assertThat(Differences.largest(entropy, s.sub(y))).isLessThan(1e-15);
        assertThat(Differences.largest(squared, Differences.jacobian(this::squaredError, o))).isLessThan(1e-9);
        assertThat(Differences.largest(entropy, Differences.jacobian(this::crossEntropy, o))).isLessThan(1e-8);
        assertThat(Differences.largest(Autograd.grad(v -> v.sigmoid().log().sum(), o), s.neg().add(1)))
                .isLessThan(1e-15);
        assertThat(Differences.largest(Autograd.grad(v -> v.sigmoid().neg().add(1).log().sum(), o), s.neg()))
                .isLessThan(1e-15);
        Tensor written = y.mul(s.log()).add(y.neg().add(1).mul(s.neg().add(1).log())).sum().neg();
        assertThat(crossEntropy(o).item()).isCloseTo(written.item(), within(1e-12));
    }

    @Test
    void theFactorBetweenThem() {
        assertThat(Differences.largest(squared.div(entropy), slope.mul(2.0 / N))).isLessThan(1e-14);
        assertThat(Differences.largest(squared.div(entropy), slope)).as("the source's factor").isGreaterThan(0.1);
        // With the mean in both, 2 σ (1 − σ): at most one half.
        Tensor mean = Autograd.grad(v -> new BceWithLogitsLoss().call(v, y), o);
        assertThat(Differences.largest(squared.div(mean), slope.mul(2))).isLessThan(1e-14);
        assertThat(slope.mul(2).max().item()).isEqualTo(0.5);
    }

    /** The source writes sums over the examples for gradients by the vector of logits: that is a bias's gradient. */
    @Test
    void theSumOverExamplesIsTheGradientOfASharedBias() {
        Tensor bias = Tensor.of(0.0);
        assertThat(Autograd.grad(b -> squaredError(o.add(b)), bias).item())
                .isCloseTo(squared.sum().item(), within(1e-15));
        assertThat(Autograd.grad(b -> crossEntropy(o.add(b)), bias).item())
                .isCloseTo(entropy.sum().item(), within(1e-15));
        assertThat(squared.shape()).isEqualTo(o.shape());
    }

    @Test
    void wrongAndSaturatedOneVanishesAndOneDoesNot() {
        for (double z : new double[] {-5, -10, -20, -40}) {
            Tensor logit = Tensor.of(z);
            Tensor one = Tensor.of(1.0);
            double ofSquared = Autograd.grad(v -> new MseLoss().call(v.sigmoid(), one), logit).item();
            double ofEntropy = Autograd.grad(v -> new BceWithLogitsLoss().call(v, one), logit).item();
            assertThat(ofEntropy).isCloseTo(-1, within(Math.exp(z)));
            assertThat(ofSquared / Math.exp(z)).as("-2 e^z").isCloseTo(-2, within(6 * Math.exp(z) + 1e-14));
        }
    }

    /** Which takes the loss of the logits: the logarithm of a sigmoid that became 0 has no gradient. */
    @Test
    void crossEntropyOfLogitsIsRightFarOut() {
        Tensor logit = Tensor.of(-1000.0);
        Tensor one = Tensor.of(1.0);
        assertThat(new BceWithLogitsLoss().call(logit, one).item()).isEqualTo(1000);
        assertThat(Autograd.grad(v -> new BceWithLogitsLoss().call(v, one), logit).item()).isEqualTo(-1);
        assertThat(logit.sigmoid().log().neg().item()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(Autograd.grad(v -> v.sigmoid().log().neg().sum(), logit).item()).isNaN();
    }
}
