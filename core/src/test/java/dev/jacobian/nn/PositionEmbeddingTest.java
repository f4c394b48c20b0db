package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PositionEmbeddingTest {
    @BeforeEach
    void seed() {
        Rng.seed(16);
    }

    @Test
    void addsTheVectorOfEachPosition() {
        PositionEmbedding positions = new PositionEmbedding(4, 2);
        float[] w = positions.weight().toArray();
        assertThat(positions.call(Tensor.zeros(2, 3, 2)).toArray())
                .containsExactly(w[0], w[1], w[2], w[3], w[4], w[5], w[0], w[1], w[2], w[3], w[4], w[5]);
        assertThat(positions.call(Tensor.ones(4, 2)).toArray())
                .containsExactly(positions.weight().add(1).toArray());
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(new PositionEmbedding(4, 2), Rng.normal(2, 3, 2))).isEqualTo(12 + 8);
        LayerGradients.check(new PositionEmbedding(3, 2), Rng.normal(2, 3, 2));
    }

    @Test
    void startsSmall() {
        Tensor weight = new PositionEmbedding(100, 50).weight();
        assertThat(weight.mean().item()).isCloseTo(0, within(4 * 0.02 / Math.sqrt(5000)));
        assertThat(weight.square().mean().sqrt().item()).isCloseTo(0.02, within(0.001));
        assertThat(new PositionEmbedding(3, 2).stateDict()).containsOnlyKeys("weight");
        assertThat(new PositionEmbedding(3, 2)).hasToString("PositionEmbedding(3, 2)");
    }

    @Test
    void saysWhatDoesNotFit() {
        PositionEmbedding positions = new PositionEmbedding(4, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> positions.call(Tensor.ones(1, 5, 2))).withMessage(
                "position embedding: shape [1, 5, 2], expected [..., T, 2] with T at most 4 (in PositionEmbedding)");
        assertThatIllegalArgumentException().isThrownBy(() -> positions.call(Tensor.ones(1, 4, 3)));
        assertThatIllegalArgumentException().isThrownBy(() -> positions.call(Tensor.ones(2)));
        assertThatIllegalArgumentException().isThrownBy(() -> new PositionEmbedding(0, 2));
    }
}
