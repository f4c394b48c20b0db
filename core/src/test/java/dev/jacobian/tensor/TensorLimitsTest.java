package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.memory.MemoryScope;
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
