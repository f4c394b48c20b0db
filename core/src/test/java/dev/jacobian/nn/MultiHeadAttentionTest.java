package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MultiHeadAttentionTest {
    private static final Offset<Float> CLOSE = within(2e-6f);

    @BeforeEach
    void seed() {
        Rng.seed(12);
    }

    /** Biases are zero at first, and would hide what is done to them. */
    private static MultiHeadAttention attention(int embedDim, int heads, boolean causal) {
        MultiHeadAttention attention = new MultiHeadAttention(embedDim, heads, causal);
        try (var _ = Autograd.noGrad()) {
            attention.parameters().forEach(p -> p.set(p.add(Rng.normal(p.shape().toArray()).mul(0.3))));
        }
        return attention;
    }

    @Test
    void weighsValuesByTheSoftmaxOfScores() {
        MultiHeadAttention attention = new MultiHeadAttention(2, 1);
        try (var _ = Autograd.noGrad()) { // queries, keys and the output as they are, values doubled
            attention.inProjWeight().set(Tensor.concat(0, Tensor.eye(2), Tensor.eye(2), Tensor.eye(2).mul(2)));
            attention.outProj().weight().set(Tensor.eye(2));
        }
        Tensor x = Tensor.of(new float[][] {{1, 0}, {0, 3}}).unsqueeze(0);
        double a = Math.exp(1 / Math.sqrt(2));
        double b = Math.exp(9 / Math.sqrt(2));
        assertThat(attention.call(x).toArray()).containsExactly(
                new float[] {(float) (2 * a / (a + 1)), (float) (6 / (a + 1)), (float) (2 / (b + 1)),
                        (float) (6 * b / (b + 1))},
                CLOSE);
    }

    @Test
    void eachHeadSeesItsOwnPart() {
        MultiHeadAttention two = attention(6, 2, true);
        Tensor x = Rng.normal(3, 4, 6);
        Tensor packed = x.linear(two.inProjWeight(), two.inProjBias());
        Tensor[] heads = new Tensor[2];
        for (int h = 0; h < 2; h++) {
            Tensor[] parts = new Tensor[3];
            for (int i = 0; i < 3; i++) {
                parts[i] = packed.slice(2, 6 * i + 3 * h, 6 * i + 3 * h + 3).unsqueeze(1);
            }
            heads[h] = parts[0].scaledDotProductAttention(parts[1], parts[2], true).squeeze(1);
        }
        Tensor expected = two.outProj().call(Tensor.concat(2, heads));
        assertThat(two.call(x).toArray()).containsExactly(expected.toArray(), CLOSE);
        assertThat(two.call(x, x, x).toArray()).containsExactly(expected.toArray(), CLOSE);
    }

    @Test
    void laterTokensChangeNoEarlierResult() {
        Tensor x = Rng.normal(2, 5, 4);
        Tensor changed = Tensor.concat(1, x.slice(1, 0, 3), Rng.normal(2, 2, 4));
        for (Device device : new Device[] {Device.current(), Device.of(new FusedBackend())}) {
            try (var _ = device.use()) {
                MultiHeadAttention attention = attention(4, 2, true);
                Tensor before = attention.call(x.to(device));
                Tensor after = attention.call(changed.to(device));
                assertThat(after.slice(1, 0, 3).toArray()).isEqualTo(before.slice(1, 0, 3).toArray());
                assertThat(after.slice(1, 3, 5).toArray()).isNotEqualTo(before.slice(1, 3, 5).toArray());
                float[] blind = attention(4, 2, false).call(x.to(device)).toArray();
                assertThat(attention(4, 2, false).call(changed.to(device)).toArray()).isNotEqualTo(blind);
            }
        }
    }

    @Test
    void attendsToOtherTokens() {
        MultiHeadAttention attention = attention(6, 3, false);
        Tensor key = Rng.normal(2, 5, 6);
        Tensor value = Rng.normal(2, 5, 6);
        Tensor y = attention.call(Rng.normal(2, 3, 6), key, value);
        assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 6));
        assertThat(attention.call(Tensor.zeros(2, 3, 6), Tensor.zeros(2, 0, 6), Tensor.zeros(2, 0, 6)).toArray())
                .containsExactly(Tensor.zeros(2, 3, 6).add(attention.outProj().bias()).toArray());
        assertThat(attention.call(Tensor.zeros(0, 3, 6)).shape()).isEqualTo(Shape.of(0, 3, 6));
        assertThat(attention.call(Tensor.zeros(2, 0, 6)).shape()).isEqualTo(Shape.of(2, 0, 6));
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(attention(4, 2, true), Rng.normal(2, 3, 4))).isEqualTo(24 + 48 + 12 + 16 + 4);
        LayerGradients.check(attention(3, 1, false), Rng.normal(1, 4, 3));
        MultiHeadAttention cross = attention(4, 2, false);
        Layer fixed = new Layer() {
            private final MultiHeadAttention inner = register("inner", cross);
            private final Tensor key = Rng.normal(2, 5, 4).to(DType.FLOAT64);

            @Override
            protected Tensor forward(Tensor x) {
                return inner.call(x, key, key.mul(0.5));
            }
        };
        LayerGradients.check(fixed, Rng.normal(2, 3, 4));
    }

    /** Trained by the kernel and by the definition, float32 gradients agree. */
    @Test
    void kernelAndDefinitionGiveTheSameGradients() {
        Tensor x = Rng.normal(2, 5, 8);
        float[][] gradients = new float[2][];
        Device[] devices = {Device.current(), Device.of(new FusedBackend())};
        for (int i = 0; i < 2; i++) {
            try (var _ = devices[i].use()) {
                Rng.seed(3);
                MultiHeadAttention attention = attention(8, 2, true);
                Tensor input = x.to(devices[i]).detach().requireGrad();
                attention.call(input).square().sum().backward();
                gradients[i] = Tensor.concat(0, input.grad().reshape(-1), attention.inProjWeight().grad().reshape(-1),
                        attention.inProjBias().grad()).toArray();
            }
        }
        assertThat(gradients[1]).containsExactly(gradients[0], within(1e-4f));
    }

    @Test
    void startsAsPyTorchsDoes() {
        MultiHeadAttention attention = new MultiHeadAttention(64, 4);
        assertThat(attention.inProjBias().toArray()).containsOnly(0);
        assertThat(attention.outProj().bias().toArray()).containsOnly(0);
        double bound = Math.sqrt(6.0 / (64 + 192));
        double largest = attention.inProjWeight().abs().max().item();
        assertThat(largest).isLessThanOrEqualTo(bound * (1 + 1e-6)).isGreaterThan(0.99 * bound);
        assertThat(attention.outProj().weight().abs().max().item()).isBetween(0.99 / 8, 1.0001 / 8);
    }

    @Test
    void hasPyTorchsStateAndText() {
        MultiHeadAttention attention = new MultiHeadAttention(6, 2);
        assertThat(attention.stateDict().keySet()).containsExactly("in_proj_weight", "in_proj_bias", "out_proj.weight",
                "out_proj.bias");
        assertThat(attention.inProjWeight().shape()).isEqualTo(Shape.of(18, 6));
        assertThat(attention.parameterCount()).isEqualTo(18 * 6 + 18 + 36 + 6);
        assertThat(new MultiHeadAttention(6, 2, true).toString()).contains("embed_dim=6, num_heads=2, causal=true");
    }

    @Test
    void saysWhatDoesNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new MultiHeadAttention(6, 4)).withMessage(
                "multi-head attention: embedDim 6, heads 4, expected at least 1 each, and embedDim to be a multiple of"
                        + " heads");
        assertThatIllegalArgumentException().isThrownBy(() -> new MultiHeadAttention(0, 1));
        MultiHeadAttention attention = new MultiHeadAttention(6, 2);
        assertThatExceptionOfType(LayerArgumentException.class).isThrownBy(() -> attention.call(Tensor.ones(3, 6)))
                .withMessage("multi-head attention: input of shape [3, 6], expected [B, T, 6]; add a batch axis with"
                        + " unsqueeze(0) (in MultiHeadAttention)");
        Tensor x = Tensor.ones(2, 3, 6);
        assertThatIllegalArgumentException().isThrownBy(() -> attention.call(x, Tensor.ones(1, 3, 6), x))
                .withMessageStartingWith("attention: keys of shape [1, 2, 3, 3], expected [2, 2, S, 3]");
        assertThatIllegalArgumentException().isThrownBy(() -> attention.call(x, x, Tensor.ones(2, 4, 6)))
                .withMessageStartingWith("attention: 3 keys and 4 values");
        Tensor q = Tensor.ones(1, 1, 2, 3);
        assertThatIllegalArgumentException().isThrownBy(() -> q.select(0, 0).scaledDotProductAttention(q, q, false))
                .withMessageStartingWith("attention: queries of shape [1, 2, 3], expected [B, H, T, D]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> q.scaledDotProductAttention(q.to(DType.FLOAT64), q, false))
                .withMessage("attention: keys of type float64, expected the queries' float32; convert with to(DType)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> q.to(DType.INT32).scaledDotProductAttention(q, q, false));
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.ones(1, 2, 9).selfAttention(2, false))
                .withMessageStartingWith("self-attention: shape [1, 2, 9] and 2 heads, expected [B, T, 3 · heads · D]");
        for (int heads : Arrays.asList(0, -1)) {
            assertThatIllegalArgumentException().isThrownBy(() -> Tensor.ones(1, 2, 9).selfAttention(heads, false));
        }
    }
}
