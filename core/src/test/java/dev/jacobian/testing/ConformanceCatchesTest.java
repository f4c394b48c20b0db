package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.SoftmaxKernel;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The conformance suite can fail: backends with one small fault each are found out. */
final class ConformanceCatchesTest {
    private static OpCase named(String name) {
        return OpCases.all().stream().filter(op -> op.toString().equals(name)).findFirst().orElseThrow();
    }

    private static void caught(Backend backend, String... ops) {
        OpChecks checks = new OpChecks(Device.of(backend));
        for (String op : ops) {
            assertThatExceptionOfType(AssertionError.class).as(op)
                    .isThrownBy(() -> checks.check(named(op), Grid.SMALL));
        }
    }

    @Test
    void aFunctionThatIsAFewUnitsOff() {
        caught(new DelegatingBackend(new ReferenceBackend()) {
            @Override
            public void unary(UnaryOp op, View x, View out) {
                super.unary(op, x, out);
                if (op == UnaryOp.EXP) {
                    super.binary(BinaryOp.MUL, out, 1 + 0x1p-20, out);
                }
            }
        }, "Unary EXP");
    }

    @Test
    void aKernelThatIgnoresStrides() {
        caught(new DelegatingBackend(new ReferenceBackend()) {
            @Override
            public void binary(BinaryOp op, View a, View b, View out) {
                super.binary(op, a.as(a.shape(), a.shape().strides(), a.offset()), b, out);
            }
        }, "Binary ADD", "Binary MUL");
    }

    @Test
    void aMaximumThatLosesNaN() {
        caught(new DelegatingBackend(new ReferenceBackend()) {
            @Override
            public void reduce(ReduceOp op, View x, View out) {
                super.reduce(op, x, out);
                if (op == ReduceOp.MAX && out.dtype() == DType.FLOAT32) {
                    super.unary(UnaryOp.RELU, out, out);
                    super.binary(BinaryOp.RELU_GRAD, out, out, out);
                }
            }
        }, "Extremum MAX");
    }

    @Test
    void aFusedKernelWithAWrongGradient() {
        FusedBackend right = new FusedBackend();
        caught(new WrongSoftmax(right), "Softmax");
        new OpChecks(Device.of(right)).check(named("Softmax"), Grid.SMALL);
    }

    /** Forgets the sum in dx = y ⊙ (dy − Σ dy ⊙ y). */
    private static final class WrongSoftmax extends DelegatingBackend implements SoftmaxKernel {
        private final FusedBackend right;

        WrongSoftmax(FusedBackend right) {
            super(right);
            this.right = right;
        }

        @Override
        public <K> K kernel(Class<K> kind, DType dtype) {
            return dtype == DType.FLOAT32 && kind == SoftmaxKernel.class ? kind.cast(this) : null;
        }

        @Override
        public void softmax(View x, int axis, View y) {
            right.softmax(x, axis, y);
        }

        @Override
        public void softmaxBackward(View y, View dy, int axis, View dx) {
            binary(BinaryOp.MUL, y, dy, dx);
        }
    }

    @Test
    void resultsThatChangeFromCallToCall() {
        int[] calls = new int[1];
        Device device = Device.of(new DelegatingBackend(new ReferenceBackend()) {
            @Override
            public void matmul(View a, View b, View out, boolean accumulate) {
                super.matmul(a, b, out, accumulate);
                super.binary(BinaryOp.ADD, out, calls[0]++ * 1e-5, out);
            }
        });
        assertThatExceptionOfType(AssertionError.class).isThrownBy(
                () -> new OpChecks(device).checkSameBits(named("MatMul"), Grid.SMALL, List.of()));
        assertThat(calls[0]).isPositive();
    }
}
