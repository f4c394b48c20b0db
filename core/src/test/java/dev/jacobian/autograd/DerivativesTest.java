package dev.jacobian.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients, products, Jacobians and Hessians against closed forms, and the check by finite differences itself. */
final class DerivativesTest {
    private final Device device = Device.of(new ReferenceBackend());
    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = device.use();
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static void close(Tensor got, double... want) {
        assertThat(got.toDoubleArray()).containsExactly(want, offset(1e-12));
    }

    @Test
    void gradOfATape() {
        Tensor x = Tensor.of(1.0, 2).requireGrad();
        Tensor z = Tensor.of(5.0).requireGrad();
        Tensor unused = Tensor.ones(2, 2).requireGrad();
        List<Tensor> gradients = Autograd.grad(x.square().sum().mul(z), x, z, unused);
        close(gradients.get(0), 10, 20);
        close(gradients.get(1), 5);
        close(gradients.get(2), 0, 0, 0, 0);
        assertThat(x.grad()).as("nothing is added").isNull();
        assertThatIllegalArgumentException().isThrownBy(() -> Autograd.grad(x.exp(), x)).withMessageContaining("[2]");
        assertThatIllegalArgumentException().isThrownBy(() -> Autograd.grad(Tensor::exp, x))
                .withMessageContaining("[2]");
    }

    @Test
    void gradientsByIntermediateResults() {
        Tensor x = Tensor.of(3.0).requireGrad();
        Tensor y = x.square();
        List<Tensor> gradients = Autograd.grad(y.mul(y), y, x);
        close(gradients.get(0), 18);
        close(gradients.get(1), 108);
    }

    @Test
    void softmaxsJacobianIsDiagMinusOuterProduct() {
        Tensor x = Tensor.of(0.3, -1, 2, 0.5);
        Tensor s = x.softmax(0);
        Tensor want = Tensor.diag(s).sub(s.reshape(4, 1).matmul(s.reshape(1, 4)));
        Tensor got = Autograd.jacobian(v -> v.softmax(0), x);
        assertThat(got.shape()).isEqualTo(Shape.of(4, 4));
        close(got, want.toDoubleArray());
    }

    @Test
    void jacobiansHaveTheShapesOfResultAndInput() {
        Tensor a = Tensor.of(new double[][] {{1, 2}, {3, 4}, {5, 6}});
        Tensor x = Tensor.of(1.0, -1);
        close(Autograd.jacobian(a::matmul, x), a.toDoubleArray());
        assertThat(Autograd.jacobian(v -> v.matmul(a.transpose()), Tensor.ones(5, 2).to(DType.FLOAT64)).shape())
                .isEqualTo(Shape.of(5, 3, 5, 2));
        assertThat(Autograd.jacobian(v -> v.slice(0, 0, 0), x).shape()).isEqualTo(Shape.of(0, 2));
    }

    @Test
    void vjpIsTheProductWithTheJacobian() {
        Tensor x = Tensor.of(0.5, -0.25, 1.5);
        Tensor v = Tensor.of(2.0, -3, 0.5);
        Tensor jacobian = Autograd.jacobian(t -> t.softmax(0).log(), x);
        close(Autograd.vjp(t -> t.softmax(0).log(), x, v), v.matmul(jacobian).toDoubleArray());
        assertThatIllegalArgumentException().isThrownBy(() -> Autograd.vjp(Tensor::sum, x, v))
                .withMessageContaining("[3]").withMessageContaining("[]");
    }

    @Test
    void hessiansOfQuadraticAndCubicForms() {
        Tensor a = Tensor.of(new double[][] {{2, 1, 0}, {3, -1, 4}, {0, 5, 6}});
        Tensor x = Tensor.of(0.5, -1, 2);
        close(Autograd.hessian(v -> v.matmul(a.matmul(v)), x), a.add(a.transpose()).toDoubleArray());
        close(Autograd.hessian(v -> v.pow(3).sum(), x), Tensor.diag(x.mul(6)).toDoubleArray());
        close(Autograd.hessian(Tensor::sum, x), new double[9]);
    }

    @Test
    void gradientsNestToAnyDepth() {
        Tensor x = Tensor.of(0.7);
        Tensor fourth = Autograd.grad(
                a -> Autograd.grad(b -> Autograd.grad(c -> Autograd.grad(d -> d.sin().sum(), c).sum(), b).sum(), a)
                        .sum(),
                x);
        close(fourth, Math.sin(0.7));
        // a · ∂/∂b e^(a b) at b = a is a² e^(a²), both where a is the variable and where the inner function refers to it.
        Tensor mixed = Autograd.grad(a -> a.mul(Autograd.grad(b -> b.mul(a).exp().sum(), a)).sum(), x);
        close(mixed, Math.exp(0.49) * (2 * 0.7 + 2 * 0.7 * 0.7 * 0.7));
    }

    /** What a function refers to counts as what it is called with: no second derivative is silently zero. */
    @Test
    void gradientsAreDifferentiatedByWhatFunctionsReferTo() {
        Tensor x = Tensor.of(0.7);
        Tensor mixed = Autograd.grad(a -> a.mul(Autograd.grad(b -> b.mul(a).exp().sum(), a.detach())).sum(), x);
        // a · a e^(a b) with b held: 2 a e^(ab) + a² b e^(ab)
        close(mixed, Math.exp(0.49) * (2 * 0.7 + 0.7 * 0.7 * 0.7));
        Tensor p = Tensor.of(2.0).requireGrad();
        try (var _ = Autograd.higherOrder()) {
            Tensor penalty = Autograd.grad(v -> v.square().mul(p).sum(), Tensor.of(3.0)).square(); // (6 p)²
            p.sum().add(penalty.sum()).backward();
        }
        close(p.grad(), 1 + 72 * 2);
    }

