package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LayerNormTest {
    private static final Offset<Float> CLOSE = within(1e-6f);

    @BeforeEach
    void seed() {
        Rng.seed(8);
    }

    @Test
    void normalisesEachRowByItself() {
        LayerNorm norm = new LayerNorm(new int[] {4}, 0, true);
        // Mean 2.5 and variance 5/4 of the first row; the second is 10 times the first, and 7 more.
        Tensor x = Tensor.of(new float[][] {{1, 2, 3, 4}, {17, 27, 37, 47}});
        float a = (float) (0.5 / Math.sqrt(1.25));
        float[] row = {-3 * a, -a, a, 3 * a, -3 * a, -a, a, 3 * a};
        assertThat(norm.call(x).toArray()).containsExactly(row, CLOSE);
        try (var _ = Autograd.noGrad()) {
            norm.weight().set(Tensor.of(2f, 1f, 1f, 0f));
            norm.bias().set(Tensor.of(0f, 1f, 0f, 5f));
        }
        norm.eval();
        assertThat(norm.call(x).select(0, 1).toArray()).containsExactly(new float[] {-6 * a, 1 - a, a, 5}, CLOSE);
    }

    @Test
    void normalisesSeveralAxesTogether() {
        LayerNorm norm = new LayerNorm(2, 3);
        Tensor x = Rng.normal(4, 2, 3);
        Tensor flat = new LayerNorm(6).call(x.reshape(4, 6));
        assertThat(norm.call(x).toArray()).containsExactly(flat.toArray(), CLOSE);
        assertThat(norm.weight().shape()).isEqualTo(Shape.of(2, 3));
        assertThat(norm.call(Tensor.zeros(0, 2, 3)).shape()).isEqualTo(Shape.of(0, 2, 3));
    }

    @Test
    void addsEpsToTheVariance() {
        assertThat(new LayerNorm(new int[] {2}, 3, false).call(Tensor.of(-1f, 1f)).toArray())
                .containsExactly(-0.5f, 0.5f);
        assertThat(new LayerNorm(3).call(Tensor.of(7f, 7f, 7f)).toArray()).containsExactly(0, 0, 0);
    }

    @Test
    void hasRightGradients() {
        LayerNorm norm = new LayerNorm(3, 2);
        try (var _ = Autograd.noGrad()) {
            norm.parameters().forEach(param -> param.set(param.add(Rng.normal(3, 2).mul(0.3))));
        }
        assertThat(LayerGradients.check(norm, Rng.normal(2, 3, 2))).isEqualTo(12 + 6 + 6);
        assertThat(LayerGradients.check(new LayerNorm(new int[] {4}, 1e-5, false), Rng.normal(2, 3, 4))).isEqualTo(24);
    }

    @Test
    void hasPyTorchsStateAndText() {
        assertThat(new LayerNorm(4).stateDict().keySet()).containsExactly("weight", "bias");
        assertThat(new LayerNorm(new int[] {4}, 1e-6, false).stateDict()).isEmpty();
        assertThat(new LayerNorm(3, 4)).hasToString("LayerNorm([3, 4], eps=1.0E-5, elementwise_affine=true)");
    }

    @Test
    void saysWhatDoesNotFit() {
        LayerNorm norm = new LayerNorm(3, 4);
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(3, 5)))
                .withMessage("layer norm: shape [3, 5], expected its last axes to be [3, 4] (in LayerNorm)");
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(4)));
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(3, 4).to(DType.FLOAT64)))
                .withMessageStartingWith("layer norm: input of type float64, expected the weight's float32");
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(3, 4).to(DType.INT32)))
                .withMessageStartingWith("layer norm: type int32");
        Tensor x = Tensor.ones(2, 3);
        Tensor ones = Tensor.ones(3);
        assertThatIllegalArgumentException().isThrownBy(() -> x.layerNorm(new int[] {3}, ones, null, 1e-5))
                .withMessageContaining("expected both or neither");
        assertThatIllegalArgumentException().isThrownBy(() -> x.layerNorm(new int[] {3}, ones, Tensor.ones(2), 1e-5))
                .withMessage("layer norm: weight of shape [3] and bias of shape [2], expected [3] each");
        assertThatIllegalArgumentException().isThrownBy(LayerNorm::new)
                .withMessageStartingWith("layer norm: normalized shape [], eps 1.0E-5, expected at least one length");
        assertThatIllegalArgumentException().isThrownBy(() -> new LayerNorm(3, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new LayerNorm(new int[] {3}, Double.NaN, true));
    }
}
