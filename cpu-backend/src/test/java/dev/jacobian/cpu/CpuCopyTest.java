package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuCopyTest {
    private final CpuBackend backend = Tensors.backend(2);

    @Test
    void copiesBetweenAllLayouts() {
        View dense = Tensors.random(1, 70, 45, 3);
        for (View x : List.of(dense, Tensors.transposed(dense), Tensors.scattered(dense))) {
            View empty = Tensors.empty(DType.FLOAT32, dense.shape());
            for (View out : List.of(empty, Tensors.transposed(empty), Tensors.scattered(empty))) {
                backend.copy(x, out);
                assertThat(Tensors.values(out)).isEqualTo(Tensors.values(dense));
            }
        }
    }

    @Test
    void transposesBatchesOfMatrices() {
        View x = Tensors.random(2, 3, 65, 2, 130).permute(2, 0, 3, 1);
        View out = Tensors.empty(DType.FLOAT32, x.shape());
        backend.copy(x, out);
        assertThat(Tensors.values(out)).isEqualTo(Tensors.values(x));
    }

    @Test
    void convertsAsStated() {
        double[] values = {0, -0.0, 1.9, -1.9, 3e9, -3e9, Double.NaN, 0.3};
        View x = Tensors.of(DType.FLOAT64, Shape.of(8), values);
        View ints = Tensors.empty(DType.INT32, x.shape());
        backend.copy(x, ints);
        assertThat(Tensors.values(ints))
                .containsExactly(0, 0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0, 0);
        View bools = Tensors.empty(DType.BOOL, x.shape());
        backend.copy(x, bools);
        assertThat(Tensors.values(bools)).containsExactly(0, 0, 1, 1, 1, 1, 1, 1);
        View floats = Tensors.empty(DType.FLOAT32, x.shape());
        backend.copy(x, floats);
        assertThat(Tensors.values(floats)[7]).isEqualTo(0.3f);
        View back = Tensors.empty(DType.FLOAT32, x.shape());
        backend.copy(bools, back);
        assertThat(Tensors.values(back)).containsExactly(0, 0, 1, 1, 1, 1, 1, 1);
    }

    @Test
    void fillsAnyLayout() {
        View dense = Tensors.random(3, 40, 9);
        for (View out : List.of(dense, Tensors.transposed(dense), Tensors.scattered(dense))) {
            backend.fill(2.5, out);
            assertThat(Tensors.values(out)).containsOnly(2.5);
        }
        View ints = Tensors.ints(1, 2, 3);
        backend.fill(-7.9, ints);
        assertThat(Tensors.values(ints)).containsOnly(-7);
        backend.fill(1, Tensors.empty(DType.FLOAT32, Shape.of(0, 3)));
    }

    @Test
    void scatteredElementsAloneAreWritten() {
        View x = Tensors.random(4, 6, 5);
        View out = Tensors.scattered(x);
        float marker = 12.5f;
        Floats.set(Floats.memory(out), 0, marker);
        Floats.set(Floats.memory(out), 6, marker);
        backend.copy(x, out);
        assertThat(Floats.get(Floats.memory(out), 0)).isEqualTo(marker);
        assertThat(Floats.get(Floats.memory(out), 6)).isEqualTo(marker);
    }
}
