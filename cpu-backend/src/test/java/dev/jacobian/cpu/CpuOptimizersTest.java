package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuOptimizersTest {
    private static final double RATE = 0.01;
    private static final double SCALE = 0.5;
    private static final double DECAY = 0.1;

    private final CpuBackend backend = Tensors.backend(2);

    @ParameterizedTest
    @CsvSource({"true, 13", "false, 13", "true, 40000", "false, 40000"})
    void adamFollowsItsFormula(boolean decoupled, int n) {
        View p = Tensors.random(1, n);
        View g = Tensors.random(2, n);
        View m = Tensors.floats(Shape.of(n));
        View v = Tensors.floats(Shape.of(n));
        double[] parameter = Tensors.values(p);
        double[] gradient = Tensors.values(g);
        double[] first = new double[n];
        double[] second = new double[n];
        for (int step = 1; step <= 3; step++) {
            double c1 = 1 - Math.pow(0.9, step);
            double c2 = 1 - Math.pow(0.999, step);
            backend.adam(List.of(p), List.of(g), List.of(m), List.of(v), 0.9, 0.999, 1e-8, DECAY, decoupled,
                    Tensors.floats(Shape.of(4), RATE, SCALE, c1, c2));
            for (int i = 0; i < n; i++) {
                double slope = SCALE * gradient[i] + (decoupled ? 0 : DECAY * parameter[i]);
                parameter[i] *= decoupled ? 1 - RATE * DECAY : 1;
                first[i] = 0.9 * first[i] + 0.1 * slope;
                second[i] = 0.999 * second[i] + 0.001 * slope * slope;
                parameter[i] -= RATE / c1 * first[i] / (Math.sqrt(second[i]) / Math.sqrt(c2) + 1e-8);
            }
        }
        double[] result = Tensors.values(p);
        for (int i = 0; i < n; i++) {
            assertThat(result[i]).isCloseTo(parameter[i], within(3e-6));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false, 13", "0.9, false, 13", "0.9, true, 13", "0, false, 40000", "0.9, true, 40000"})
    void sgdFollowsItsFormula(double momentum, boolean nesterov, int n) {
        View p = Tensors.random(1, n);
        View g = Tensors.random(2, n);
        List<View> velocity = momentum == 0 ? List.of() : List.of(Tensors.floats(Shape.of(n)));
        double[] parameter = Tensors.values(p);
        double[] gradient = Tensors.values(g);
        double[] speed = new double[n];
        for (int step = 0; step < 3; step++) {
            backend.sgd(List.of(p), List.of(g), velocity, momentum, DECAY, nesterov,
                    Tensors.floats(Shape.of(2), RATE, SCALE));
            for (int i = 0; i < n; i++) {
                double slope = SCALE * gradient[i] + DECAY * parameter[i];
                speed[i] = momentum * speed[i] + slope;
                parameter[i] -= RATE * (nesterov ? slope + momentum * speed[i] : speed[i]);
            }
        }
        double[] result = Tensors.values(p);
        for (int i = 0; i < n; i++) {
            assertThat(result[i]).isCloseTo(parameter[i], within(2e-6));
        }
    }

    /** Small ones, empty ones, and large ones that end within a chunk: bits are those of a call for each. */
    @Test
    void manyParametersAreUpdatedAsEachAlone() {
        int[] lengths = {5, 0, 16_384, 40_001, 1, 0, 3 * 16_384 + 7, 100};
        View scalars = Tensors.floats(Shape.of(4), RATE, SCALE, 0.1, 0.001);
        List<List<View>> together = new ArrayList<>();
        List<List<View>> alone = new ArrayList<>();
        for (int kind = 0; kind < 4; kind++) {
            List<View> shared = new ArrayList<>();
            List<View> own = new ArrayList<>();
            for (int i = 0; i < lengths.length; i++) {
                shared.add(Tensors.random(10 * kind + i, lengths[i]));
                own.add(Tensors.random(10 * kind + i, lengths[i]));
            }
            together.add(shared);
            alone.add(own);
        }
        backend.sgd(together.get(0), together.get(1), together.get(2), 0.9, DECAY, true, scalars);
        backend.adam(together.get(0), together.get(1), together.get(2), together.get(3), 0.9, 0.999, 1e-8, DECAY, true,
                scalars);
        for (int i = 0; i < lengths.length; i++) {
            List<View> p = alone.get(0).subList(i, i + 1);
            List<View> g = alone.get(1).subList(i, i + 1);
            List<View> m = alone.get(2).subList(i, i + 1);
            backend.sgd(p, g, m, 0.9, DECAY, true, scalars);
            backend.adam(p, g, m, alone.get(3).subList(i, i + 1), 0.9, 0.999, 1e-8, DECAY, true, scalars);
            for (int kind = 0; kind < 4; kind++) {
                assertThat(Tensors.values(together.get(kind).get(i))).as("array %d of parameter %d", kind, i)
                        .containsExactly(Tensors.values(alone.get(kind).get(i)));
            }
        }
        assertThat(Tensors.values(together.get(0).get(0))).isNotEqualTo(Tensors.values(Tensors.random(0, 5)));
    }
}
