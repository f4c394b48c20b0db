package dev.jacobian.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The walk back over the tape: what it adds up, what it uses up, and what it refuses. */
final class BackwardTest {
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

    @Test
    void gradientsAddUpUntilTheyAreUsedOrDiscarded() {
        Param w = Param.of("w", Tensor.of(1f, 2f));
        assertThat(w.grad()).isNull();
        w.mul(3).sum().backward();
        w.square().sum().backward();
        assertThat(w.grad().toArray()).containsExactly(5, 7);
        assertThat(w.hasFreshGrad()).isTrue();
        Tensor buffer = w.grad();
        w.useUpGrad();
        assertThat(w.hasFreshGrad()).isFalse();
        assertThat(w.grad().toArray()).as("still readable").containsExactly(5, 7);
        w.mul(4).sum().backward();
        assertThat(w.grad()).as("one buffer, used again").isSameAs(buffer);
        assertThat(w.grad().toArray()).as("overwritten, not added to").containsExactly(4, 4);
        w.zeroGrad();
        assertThat(w.grad()).isNull();
        w.mul(2).sum().backward();
        assertThat(w.grad().toArray()).containsExactly(2, 2);
    }

    @Test
    void twoMicroBatchesGiveOneBatchsGradient() {
        Param w = Param.of("w", Tensor.linspace(-1, 1, 6).reshape(2, 3));
        Tensor x = Tensor.linspace(-2, 3, 12).reshape(4, 3);
        x.linear(w, null).square().sum().backward();
        float[] whole = w.grad().toArray();
        w.zeroGrad();
        x.slice(0, 0, 1).linear(w, null).square().sum().backward();
        x.slice(0, 1, 4).linear(w, null).square().sum().backward();
        assertThat(w.grad().toArray()).containsExactly(whole, offset(1e-4f));
    }

    /** Products write a leaf's gradient to where it is kept, unless something is there to be added to or still read. */
    @Test
    void gradientsAreWrittenWhereTheyAreKept() {
        Param w = Param.of("w", Tensor.linspace(-1, 1, 4).reshape(2, 2));
        Tensor x = Tensor.linspace(1, 4, 4).reshape(2, 2);
        w.matmul(x).sum().backward();
        Tensor buffer = w.grad();
        assertThat(buffer.toArray()).containsExactly(3, 7, 3, 7);
        w.useUpGrad();
        w.matmul(x).backward(Tensor.eye(2));
        assertThat(w.grad()).isSameAs(buffer);
        assertThat(buffer.toArray()).as("x transposed").containsExactly(1, 3, 2, 4);
        w.useUpGrad();
        w.matmul(x).backward(buffer);
        assertThat(buffer.toArray()).as("its own gradient's product").containsExactly(7, 15, 10, 22);
        w.useUpGrad();
        w.matmul(x).add(w.matmul(x)).sum().backward();
        assertThat(buffer.toArray()).as("used twice").containsExactly(6, 14, 6, 14);
        w.useUpGrad();
        w.matmul(w).sum().backward();
        assertThat(buffer.toArray()).as("multiplied by itself")
                .containsExactly(new float[] {-2, 2 / 3f, -2 / 3f, 2}, offset(1e-6f));
    }

