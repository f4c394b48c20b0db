package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PoolingTest {
    /** 0, 1, … 15 in four rows. */
    private static final Tensor SIXTEEN = Tensor.arange(16).to(DType.FLOAT32).reshape(1, 1, 4, 4);

    @BeforeEach
    void seed() {
        Rng.seed(6);
    }

    @Test
    void takesTheLargestOfEachWindow() {
        assertThat(new MaxPool2d(2).call(SIXTEEN).toArray()).containsExactly(5, 7, 13, 15);
        Tensor falling = SIXTEEN.neg().sub(1);
        assertThat(new MaxPool2d(3).stride(1).call(falling).toArray()).containsExactly(-1, -2, -5, -6);
        assertThat(new MaxPool2d(2).padding(1).call(falling).toArray())
                .containsExactly(-1, -2, -4, -5, -6, -8, -13, -14, -16);
        assertThat(new MaxPool2d(2).stride(1).dilation(3, 2).call(SIXTEEN).toArray()).containsExactly(14, 15);
        assertThat(new MaxPool2d(1, 3).call(SIXTEEN).shape()).isEqualTo(Shape.of(1, 1, 4, 1));
    }

    @Test
    void givesTheFirstOfEqualsTheGradient() {
        Tensor x = Tensor.of(1f, 3f, 3f, 2f, 0f, 0f, 0f, 0f).reshape(1, 2, 2, 2).requireGrad();
        new MaxPool2d(2).call(x).sum().backward();
        assertThat(x.grad().toArray()).containsExactly(0, 1, 0, 0, 1, 0, 0, 0);
    }

    @Test
    void passesNaNOn() {
        Tensor x = Tensor.of(1f, Float.NaN, 2f, Float.POSITIVE_INFINITY).reshape(1, 1, 2, 2);
        assertThat(new MaxPool2d(2).call(x).item()).isNaN();
        assertThat(new AvgPool2d(2).call(x).item()).isNaN();
    }

    @Test
    void takesTheMeanOfEachWindow() {
        assertThat(new AvgPool2d(2).call(SIXTEEN).toArray()).containsExactly(2.5f, 4.5f, 10.5f, 12.5f);
        assertThat(new AvgPool2d(4).call(SIXTEEN).item()).isEqualTo(7.5);
        assertThat(new AvgPool2d(2).padding(1).call(SIXTEEN).toArray())
                .containsExactly(0, 0.75f, 0.75f, 3, 7.5f, 4.5f, 3, 6.75f, 3.75f);
        assertThat(new AvgPool2d(2).padding(1).countIncludePad(false).call(SIXTEEN).toArray())
                .containsExactly(0, 1.5f, 3, 6, 7.5f, 9, 12, 13.5f, 15);
        assertThat(new AvgPool2d(3, 2).stride(1, 3).call(SIXTEEN).toArray()).containsExactly(4.5f, 8.5f);
    }

    @Test
    void hasRightGradients() {
        Tensor planes = Rng.normal(2, 2, 5, 4);
        assertThat(LayerGradients.check(new MaxPool2d(3).stride(2).padding(1), planes)).isEqualTo(80);
        assertThat(LayerGradients.check(new MaxPool2d(2).dilation(2), planes)).isEqualTo(80);
        assertThat(LayerGradients.check(new AvgPool2d(3).stride(2, 1).padding(1, 0), planes)).isEqualTo(80);
        assertThat(LayerGradients.check(new AvgPool2d(2).padding(1).countIncludePad(false), planes)).isEqualTo(80);
    }

    @Test
    void hasNoStateButText() {
        assertThat(new MaxPool2d(2).stateDict()).isEmpty();
        assertThat(new MaxPool2d(2))
                .hasToString("MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0), dilation=(1, 1))");
        assertThat(new AvgPool2d(3, 2).stride(1).padding(1).countIncludePad(false)).hasToString(
                "AvgPool2d(kernel_size=(3, 2), stride=(1, 1), padding=(1, 1), count_include_pad=false)");
    }

    @Test
    void saysWhatDoesNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new MaxPool2d(3, 2).padding(1, 2).call(SIXTEEN))
                .withMessage("max pool: padding [1, 2], expected at most half of the kernel [3, 2] (in MaxPool2d)");
        assertThatIllegalArgumentException().isThrownBy(() -> new AvgPool2d(5).call(SIXTEEN))
                .withMessageStartingWith("average pool: the window reaches over [5, 5], expected at most the padded");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MaxPool2d(1, 2).padding(0, 1).dilation(1, 3).call(Tensor.ones(1, 1, 2, 2)))
                .withMessageStartingWith("max pool: with dilation 3 and padding 1, a window lies in the padding alone");
        assertThatIllegalArgumentException().isThrownBy(() -> new MaxPool2d(2).call(Tensor.ones(4, 4)))
                .withMessageStartingWith("max pool: shape [4, 4], expected [N, C, H, W]");
        assertThatIllegalArgumentException().isThrownBy(() -> new AvgPool2d(2).call(SIXTEEN.to(DType.INT32)))
                .withMessageStartingWith("average pool: type int32, expected a floating-point type");
        assertThatIllegalArgumentException().isThrownBy(() -> new AvgPool2d(2).stride(0, 1));
    }
}
