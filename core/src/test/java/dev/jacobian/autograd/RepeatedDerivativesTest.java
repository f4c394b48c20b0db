package dev.jacobian.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** A derivative of a derivative is right or an error, never silently zero. */
class RepeatedDerivativesTest {
    private static final Tensor X = Tensor.of(1.0, 2.0);

    @Test
    void ofAJacobian() {
        Tensor slope = Autograd.grad(v -> Autograd.jacobian(Tensor::square, v).square().sum(), X);
        assertThat(slope.toDoubleArray()).containsExactly(8, 16);
    }

    @Test
    void jacobianOfAJacobian() {
        Tensor curvature = Autograd.jacobian(v -> Autograd.jacobian(u -> u.pow(3), v), Tensor.of(2.0));
        assertThat(curvature.shape().toArray()).containsExactly(1, 1, 1);
        assertThat(curvature.item()).isEqualTo(12);
    }

    @Test
    void ofAHessian() {
        Tensor third = Autograd.grad(v -> Autograd.hessian(u -> u.pow(3).sum(), v).sum(), X);
        assertThat(third.toDoubleArray()).containsExactly(6, 6);
    }

    @Test
    void byWhatTheFunctionOfAHessianRefersTo() {
        Tensor one = Tensor.of(1.0);
        Tensor slope = Autograd.grad(a -> Autograd.hessian(u -> u.square().mul(a).sum(), one).sum(), Tensor.of(3.0));
        assertThat(slope.item()).isEqualTo(2);
    }

    /** (d(p x²)/dx)² = 4 p² x² at p = 1, x = 3, and its slope by p is 8 p x². */
    @Test
    void aPenaltyOnAGradientReachesTheParameters() {
        Param p = Param.of("p", Tensor.of(1.0));
        Tensor x = Tensor.of(3.0).requireGrad();
        try (var _ = Autograd.higherOrder()) {
            Tensor slope = Autograd.grad(p.mul(x.square()).sum(), x).getFirst();
            p.sum().add(slope.square().sum()).backward();
        }
        assertThat(p.grad().item()).isEqualTo(1 + 72);
    }

    @Test
    void aGradientWithoutAGraphRefusesToBeDifferentiated() {
        Param p = Param.of("p", Tensor.of(1.0));
        Tensor x = Tensor.of(3.0).requireGrad();
        Tensor slope = Autograd.grad(p.mul(x.square()).sum(), x).getFirst();
        assertThat(slope.item()).isEqualTo(6);
        assertThatIllegalStateException().isThrownBy(() -> p.sum().add(slope.square().sum()).backward())
                .withMessageContaining("higherOrder()").withMessageContaining("detach()");
        Param q = Param.of("q", Tensor.of(1.0));
        q.mul(slope.detach()).sum().backward();
        assertThat(q.grad().item()).isEqualTo(6);
    }

    @Test
    void aFunctionsGradientRefusesToBeDifferentiatedByWhatItRefersTo() {
        Param p = Param.of("p", Tensor.of(1.0));
        Tensor slope = Autograd.grad(v -> v.square().mul(p).sum(), Tensor.of(3.0));
        assertThat(slope.item()).isEqualTo(6);
        assertThatIllegalStateException().isThrownBy(() -> slope.square().sum().backward())
                .withMessageContaining("higherOrder()");
        assertThat(Autograd.grad(v -> v.square().sum(), X).requiresGrad()).isFalse();
    }

    @Test
    void aResultWithoutHistoryHasNoGradient() {
        Tensor x = Tensor.of(3.0);
        assertThatIllegalStateException().isThrownBy(() -> Autograd.grad(x.square().sum(), x))
                .withMessageContaining("requireGrad()");
    }

    @Test
    void anomalyModeLetsInfinitiesOfMasksPass() {
        Tensor mask = Tensor.of(false, true, false);
        try (var _ = Autograd.detectAnomaly()) {
            Tensor weights = Tensor.of(1f, 2f, 1f).requireGrad().maskedFill(mask, Double.NEGATIVE_INFINITY).softmax(0);
            weights.square().sum().backward();
            assertThat(weights.to(DType.FLOAT64).toDoubleArray()).containsExactly(0.5, 0, 0.5);
        }
    }
}
