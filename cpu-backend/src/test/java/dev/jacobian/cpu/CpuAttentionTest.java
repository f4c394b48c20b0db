package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention beyond what is compared with the reference. */
class CpuAttentionTest {
    /**
     * One key has a probability of 1. The score is the square of these values; its logarithm of the sum is kept in float32,
     * where from about 10⁶ on the rounding is as large as an exponent that matters.
     */
    @ParameterizedTest
    @ValueSource(floats = {0, 1, 101, 1027, 11_589, 32_769, 1e8f, 1e15f})
    void noProbabilityIsAboveOne(float value) {
        try (var _ = MemoryScope.open()) {
            Tensor q = Tensor.full(value, 1, 1, 1, 1);
            Param v = Param.of("v", Tensor.full(3, 1, 1, 1, 1));

            Tensor y = q.scaledDotProductAttention(q, v, 1, false);
            y.sum().backward();

            assertThat(y.item()).isEqualTo(3);
            assertThat(v.grad().item()).isBetween(value > 1000 ? 0.0 : 0.99, 1.0);
        }
    }
}
