package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/derivations/softmax-temperature.md states: softmax of βx, its derivatives by x and by β, and its limits. */
final class SoftmaxTemperatureTest {
    private MemoryScope scope;
    private Device.Use use;
    private Tensor x;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        x = Tensor.of(1, 2, 2.5, 0.5);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private double[] y(double beta) {
        return x.mul(beta).softmax(0).toDoubleArray();
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1.5, 0, 0.3, 1, 2, 7})
    void theJacobianByTheLogitsInBothCases(double beta) {
        double[] y = y(beta);
        double[] jacobian = Autograd.jacobian(v -> v.mul(beta).softmax(0), x).toDoubleArray();
        for (int j = 0; j < 4; j++) {
            for (int i = 0; i < 4; i++) {
                double want = i == j ? beta * y[j] * (1 - y[j]) : -beta * y[j] * y[i];
                assertThat(jacobian[j * 4 + i]).isCloseTo(want, within(1e-14));
            }
        }
        Tensor p = Tensor.of(y);
        Tensor matrix = Tensor.diag(p).sub(p.reshape(4, 1).matmul(p.reshape(1, 4))).mul(beta);
        assertThat(jacobian).containsExactly(matrix.toDoubleArray(), within(1e-14));
        for (double sum : matrix.sum(0).toDoubleArray()) {
            assertThat(sum).isCloseTo(0, within(1e-14));
        }
        GradientCheck.of(v -> v.mul(beta).softmax(0), x).orThrow();
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1.5, 0, 0.3, 1, 2, 7})
    void theDerivativeByTheInverseTemperature(double beta) {
        Tensor y = Tensor.of(y(beta));
        Tensor mean = y.mul(x).sum();
        Tensor slope = Autograd.jacobian(b -> x.mul(b).softmax(0), Tensor.of(beta)).reshape(4);
        assertThat(slope.toDoubleArray()).containsExactly(y.mul(x.sub(mean)).toDoubleArray(), within(1e-14));
        assertThat(slope.sum().item()).isCloseTo(0, within(1e-14));
        GradientCheck.of(b -> x.mul(b).softmax(0), Tensor.of(beta)).orThrow();
        double variance = y.mul(x.sub(mean).square()).sum().item();
        double ofMean = Autograd.grad(b -> x.mul(b).softmax(0).mul(x).sum(), Tensor.of(beta)).item();
        assertThat(ofMean).as("the expected logit rises by its variance").isCloseTo(variance, within(1e-14));
    }

    /** β dy/dβ = Σᵢ xᵢ ∂y/∂xᵢ, for both scale the same product. */
    @Test
    void scalingBetaIsScalingTheLogits() {
        double beta = 1.7;
        Tensor jacobian = Autograd.jacobian(v -> v.mul(beta).softmax(0), x);
        Tensor slope = Autograd.jacobian(b -> x.mul(b).softmax(0), Tensor.of(beta)).reshape(4);
        assertThat(slope.mul(beta).toDoubleArray()).containsExactly(jacobian.matmul(x).toDoubleArray(), within(1e-14));
    }

    @Test
    void theLimits() {
        assertThat(y(0)).containsExactly(0.25, 0.25, 0.25, 0.25);
        assertThat(y(1e-6)).containsExactly(new double[] {0.25, 0.25, 0.25, 0.25}, within(1e-6));
        assertThat(y(1000)).containsExactly(new double[] {0, 0, 1, 0}, within(1e-200));
        assertThat(y(-1000)).containsExactly(new double[] {0, 0, 0, 1}, within(1e-200));
        for (double beta : new double[] {1, 5, 20}) { // the largest leads by 0.5
            assertThat(1 - y(beta)[2]).isBetween(Math.exp(-0.5 * beta) / 2, 3 * Math.exp(-0.5 * beta));
        }
        for (double beta : new double[] {0, 1000}) {
            double[] jacobian = Autograd.jacobian(v -> v.mul(beta).softmax(0), x).toDoubleArray();
            assertThat(jacobian).containsExactly(new double[16], within(1e-100));
        }
        x = Tensor.of(1.0, 3, 3, 0);
        assertThat(y(1000)).as("ties share").containsExactly(new double[] {0, 0.5, 0.5, 0}, within(1e-200));
    }

    /** The rule of softmax for v = βx, then that of the product: dx = β dv, dβ = Σ x dv. */
    @Test
    void theLibrarysTwoRules() {
        Tensor dy = Tensor.of(0.3, -1, 0.2, 0.8);
        Tensor beta = Tensor.of(1.7);
        Tensor y = Tensor.of(y(1.7));
        Tensor dv = y.mul(dy.sub(dy.mul(y).sum()));
        assertThat(Autograd.vjp(v -> v.mul(beta).softmax(0), x, dy).toDoubleArray())
                .containsExactly(dv.mul(beta).toDoubleArray(), within(1e-14));
        assertThat(Autograd.vjp(b -> x.mul(b).softmax(0), beta, dy).item())
                .isCloseTo(x.mul(dv).sum().item(), within(1e-14));
    }

    /** Between two classes it is the sigmoid of β times their difference. */
    @Test
    void twoClasses() {
        x = Tensor.of(0.4, 1.1);
        assertThat(y(3)[0]).isCloseTo(1 / (1 + Math.exp(-3 * (0.4 - 1.1))), within(1e-15));
    }
}
