package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.BceWithLogitsLoss;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.tensor.Tensor;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The formulas of docs/derivations/two-class-softmax.md. */
final class TwoClassSoftmaxTest {
    private final Tensor x = Tensor.of(new double[][] {{1, 3}, {0.5, -0.5}, {2, 2}, {-4, 1}, {700, -700}});
    private final Tensor z = difference(x);
    private final Tensor s = x.softmax(1);

    private static Tensor difference(Tensor x) {
        return x.select(1, 0).sub(x.select(1, 1));
    }

    @Test
    void softmaxIsASigmoidOfTheDifference() {
        assertThat(Differences.largest(s.select(1, 0), z.sigmoid())).isLessThan(1e-15);
        assertThat(Differences.largest(s.select(1, 1), z.neg().sigmoid())).isLessThan(1e-15);
        assertThat(Differences.largest(s.select(1, 1), z.sigmoid().neg().add(1))).isLessThan(1e-15);
        assertThat(s.select(0, 0).select(0, 0).item()).isCloseTo(1 / (1 + Math.exp(2)), within(1e-15));
    }

    /** With z = x₂ − x₁, 1 / (1 + e^z) is σ(−z), not σ(z) as the source has it. */
    @Test
    void theSourcesArgumentHasTheWrongSign() {
        Tensor source = difference(x).neg();
        assertThat(Differences.largest(source.exp().add(1).reciprocal(), s.select(1, 0))).isLessThan(1e-15);
        assertThat(Differences.largest(source.sigmoid(), s.select(1, 0))).isGreaterThan(0.9);
        assertThat(source.select(0, 0).sigmoid().item()).isCloseTo(0.880797, within(1e-6));
        assertThat(s.select(0, 0).select(0, 0).item()).isCloseTo(0.119203, within(1e-6));
    }

    @Test
    void theLossesAreOneAndTheSame() {
        Tensor label = Tensor.of(0, 0, 1, 1, 1);
        Tensor first = label.eq(0).to(DType.FLOAT64);
        UnaryOperator<Tensor> many = v -> new CrossEntropyLoss().call(v, label);
        UnaryOperator<Tensor> two = v -> new BceWithLogitsLoss().call(difference(v), first);
        assertThat(two.apply(x).item()).isCloseTo(many.apply(x).item(), within(1e-12));
        Tensor gradient = Autograd.grad(many, x);
        assertThat(Differences.largest(Autograd.grad(two, x), gradient)).isLessThan(1e-15);
        // (σ(z) − t) (1, −1) / n, by the two logits
        Tensor byZ = z.sigmoid().sub(first).div(5);
        assertThat(Differences.largest(gradient, Tensor.stack(1, byZ, byZ.neg()))).isLessThan(1e-15);
        assertThat(Differences.largest(gradient, Differences.jacobian(many, x))).isLessThan(1e-6);
    }

    /** The two-class Jacobian diag(s) − s sᵀ is σ' = σ(1 − σ) with signs: one degree of freedom. */
    @Test
    void theJacobianHasRankOne() {
        Tensor point = Tensor.of(0.5, -0.5);
        Tensor jacobian = Autograd.jacobian(v -> v.softmax(0), point);
        double p = Tensor.of(1.0).sigmoid().item();
        Tensor signs = Tensor.of(new double[][] {{1, -1}, {-1, 1}});
        assertThat(Differences.largest(jacobian, signs.mul(p * (1 - p)))).isLessThan(1e-15);
    }
}
