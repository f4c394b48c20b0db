package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/**
 * A pre-norm transformer block, [B, T, embedDim] to [B, T, embedDim]: h = x + attention(norm1(x)), then y = h +
 * linear2(gelu(linear1(norm2(h)))), with a hidden layer of 4 · embedDim (Xiong et al., 2020).
 *
 * <p>Names and parameters are those of PyTorch's {@code nn.TransformerEncoderLayer(embedDim, heads, 4 * embedDim,
 * dropout=0, activation="gelu", batch_first=True, norm_first=True)}, whose state dict fits.
 */
public final class TransformerBlock extends Layer {
    private final MultiHeadAttention attention;
    private final Linear linear1;
    private final Linear linear2;
    private final LayerNorm norm1;
    private final LayerNorm norm2;

    /**
     * A block whose tokens see all others.
     *
     * @param embedDim the length of the last axis, a multiple of heads
     * @param heads how many attention heads, at least 1
     */
    public TransformerBlock(int embedDim, int heads) {
        this(embedDim, heads, false);
    }

    /**
     * A block whose tokens see all others, or earlier ones only.
     *
     * @param embedDim the length of the last axis, a multiple of heads
     * @param heads how many attention heads, at least 1
     * @param causal whether token t sees the tokens 0..t only
     */
    public TransformerBlock(int embedDim, int heads, boolean causal) {
        attention = register("self_attn", new MultiHeadAttention(embedDim, heads, causal));
        int hidden = Math.multiplyExact(4, embedDim);
        linear1 = register("linear1", new Linear(embedDim, hidden));
        linear2 = register("linear2", new Linear(hidden, embedDim));
        norm1 = register("norm1", new LayerNorm(embedDim));
        norm2 = register("norm2", new LayerNorm(embedDim));
    }

    @Override
    protected Tensor forward(Tensor x) {
        Tensor h = x.add(attention.call(norm1.call(x)));
        return h.add(linear2.call(linear1.call(norm2.call(h)).gelu()));
    }
}