    @Test
    void aRuleThatFailsLeavesNoGradient() {
        record Failing() implements Op {
            @Override
            public Tensor forward(OpContext context, Tensor... inputs) {
                return inputs[0].mul(1);
            }

            @Override
            public List<Tensor> backward(OpContext context, Tensor dy) {
                context.newGradient(0);
                throw new UnsupportedOperationException("rule");
            }
        }
        Param w = Param.of("w", Tensor.of(1f, 2f));
        w.square().sum().backward();
        w.useUpGrad();
        Tensor y = Autograd.apply(new Failing(), w);
        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> y.sum().backward());
        assertThat(w.grad()).isNull();
        w.square().sum().backward();
        assertThat(w.grad().toArray()).containsExactly(2, 4);
    }

    @Test
    void pathsThatMeetAgainAddTheirGradients() {
        Tensor x = Tensor.of(3.0).requireGrad();
        Tensor a = x.mul(2);
        Tensor b = a.square(); // 4 x²
        Tensor c = a.mul(b); // 8 x³
        c.add(b).add(a).add(a).sum().backward(); // 24 x² + 8 x + 4
        assertThat(x.grad().item()).isEqualTo(24 * 9 + 8 * 3 + 4);
    }

    @Test
    void onlyWhatRequiresGradientsIsRecorded() {
        Tensor x = Tensor.of(1f, 2f);
        assertThat(x.exp().history()).isNull();
        Tensor y = x.requireGrad().exp();
        assertThat(y.history().op().name()).isEqualTo("exp");
        assertThat(y.history().isFused()).isFalse();
        assertThat(y.gt(1).history()).as("bool has no gradient").isNull();
        assertThat(y.argmax(0).requiresGrad()).isFalse();
        assertThat(y.detach().requiresGrad()).isFalse();
        try (var _ = Autograd.noGrad()) {
            assertThat(Autograd.isRecording()).isFalse();
            assertThat(x.exp().requiresGrad()).isFalse();
        }
        assertThat(Autograd.isRecording()).isTrue();
        Param frozen = Param.of("w", Tensor.of(1f)).freeze();
        assertThat(frozen.mul(2).requiresGrad()).isFalse();
        assertThat(frozen.unfreeze().mul(2).requiresGrad()).isTrue();
    }

    @Test
    void detachStopsTheGradient() {
        Tensor x = Tensor.of(2.0).requireGrad();
        x.mul(x.detach()).sum().backward();
        assertThat(x.grad().item()).isEqualTo(2);
    }

    @Test
    void aTapeIsUsedUpByOneWalk() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        Tensor y = x.exp().sum();
        y.backward();
        assertThatIllegalStateException().isThrownBy(y::backward).withMessageContaining("exp")
                .withMessageContaining("backward was called before");
    }

    @Test
    void twoLossesCannotShareAUsedUpTape() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        Tensor shared = x.square();
        shared.sum().backward();
        assertThatIllegalStateException().isThrownBy(() -> shared.mean().backward()).withMessageContaining("square");
    }

    @Test
    void whatWasChangedInPlaceSinceIsRefused() {
        Param w = Param.of("w", Tensor.of(1f, 2f));
        Tensor y = w.square().sum();
        assertThatIllegalStateException().isThrownBy(() -> w.set(Tensor.of(0f, 0f))).withMessageContaining("noGrad");
        try (var _ = Autograd.noGrad()) {
            w.set(Tensor.of(0f, 0f));
        }
        assertThatIllegalStateException().isThrownBy(y::backward).withMessageContaining("square")
                .withMessageContaining("[2]").withMessageContaining("changed in place");
        try (var _ = Autograd.noGrad()) {
            assertThatIllegalArgumentException().isThrownBy(() -> w.set(Tensor.ones(3))).withMessageContaining("[3]")
                    .withMessageContaining("[2]");
        }
    }

    @Test
    void argumentsOfBackwardAreChecked() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        assertThatIllegalStateException().isThrownBy(() -> x.exp().backward()).withMessageContaining("[2]")
                .withMessageContaining("sum()");
        assertThatIllegalArgumentException().isThrownBy(() -> x.exp().backward(Tensor.ones(3)))
                .withMessageContaining("[3]").withMessageContaining("[2]");
        assertThatIllegalStateException().isThrownBy(() -> Tensor.of(1f).backward())
                .withMessageContaining("requires a gradient");
        x.exp().backward(Tensor.of(1f, 0f));
        assertThat(x.grad().toArray()[1]).isZero();
    }

    @Test
    void deepChainsDoNotOverflowTheStack() {
        Tensor x = Tensor.of(1.0).requireGrad();
        Tensor y = x;
        for (int i = 0; i < 20_000; i++) {
            y = y.add(1);
        }
        assertThat(y.item()).isEqualTo(20_001);
        try (var inner = MemoryScope.open("of a deep chain")) {
            MemoryScope.keep(y);
            assertThat(inner).isNotNull();
        }
        y.sum().backward();
        assertThat(x.grad().item()).isEqualTo(1);
    }

    @Test
    void anomalyModeNamesOperationAndLayer() {
        Tensor x = Tensor.of(-1f, 4f).requireGrad();
        Tensor y;
        try (var _ = Autograd.detectAnomaly();
                var _ = Autograd.enterLayer("encoder");
                var _ = Autograd.enterLayer("2")) {
            assertThat(Autograd.layer()).isEqualTo("encoder.2");
            assertThatExceptionOfType(AnomalyException.class).isThrownBy(() -> x.mul(2).sqrt())
                    .withMessageContaining("result of sqrt").withMessageContaining("[2]")
                    .withMessageContaining("encoder.2");
            y = x.sub(x.detach()).mul(0).sqrt().sum(); // the slope of √0 is infinite, and ∞ · 0 a NaN
        }
        try (var _ = Autograd.detectAnomaly()) {
            assertThatExceptionOfType(AnomalyException.class).isThrownBy(y::backward)
                    .withMessageContaining("gradient of mul").withMessageContaining("encoder.2");
        }
        assertThat(Autograd.layer()).isEmpty();
        assertThat(x.sqrt().toArray()[0]).as("off again").isNaN();
        assertThat(Autograd.isFinite(Tensor.of(1f, Float.MAX_VALUE))).isTrue();
        assertThat(Autograd.isFinite(Tensor.of(1f, Float.NEGATIVE_INFINITY))).isFalse();
        assertThat(Autograd.isFinite(Tensor.of(1, 2))).isTrue();
    }

    private record Wrong(List<Tensor> gradients) implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0].mul(1);
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return gradients;
        }
    }

    @Test
    void wrongBackwardRulesAreCaught() {
        Tensor x = Tensor.ones(2, 3).requireGrad();
        assertThatIllegalStateException()
                .isThrownBy(() -> Autograd.apply(new Wrong(List.of(x.detach(), x.detach())), x).sum().backward())
                .withMessageContaining("wrong: backward returned 2 gradients for 1 inputs");
        assertThatIllegalStateException()
                .isThrownBy(() -> Autograd.apply(new Wrong(List.of(Tensor.ones(3))), x).sum().backward())
                .withMessageContaining("wrong: backward returned a gradient of shape [3]")
                .withMessageContaining("[2, 3]");
        Autograd.apply(new Wrong(Arrays.asList((Tensor) null)), x).sum().backward();
        assertThat(x.grad()).as("no gradient came").isNull();
    }

    private record Same() implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0];
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy.mul(7));
        }
    }

    @Test
    void anOpMayReturnItsInput() {
        Tensor x = Tensor.of(2f).requireGrad();
        Tensor y = Autograd.apply(new Same(), x);
        assertThat(y).isNotSameAs(x);
        assertThat(y.storage()).isSameAs(x.storage());
        y.sum().backward();
        assertThat(x.grad().item()).isEqualTo(7);
    }

    /** Another type's bits would be read as this one's. */
    @Test
    void refusesAGradientOfAnotherType() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> x.mul(2).backward(Tensor.of(1, 2)))
                .withMessage(
                        "backward: gradient of type int32, expected the result's float32; convert it with to(DType)");
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> x.backward(Tensor.of(1, 2)));
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Autograd.vjp(Tensor::square, x, Tensor.of(1.0, 2.0)))
                .withMessageContaining("vector of type float64");
        x.mul(2).backward(Tensor.of(1f, 2f));
        assertThat(x.grad().toArray()).containsExactly(2, 4);
    }

    @Test
    void refusesAGradientOnAnotherDevice() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        try (var _ = Device.of(new ReferenceBackend()).use()) {
            Tensor gradient = Tensor.of(1f, 1f);
            assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> x.mul(2).backward(gradient))
                    .withMessageContaining("move it with to(device)");
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> Autograd.vjp(Tensor::square, x, gradient))
                    .withMessageContaining("vjp: vector on");
        }
    }
}
