package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;
import dev.jacobian.memory.MemoryScope;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Numbers and lengths at the ends of what fits, and values that a parameter takes from itself. */
class TensorLimitsTest {
    private static final Tensor LARGEST = Tensor.of(Integer.MAX_VALUE);

    @Test
    void comparesIntegersWithNumbersThatAreNone() {
        assertThat(LARGEST.eq(3e10).toBooleanArray()).containsExactly(false);
        assertThat(LARGEST.lt(Double.POSITIVE_INFINITY).toBooleanArray()).containsExactly(true);
        assertThat(Tensor.of(16777217).gt(16777216.5).toBooleanArray()).containsExactly(true);
    }

    @Test
    void addsNumbersThatAreNoIntegersInFloat() {
        assertThat(Tensor.of(1).add(3e10).item()).isEqualTo((float) 3e10);
        assertThat(Tensor.of(1).add(0.5).item()).isEqualTo(1.5);
    }

    @Test
    void fillsWithValuesOfItsTypeOnly() {
        Tensor mask = Tensor.of(true);
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.of(1).maskedFill(mask, 0.5))
                .withMessageContaining("0.5").withMessageContaining("int32");
        assertThat(Tensor.of(1).maskedFill(mask, 7).toIntArray()).containsExactly(7);
    }

    @Test
    void slicesByTheLargestStep() {
        assertThat(Tensor.of(1f, 2f, 3f).slice(0, 0, 3, Integer.MAX_VALUE).toArray()).containsExactly(1);
    }

    @Test
    void refusesLengthsThatDoNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.arange(-1)).withMessageContaining("-1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.ones(2).pad(0, Integer.MAX_VALUE, 1, 0)).withMessageStartingWith("pad:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.zeros(0).reshape(1 << 16, 1 << 16, 1 << 16, 1 << 16, 1 << 16, 0))
                .withMessageStartingWith("reshape:");
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.of(new float[][] {{1}, null}))
                .withMessageContaining("row 1 is null");
    }

    @Test
    void refusesWindowsThatDoNotFit() {
        Tensor x = Tensor.ones(2, 4, 3, 3);
        Tensor weight = Tensor.ones(6, 2, 1, 1);
        Window2d one = Window2d.of(1, 1);
        assertThat(x.conv2d(weight, null, one, 2).shape()).isEqualTo(Shape.of(2, 6, 3, 3));
        refused(() -> x.conv2d(weight, null, one, 1), "conv2d: got 4 input channels, expected 2 (weight [6, 2, 1, 1],");
        refused(() -> x.conv2d(weight, null, one, 0), "conv2d: groups 0, expected a divisor of the 6 output channels");
        refused(() -> x.conv2d(weight, null, one, 4), "conv2d: groups 4, expected a divisor of the 6 output channels");
        refused(() -> x.conv2d(weight, Tensor.ones(5), one, 2), "conv2d: bias of shape [5], expected [6] (weight");
        refused(() -> x.conv2d(weight, Tensor.ones(6).to(DType.FLOAT64), one, 2), "conv2d: bias of type float64");
        refused(() -> x.conv2d(weight, null, Window2d.of(1, 2), 2), "conv2d: weight of shape [6, 2, 1, 1], expected a");
        refused(() -> x.conv2d(Tensor.ones(0, 2, 1, 1), null, one, 2), "conv2d: weight of shape [0, 2, 1, 1], expect");
        refused(() -> x.conv2d(Tensor.ones(6, 2), null, 1, 0), "conv2d: weight: shape [6, 2], expected 4 axes");
        Window2d vast = one.padding(0, Integer.MAX_VALUE);
        refused(() -> x.conv2d(weight, null, vast, 2), "conv2d: length 4294967297, expected at most 2147483647");
        refused(() -> x.avgPool2d(Window2d.of(2, 2).dilation(1, 2), true), "average pool: dilation [1, 2], expected 1");
        Window2d far = Window2d.of(1, 2).stride(Integer.MAX_VALUE, Integer.MAX_VALUE);
        assertThat(x.maxPool2d(far).shape()).isEqualTo(Shape.of(2, 4, 1, 1));
    }

    @Test
    void refusesKernelsThatDoNotFit() {
        Tensor x = Tensor.ones(2, 4, 3);
        Tensor weight = Tensor.ones(6, 2, 1);
        assertThat(x.conv1d(weight, null, 1, 0, 1, 2).shape()).isEqualTo(Shape.of(2, 6, 3));
        assertThat(x.conv1d(weight, null, 1, Padding.SAME, 1, 2).shape()).isEqualTo(Shape.of(2, 6, 3));
        refused(() -> x.conv1d(weight, null, 1, 0), "conv1d: got 4 input channels, expected 2 (weight [6, 2, 1], gro");
        refused(() -> x.conv1d(weight, null, 1, 0, 1, 4), "conv1d: groups 4, expected a divisor of the 6 output chan");
        refused(() -> x.conv1d(weight, Tensor.ones(5), 1, 0, 1, 2), "conv1d: bias of shape [5], expected [6] (weight");
        refused(() -> x.conv1d(Tensor.ones(0, 2, 1), null, 1, 0), "conv1d: weight of shape [0, 2, 1], expected [filt");
        refused(() -> x.conv1d(Tensor.ones(6, 2), null, 1, 0),
                "conv1d: weight of shape [6, 2], expected [filters, channels / groups, length], at least 1 each");
        refused(() -> x.conv1d(weight, null, 0, 0), "conv1d: stride 0, expected at least 1");
        refused(() -> x.conv1d(weight, null, 1, -1), "conv1d: padding -1, expected at least 0");
        refused(() -> x.conv1d(weight, null, 1, 0, 0, 1), "conv1d: dilation 0, expected at least 1");
        refused(() -> x.conv1d(weight, null, 1, Padding.FULL, 0, 1), "conv1d: dilation 0, expected at least 1");
        refused(() -> x.conv1d(weight, null, 1, Integer.MAX_VALUE, 1, 2),
                "conv1d: length 4294967297, expected at most 2147483647");
        refused(() -> x.conv1d(Tensor.ones(1, 4, 3), null, 1, Padding.FULL, Integer.MAX_VALUE, 1),
                "conv1d: length 4294967294, expected at most 2147483647");
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(message);
    }

    @Test
    void reducesOverAllAndOverSeveralAxes() {
        Tensor x = Tensor.of(new float[][] {{1, 5, 3}, {4, 5, 0}});
        assertThat(x.argmax().item()).isEqualTo(1);
        assertThat(x.argmin().item()).isEqualTo(5);
        assertThat(x.argmax(1, true).shape().toArray()).containsExactly(2, 1);
        double expected = Math.log(x.exp().sum().item());
        assertThat(x.logSumExp().item()).isCloseTo(expected, offset(1e-5));
        assertThat(x.logSumExp(new int[] {0, 1}, true).shape().toArray()).containsExactly(1, 1);
        assertThat(x.variance(1, false).toArray()).containsExactly(4, 7);
    }

    @Test
    void aParameterTakesAViewOfItself() {
        float[][] rows = {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}};
        Param p = Param.of("p", Tensor.of(rows));
        try (var _ = Autograd.noGrad()) {
            p.set(p.transpose());
        }
        assertThat(p.toArray()).containsExactly(0, 3, 6, 1, 4, 7, 2, 5, 8);
    }

    @Test
    void whatALayerKeepsOutlivesAllItsFrames() {
        Tensor kept;
        try (var _ = MemoryScope.open()) {
            try (var _ = MemoryScope.openFrame("outer")) {
                try (var _ = MemoryScope.openFrame("inner")) {
                    kept = MemoryScope.keep(Tensor.ones(2).mul(3));
                }
            }
            assertThat(kept.toArray()).containsExactly(3, 3);
        }
        assertThat(kept.isAlive()).isFalse();
    }
}