    @Test
    void gradientsUseUpNothingButTheWayToTheirInputs() {
        Tensor w = Tensor.of(1.0, 2).requireGrad();
        Tensor h = w.exp();
        close(Autograd.grad(v -> v.mul(h).sum(), Tensor.of(3.0, 4)), h.toDoubleArray());
        h.sum().backward();
        close(w.grad(), h.toDoubleArray());
    }

    @Test
    void gradLeavesNoMarkOnItsArgument() {
        Tensor x = Tensor.of(2.0).requireGrad();
        close(Autograd.grad(Tensor::square, x.detach()), 4);
        assertThat(x.grad()).isNull();
        assertThat(Autograd.isHigherOrder()).isFalse();
        assertThat(Autograd.isRecording()).isTrue();
    }

    @Test
    void aFusedTapeHasNoSecondDerivativeAndSaysSo() {
        Device fused = Device.of(new FusedBackend());
        try (var _ = fused.use()) {
            Tensor x = Tensor.of(0.5f, 1, -1).requireGrad();
            Tensor y = x.softmax(0);
            assertThat(y.history().isFused()).isTrue();
            assertThatIllegalStateException().isThrownBy(() -> Autograd.grad(v -> {
                Tensor seed = v.mul(1);
                return Tape.gradients(y.mul(seed).sum(), Tensor.scalar(1), true, true, x).getFirst().square().sum();
            }, Tensor.of(1f, 2, 3))).withMessageContaining("softmax: no second derivative")
                    .withMessageContaining("higherOrder");
            Tensor hessian = Autograd.hessian(v -> v.softmax(0).square().sum(), x);
            Tensor want = Autograd.hessian(v -> v.exp().div(v.exp().sum()).square().sum(), x);
            assertThat(hessian.toDoubleArray()).containsExactly(want.toDoubleArray(), offset(1e-6));
            assertThat(Autograd.grad(v -> v.softmax(0).square().sum(), x).history()).isNotNull();
        }
    }

    /** Saves a result in between, of which the tape of a second derivative would know nothing. */
    private record Forgetful() implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return context.save(inputs[0].exp()).mul(2);
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy.mul(context.saved(0)).mul(2));
        }
    }

    @Test
    void savedIntermediatesGiveAnErrorUnderSecondOrder() {
        Tensor x = Tensor.of(1.0, 2);
        close(Autograd.grad(v -> Autograd.apply(new Forgetful(), v).sum(), x), 2 * Math.E, 2 * Math.exp(2));
        assertThatIllegalStateException()
                .isThrownBy(() -> Autograd.hessian(v -> Autograd.apply(new Forgetful(), v).sum(), x))
                .withMessageContaining("forgetful: no second derivative").withMessageContaining("intermediate");
    }

    private record Scaled(double factor) implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return context.save(inputs[0]).square();
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy.mul(context.saved(0)).mul(factor));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {2.00001, 1.99999, 0, -2, Double.NaN})
    void theCheckFindsWrongGradients(double factor) {
        GradientCheck.Report report = GradientCheck.of(v -> Autograd.apply(new Scaled(factor), v),
                Tensor.linspace(-3, 3, 7).reshape(7, 1));
        assertThat(report.passed()).isFalse();
        assertThat(report.toString()).contains("failed", "largest relative error", "tolerance 1e-06", "analytic",
                "numeric");
        assertThat(report.index()).hasSize(2);
        assertThatExceptionOfType(AssertionError.class).isThrownBy(report::orThrow)
                .withMessage(report.toString());
        assertThat(GradientCheck.secondOrder(v -> Autograd.apply(new Scaled(factor), v), Tensor.of(1f, 2)).passed())
                .as("a wrong constant slope has its own slope right").isEqualTo(!Double.isNaN(factor));
    }

    @Test
    void theCheckNamesTheWorstElementOfTheRightInput() {
        GradientCheck.Report report = GradientCheck.of(
                v -> v.get(0).sum().add(v.get(1).slice(0, 1, 2).mul(3).detach().sum()).add(v.get(1).sum()),
                Tensor.ones(3), Tensor.ones(2, 2));
        assertThat(report.passed()).isFalse();
        assertThat(report.input()).isEqualTo(1);
        assertThat(report.index().getFirst()).isEqualTo(1);
        assertThat(Math.abs(report.numeric() / report.analytic())).isGreaterThan(1);
    }

    @Test
    void theCheckRunsInFloat64WhereverThereIsSome() {
        Tensor x = Tensor.of(0.1f, 0.2f);
        Tensor weight = Tensor.of(3f, 4f);
        GradientCheck.of(v -> {
            assertThat(v.dtype()).isEqualTo(DType.FLOAT64);
            return v.mul(weight);
        }, x).orThrow();
        assertThatIllegalArgumentException().isThrownBy(() -> GradientCheck.of(v -> v.to(DType.FLOAT32), x))
                .withMessageContaining("float32");
        assertThatIllegalArgumentException().isThrownBy(() -> GradientCheck.of(Tensor::neg, Tensor.of(1)))
                .withMessageContaining("floating-point");
        assertThat(GradientCheck.of(Tensor::exp, Tensor.ones(0)).passed()).isTrue();
        GradientCheck.of(v -> v.get(0).gather(0, v.get(1)), x, Tensor.of(1, 1, 0)).orThrow();
    }
}
