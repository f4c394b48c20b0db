package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas of docs/derivations/log-softmax.md. */
final class LogSoftmaxTest {
    private static final Tensor A = Tensor.of(new double[][] {{1, -0.5}, {0.3, 2}, {-1.2, 0.7}, {0.4, 0.1}});

    private final Tensor identity = Tensor.eye(4).to(DType.FLOAT64);
    private final Tensor u = Tensor.of(0.8, -0.6);
    private final Tensor logits = x(u);
    private final Tensor s = logits.softmax(0);
    /** Row i: ∇x_i. */
    private final Tensor slopes = Autograd.jacobian(LogSoftmaxTest::x, u);
    /** E_j[∇x_j]. */
    private final Tensor expected = s.matmul(slopes);

    private static Tensor x(Tensor u) {
        return A.matmul(u.sin()).add(A.square().matmul(u.square()));
    }

    private static Tensor loss(Tensor logits, int label) {
        return new CrossEntropyLoss().call(logits.unsqueeze(0), Tensor.of(label));
    }

    @Test
    void theJacobianIsTheIdentityMinusRowsOfSoftmax() {
        Tensor jacobian = Autograd.jacobian(v -> v.logSoftmax(0), logits);
        assertThat(Differences.largest(jacobian, identity.sub(s.unsqueeze(0)))).isLessThan(1e-15);
        assertThat(Differences.largest(logits.logSoftmax(0), logits.sub(logits.exp().sum().log()))).isLessThan(1e-14);
        assertThat(Differences.largest(jacobian, Differences.jacobian(v -> v.logSoftmax(0), logits))).isLessThan(1e-9);
        GradientCheck.of(v -> v.logSoftmax(0), logits).orThrow();
        // The library's rule: dx = dy − softmax(x) Σ dy.
        Tensor dy = Tensor.of(0.3, -2, 1.1, 4);
        assertThat(Differences.largest(Autograd.vjp(v -> v.logSoftmax(0), logits, dy), dy.sub(s.mul(dy.sum()))))
                .isLessThan(1e-14);
    }

    @Test
    void gradientsAreLogitGradientsMinusTheirExpectation() {
        Tensor gradients = Autograd.jacobian(v -> x(v).logSoftmax(0), u);
        assertThat(Differences.largest(gradients, slopes.sub(expected))).isLessThan(1e-14);
        assertThat(Differences.largest(gradients, Differences.jacobian(v -> x(v).logSoftmax(0), u))).isLessThan(1e-8);
        assertThat(s.matmul(gradients).abs().max().item()).as("expectation").isLessThan(1e-15);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void crossEntropysGradientIsSoftmaxMinusOneHot(int label) {
        Tensor byLogits = Autograd.grad(v -> loss(v, label), logits);
        assertThat(loss(logits, label).item())
                .isCloseTo(-logits.logSoftmax(0).select(0, label).item(), within(1e-15));
        assertThat(Differences.largest(byLogits, s.sub(identity.select(0, label)))).isLessThan(1e-15);
        Tensor byU = Autograd.grad(v -> loss(x(v), label), u);
        assertThat(Differences.largest(byU, expected.sub(slopes.select(0, label)))).isLessThan(1e-14);
        assertThat(Differences.largest(byU, s.sub(identity.select(0, label)).matmul(slopes))).isLessThan(1e-14);
        assertThat(Differences.largest(byU, Differences.jacobian(v -> loss(x(v), label), u))).isLessThan(1e-8);
    }

    /** The source's last sum ends at k, its label, instead of at the number of classes. */
    @Test
    void theSumRunsOverAllClasses() {
        int label = 1;
        Tensor byU = Autograd.grad(v -> loss(x(v), label), u);
        Tensor upToLabel = s.slice(0, 0, label + 1).matmul(slopes.slice(0, 0, label + 1));
        assertThat(Differences.largest(byU, upToLabel.sub(slopes.select(0, label)))).isGreaterThan(0.01);
    }

    @Test
    void itStaysFiniteWhereSoftmaxUnderflows() {
        Tensor far = Tensor.of(1000.0, -1000, 0);
        assertThat(far.softmax(0).log().toDoubleArray()).contains(Double.NEGATIVE_INFINITY);
        assertThat(far.logSoftmax(0).toDoubleArray()).containsExactly(0, -2000, -1000);
        assertThat(loss(far, 1).item()).isEqualTo(2000);
        assertThat(Autograd.grad(v -> loss(v, 1), far).toDoubleArray()).containsExactly(1, -1, 0);
    }
}
