package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class EmbeddingTest {
    @BeforeEach
    void seed() {
        Rng.seed(10);
    }

    private static Embedding counted() {
        Embedding embedding = new Embedding(3, 2);
        try (var _ = Autograd.noGrad()) {
            embedding.weight().set(Tensor.of(new float[][] {{0, 1}, {10, 11}, {20, 21}}));
        }
        return embedding;
    }

    @Test
    void looksRowsUp() {
        Embedding embedding = counted();
        assertThat(embedding.call(Tensor.of(2, 0, 2)).toArray()).containsExactly(20, 21, 0, 1, 20, 21);
        Tensor many = embedding.call(Tensor.of(new int[][] {{1, 2, 0, 0}, {2, 2, 1, 1}}));
        assertThat(many.shape()).isEqualTo(Shape.of(2, 4, 2));
        assertThat(many.select(0, 1).select(0, 2).toArray()).containsExactly(10, 11);
        assertThat(embedding.call(Tensor.of(1).reshape(new int[0])).shape()).isEqualTo(Shape.of(2));
        assertThat(embedding.call(Tensor.of(new int[0]).reshape(0, 5)).shape()).isEqualTo(Shape.of(0, 5, 2));
    }

    @Test
    void sumsTheGradientsOfARow() {
        Embedding embedding = counted();
        embedding.call(Tensor.of(2, 0, 2)).mul(Tensor.of(new float[][] {{1, 2}, {3, 4}, {10, 20}})).sum().backward();
        assertThat(embedding.weight().grad().toArray()).containsExactly(3, 4, 0, 0, 11, 22);
    }

    @Test
    void leavesThePaddingAtZero() {
        Embedding embedding = counted().paddingIndex(1);
        assertThat(embedding.weight().toArray()).containsExactly(0, 1, 0, 0, 20, 21);
        embedding.call(Tensor.of(1, 2, 1)).sum().backward();
        assertThat(embedding.weight().grad().toArray()).containsExactly(0, 0, 0, 0, 1, 1);
        assertThat(embedding).hasToString("Embedding(3, 2, padding_idx=1)");
        assertThat(counted().paddingIndex(-3).weight().toArray()).startsWith(0, 0, 10);
    }

    @Test
    void startsNormal() {
        Tensor weight = new Embedding(100, 50).weight();
        assertThat(weight.mean().item()).isCloseTo(0, within(4 / Math.sqrt(5000)));
        assertThat(weight.variance().item()).isCloseTo(1, within(4 * Math.sqrt(2.0 / 5000)));
        assertThat(new Embedding(3, 2).stateDict()).containsOnlyKeys("weight");
        assertThat(new Embedding(3, 2)).hasToString("Embedding(3, 2)");
    }

    @Test
    void saysWhatDoesNotFit() {
        Embedding embedding = new Embedding(3, 2);
        assertThatExceptionOfType(IndexRangeException.class)
                .isThrownBy(() -> embedding.call(Tensor.of(0, 3)).toArray()).withMessageContaining("index 3");
        assertThatIllegalArgumentException().isThrownBy(() -> embedding.call(Tensor.of(1f)))
                .withMessage("embedding: index: type float32, expected int32; convert with to(DType) (in Embedding)");
        assertThatIllegalArgumentException().isThrownBy(() -> new Embedding(0, 2))
                .withMessage("embedding: count 0, width 2, expected at least 1 each");
        assertThatIllegalArgumentException().isThrownBy(() -> embedding.paddingIndex(3))
                .withMessage("embedding: padding index 3, expected -3..2");
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.of(1).embedding(Tensor.ones(3, 2), -2))
                .withMessage("embedding: padding index -2, expected 0..2, or -1 for none");
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.of(1).embedding(Tensor.ones(3), -1))
                .withMessageStartingWith("embedding: weight: shape [3], expected 2 axes");
    }
}
