package dev.jacobian.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.Test;

final class DatasetTest {
    private final Tensor inputs = Tensor.of(new float[][] {{0, 1}, {2, 3}, {4, 5}, {6, 7}});
    private final Tensor targets = Tensor.of(10, 11, 12, 13);
    private final Dataset data = Dataset.of(inputs, targets);

    @Test
    void takesRowsInAnyOrder() {
        Batch batch = data.batch(3, 0, 0);
        assertThat(batch.size()).isEqualTo(3);
        assertThat(batch.input().toArray()).containsExactly(6, 7, 0, 1, 0, 1);
        assertThat(batch.target().toIntArray()).containsExactly(13, 10, 10);
        assertThat(data.size()).isEqualTo(4);
        assertThat(data.batch().size()).isZero();
    }

    @Test
    void neighboursAreViews() {
        Batch batch = data.batch(1, 2);
        assertThat(batch.input().toArray()).containsExactly(2, 3, 4, 5);
        assertThat(batch.target().toIntArray()).containsExactly(11, 12);
        assertThat(batch.input().storage()).isSameAs(inputs.storage());
        for (Batch each : new DataLoader(data, 2)) {
            assertThat(each.input().storage()).isSameAs(inputs.storage());
        }
        assertThat(inputs.isAlive()).as("a loader lets go of its own memory alone").isTrue();
    }

    @Test
    void batchesComeToTheCurrentDevice() {
        Device other = Device.of(new ReferenceBackend());
        try (var _ = other.use(); var _ = MemoryScope.open()) {
            for (int[] indices : new int[][] {{0, 1}, {2, 0}}) {
                Batch batch = data.batch(indices);
                assertThat(batch.input().device()).isSameAs(other);
                assertThat(batch.input().toArray()[0]).isEqualTo(indices[0] * 2);
                assertThat(batch.target().device()).isSameAs(other);
            }
        }
    }

    @Test
    void batchesHaveNoHistory() {
        Dataset differentiable = Dataset.of(Tensor.of(1f, 2f).requireGrad(), Tensor.of(0, 1));
        assertThat(differentiable.batch(1, 0).input().requiresGrad()).isFalse();
    }

    @Test
    void saysWhatIsWrong() {
        assertThatThrownBy(() -> Dataset.of(inputs, Tensor.of(1, 2))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[4, 2]").hasMessageContaining("[2]");
        assertThatThrownBy(() -> Dataset.of(Tensor.scalar(1), targets)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Batch(inputs, Tensor.of(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> data.batch(0, 4)).hasMessageContaining("index 4").hasMessageContaining("0..3");
        assertThatThrownBy(() -> data.batch(-1)).hasMessageContaining("index -1");
    }
}
