package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StridedTest {
    @Test
    void denseViewsBecomeOneAxis() {
        Strided walk = Strided.of(Tensors.random(1, 2, 1, 3, 4), Tensors.random(2, 2, 1, 3, 4));
        assertThat(walk.rank()).isEqualTo(1);
        assertThat(walk.dim(0)).isEqualTo(24);
        assertThat(walk.innerStep(1)).isEqualTo(1);
    }

    @Test
    void scalarsAreRunsOfOne() {
        Strided walk = Strided.of(Tensors.random(1), Tensors.random(2, 1, 1).expand(Shape.of(1, 1)));
        assertThat(walk.rank()).isEqualTo(1);
        assertThat(walk.size()).isEqualTo(1);
        assertThat(walk.innerStep(0)).isEqualTo(1);
    }

    @Test
    void aRowThatRepeatsKeepsTwoAxes() {
        Strided walk = Strided.of(Tensors.random(1, 5, 3), Tensors.random(2, 3).expand(Shape.of(5, 3)));
        assertThat(walk.rank()).isEqualTo(2);
        assertThat(walk.step(1, 0)).isZero();
        assertThat(walk.innerStep(1)).isEqualTo(1);
    }

    @Test
    void theOutputsDensestAxisIsInnermost() {
        Strided walk = Strided.of(Tensors.transposed(Tensors.random(1, 5, 3)), Tensors.random(2, 5, 3));
        assertThat(walk.innerStep(0)).isEqualTo(1);
        assertThat(walk.dim(1)).isEqualTo(5);
        assertThat(walk.innerStep(1)).isEqualTo(3);
    }

    @Test
    void runsVisitEveryElementOnceFromAnyCut() {
        View out = Tensors.random(1, 3, 4, 5);
        View x = Tensors.scattered(out);
        Strided walk = Strided.of(out, x);
        for (int cut = 0; cut <= 60; cut += 7) {
            List<Double> seen = new ArrayList<>();
            List<Double> places = new ArrayList<>();
            collect(walk, x, 0, cut, seen, places);
            collect(walk, x, cut, 60, seen, places);
            List<Double> inMemory = new ArrayList<>();
            for (double at : places) {
                inMemory.add((double) Floats.get(Floats.memory(out), (long) at));
            }
            assertThat(seen).isEqualTo(inMemory);
            assertThat(places).doesNotHaveDuplicates().hasSize(60);
        }
        for (int i = 0; i < 60; i++) {
            assertThat(Floats.get(Floats.memory(x), walk.at(1, i)))
                    .isEqualTo(Floats.get(Floats.memory(out), walk.at(0, i)));
        }
    }

    private static void collect(Strided walk, View x, long from, long to, List<Double> seen, List<Double> places) {
        walk.runs(from, to, (at, n) -> {
            for (int i = 0; i < n; i++) {
                seen.add(Typed.get(DType.FLOAT32, Floats.memory(x), at[1] + i * walk.innerStep(1)));
                places.add((double) (at[0] + i * walk.innerStep(0)));
            }
        });
    }
}
