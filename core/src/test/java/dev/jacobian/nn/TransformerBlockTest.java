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

final class TransformerBlockTest {
    @BeforeEach
    void seed() {
        Rng.seed(13);
    }

    @Test
    void addsAttentionAndThenTheHiddenLayer() {
        TransformerBlock block = new TransformerBlock(4, 2, true);
        Tensor x = Rng.normal(2, 3, 4);
        Tensor h = x.add(((MultiHeadAttention) block.children().get("self_attn"))
                .call(block.children().get("norm1").call(x)));
        Tensor hidden = block.children().get("linear1").call(block.children().get("norm2").call(h)).gelu();
        assertThat(hidden.shape()).isEqualTo(Shape.of(2, 3, 16));
        assertThat(block.call(x).toArray())
                .containsExactly(h.add(block.children().get("linear2").call(hidden)).toArray(), within(1e-6f));
    }

    @Test
    void laterTokensChangeNoEarlierResult() {
        TransformerBlock block = new TransformerBlock(4, 2, true);
        Tensor x = Rng.normal(2, 5, 4);
        Tensor changed = Tensor.concat(1, x.slice(1, 0, 2), Rng.normal(2, 3, 4));
        assertThat(block.call(changed).slice(1, 0, 2).toArray()).isEqualTo(block.call(x).slice(1, 0, 2).toArray());
    }

    @Test
    void hasRightGradients() {
        TransformerBlock block = new TransformerBlock(4, 2, true);
        try (var _ = Autograd.noGrad()) {
            block.parameters().forEach(p -> p.set(p.add(Rng.normal(p.shape().toArray()).mul(0.2))));
        }
        assertThat(LayerGradients.check(block, Rng.normal(1, 3, 4))).isEqualTo(12 + 60 + 20 + 80 + 68 + 8 + 8);
    }

    @Test
    void hasPyTorchsState() {
        TransformerBlock block = new TransformerBlock(8, 2);
        assertThat(block.stateDict().keySet()).containsExactly("self_attn.in_proj_weight", "self_attn.in_proj_bias",
                "self_attn.out_proj.weight", "self_attn.out_proj.bias", "linear1.weight", "linear1.bias",
                "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias");
        assertThat(block.stateDict().get("linear1.weight").shape()).isEqualTo(Shape.of(32, 8));
    }

    @Test
    void saysWhatDoesNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new TransformerBlock(5, 2));
        TransformerBlock block = new TransformerBlock(4, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> block.call(Tensor.ones(2, 3, 5)))
                .withMessageStartingWith("layer norm: shape [2, 3, 5]").withMessageContaining("norm1");
        assertThatIllegalArgumentException().isThrownBy(() -> block.call(Tensor.ones(3, 4)))
                .withMessageStartingWith("multi-head attention: input of shape [3, 4]");
    }
}
