package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AdaptiveAvgPool2dTest {
    /** 0, 1, … 19 in four rows of five. */
    private static final Tensor TWENTY = Tensor.arange(20).to(DType.FLOAT32).reshape(1, 1, 4, 5);

    @BeforeEach
    void seed() {
        Rng.seed(15);
    }

    @Test
    void takesTheMeanOfEachPlane() {
        Tensor x = Rng.normal(2, 3, 4, 5);
        Tensor y = new AdaptiveAvgPool2d(1).call(x);
        assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 1, 1));
        assertThat(y.toArray()).containsExactly(x.mean(new int[] {2, 3}, false).toArray());
        assertThat(new AdaptiveAvgPool2d(1).call(TWENTY).item()).isEqualTo(9.5);
    }

    @Test
    void windowsCoverThePlane() {
        assertThat(new AdaptiveAvgPool2d(2, 1).call(TWENTY).toArray()).containsExactly(4.5f, 14.5f);
        // Rows 0..1, 1..2 and 2..3; columns 0..2 and 2..4.
        assertThat(new AdaptiveAvgPool2d(3, 2).call(TWENTY).toArray())
                .containsExactly(3.5f, 5.5f, 8.5f, 10.5f, 13.5f, 15.5f);
        assertThat(new AdaptiveAvgPool2d(4, 5).call(TWENTY).toArray()).containsExactly(TWENTY.toArray());
        assertThat(new AdaptiveAvgPool2d(5, 1).call(TWENTY).toArray()).containsExactly(2, 4.5f, 9.5f, 14.5f, 17);
        assertThat(new AdaptiveAvgPool2d(2).call(Tensor.zeros(0, 3, 5, 5)).shape()).isEqualTo(Shape.of(0, 3, 2, 2));
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(new AdaptiveAvgPool2d(1), Rng.normal(2, 2, 3, 2))).isEqualTo(24);
        assertThat(LayerGradients.check(new AdaptiveAvgPool2d(2, 3), Rng.normal(1, 2, 3, 4))).isEqualTo(24);
        LayerGradients.check(new AdaptiveAvgPool2d(2, 3), Rng.normal(1, 2, 4, 6));
    }

    @Test
    void saysWhatDoesNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new AdaptiveAvgPool2d(0))
                .withMessage("adaptive average pool: output [0, 0], expected at least 1 each");
        assertThatIllegalArgumentException().isThrownBy(() -> new AdaptiveAvgPool2d(1).call(Tensor.ones(2, 3)))
                .withMessageStartingWith("adaptive average pool: shape [2, 3], expected [N, C, H, W]");
        assertThatIllegalArgumentException().isThrownBy(() -> new AdaptiveAvgPool2d(1).call(Tensor.ones(2, 3, 0, 3)));
        assertThat(new AdaptiveAvgPool2d(1)).hasToString("AdaptiveAvgPool2d(output_size=(1, 1))");
    }
}
