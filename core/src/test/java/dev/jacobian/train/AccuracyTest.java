package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.Test;

final class AccuracyTest {
    private static final float[][] LOGITS = {{1, 2, 0}, {3, 0, 0}, {0, 0, 1}};

    @Test
    void countsOverBatchesOfAnySize() {
        Accuracy accuracy = new Accuracy();
        assertThat(accuracy.name()).isEqualTo("accuracy");
        assertThat(accuracy.higherIsBetter()).isTrue();
        assertThat(accuracy.value()).isNaN();
        try (var _ = MemoryScope.open()) {
            accuracy.update(Tensor.of(LOGITS), Tensor.of(1, 0, 0));
        }
        try (var _ = MemoryScope.open()) {
            accuracy.update(Tensor.of(LOGITS).slice(0, 0, 1), Tensor.of(1));
            accuracy.update(Tensor.zeros(0, 3), Tensor.of(new int[0]));
        }
        assertThat(accuracy.value()).isEqualTo(0.75);
        accuracy.reset();
        assertThat(accuracy.value()).isNaN();
        accuracy.update(Tensor.of(LOGITS), Tensor.of(0, 1, 2));
        assertThat(accuracy.value()).isEqualTo(1 / 3.0);
    }

    @Test
    void targetsMayBeProbabilities() {
        Accuracy accuracy = new Accuracy();
        accuracy.update(Tensor.of(LOGITS), Tensor.of(new float[][] {{0.1f, 0.9f, 0}, {0, 0, 1}, {0.2f, 0.2f, 0.6f}}));
        assertThat(accuracy.value()).isEqualTo(2 / 3.0);
    }

    @Test
    void classesAreTheSecondAxis() {
        Accuracy accuracy = new Accuracy();
        accuracy.update(Tensor.of(0f, 5f, 1f, 2f).reshape(1, 2, 2), Tensor.of(new int[][] {{1, 1}}));
        assertThat(accuracy.value()).isEqualTo(0.5);
    }

    @Test
    void resetLetsGoOfMemory() {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use()) {
            Accuracy accuracy = new Accuracy();
            try (var _ = MemoryScope.open()) {
                accuracy.update(Tensor.of(LOGITS), Tensor.of(1, 0, 0));
            }
            assertThat(MemoryPool.of(device).stats().active()).isPositive();
            accuracy.reset();
            assertThat(MemoryPool.of(device).stats().active()).isZero();
        }
    }

    @Test
    void saysWhatIsWrong() {
        Accuracy accuracy = new Accuracy();
        Tensor logits = Tensor.of(LOGITS);
        assertThatThrownBy(() -> accuracy.update(logits, Tensor.of(1, 2))).hasMessageContaining("[3, 3]")
                .hasMessageContaining("[2]");
        assertThatThrownBy(() -> accuracy.update(logits, Tensor.of(1f, 2f, 0f))).hasMessageContaining("float32 target");
        assertThatThrownBy(() -> accuracy.update(Tensor.of(1f), Tensor.of(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> accuracy.update(Tensor.zeros(1, 2, 2), Tensor.of(new int[][] {{1, 1, 1}})))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
