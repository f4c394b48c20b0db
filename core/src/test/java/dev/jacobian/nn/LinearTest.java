package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LinearTest {
    @BeforeEach
    void seed() {
        Rng.seed(3);
    }

    @Test
    void multipliesByTheTransposedWeightAndAddsTheBias() {
        Linear linear = new Linear(2, 3);
        try (var _ = Autograd.noGrad()) {
            linear.weight().set(Tensor.of(new float[][] {{1, 2}, {3, 4}, {5, 6}}));
            linear.bias().set(Tensor.of(0.5f, -0.5f, 0f));
        }
        assertThat(linear.call(Tensor.of(new float[][] {{1, -1}, {2, 0}})).toArray())
                .containsExactly(-0.5f, -1.5f, -1f, 2.5f, 5.5f, 10f);
        assertThat(linear.call(Tensor.zeros(4, 5, 2)).shape()).isEqualTo(Shape.of(4, 5, 3));
        assertThat(linear.call(Tensor.of(1f, 1f)).toArray()).containsExactly(3.5f, 6.5f, 11f);
    }

    @Test
    void startsUniformWithinOneOverTheRootOfFanIn() {
        Linear linear = new Linear(64, 100);
        float[] weight = linear.weight().toArray();
        double sum = 0;
        double squares = 0;
        for (float w : weight) {
            assertThat(Math.abs(w)).isLessThanOrEqualTo(0.125f);
            sum += w;
            squares += w * w;
        }
        assertThat(sum / weight.length).isCloseTo(0, within(4 * 0.125 / Math.sqrt(3.0 * weight.length)));
        assertThat(squares / weight.length).isCloseTo(0.125 * 0.125 / 3, within(2e-4));
        for (float b : linear.bias().toArray()) {
            assertThat(Math.abs(b)).isLessThanOrEqualTo(0.125f);
        }
        assertThat(linear.bias().toArray()).isNotEqualTo(new Linear(64, 100).bias().toArray());
    }

    @Test
    void drawsTheSameForTheSameSeed() {
        float[] first = new Linear(5, 4).weight().toArray();
        Rng.seed(3);
        assertThat(new Linear(5, 4).weight().toArray()).containsExactly(first);
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(new Linear(3, 4), Rng.normal(2, 3))).isEqualTo(6 + 12 + 4);
        assertThat(LayerGradients.check(new Linear(3, 2, false), Rng.normal(2, 2, 3))).isEqualTo(12 + 6);
    }

    @Test
    void mayHaveNoBias() {
        Linear linear = new Linear(2, 3, false);
        assertThat(linear.bias()).isNull();
        assertThat(linear.stateDict()).containsOnlyKeys("weight");
        assertThat(linear).hasToString("Linear(in_features=2, out_features=3, bias=false)");
    }

    @Test
    void saysWhichShapesDoNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Linear(784, 10).call(Tensor.zeros(4, 28)))
                .withMessage(
                        "linear: input of shape [4, 28], expected [..., 784] for weight of shape [10, 784]; flatten the"
                                + " input, or change inFeatures (in Linear)");
        assertThatIllegalArgumentException().isThrownBy(() -> new Linear(2, 2).call(Tensor.of(1, 2)))
                .withMessage("linear: input of type int32, expected the weight's float32; convert with to(DType)"
                        + " (in Linear)");
        assertThatIllegalArgumentException().isThrownBy(() -> new Linear(0, 2))
                .withMessage("linear: inFeatures 0, outFeatures 2, expected at least 1 each");
        assertThatIllegalArgumentException().isThrownBy(() -> new Linear(2, 0));
    }
}
