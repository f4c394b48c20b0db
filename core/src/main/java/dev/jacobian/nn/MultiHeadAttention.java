package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;

/**
 * Multi-head attention (Vaswani et al., 2017): queries, keys and values are projected, cut into heads of D = embedDim /
 * heads numbers each, every head attends with softmax(q kᵀ / √D) v, and the heads' results, one after the other, are
 * projected again. Batch first: [B, T, embedDim] to [B, T, embedDim].
 *
 * <p>{@code call(x)} is self-attention; {@code call(query, key, value)} takes them from different places.
 *
 * <p>Parameters are PyTorch's, also in how they start: {@code in_proj_weight} [3 · embedDim, embedDim], for queries, keys
 * and values one after the other, from Xavier's uniform distribution; {@code out_proj.weight} as that of {@link Linear};
 * {@code in_proj_bias} and {@code out_proj.bias} at zero.
 */
public final class MultiHeadAttention extends Layer {
    private final int embedDim;
    private final int heads;
    private final boolean causal;
    private final Param inProjWeight;
    private final Param inProjBias;
    private final Linear outProj;

    /**
     * Attention to all tokens.
     *
     * @param embedDim the length of the last axis of inputs and output, a multiple of heads
     * @param heads how many heads, at least 1
     */
    public MultiHeadAttention(int embedDim, int heads) {
        this(embedDim, heads, false);
    }

    /**
     * Attention to all tokens, or to earlier ones only.
     *
     * @param embedDim the length of the last axis of inputs and output, a multiple of heads
     * @param heads how many heads, at least 1
     * @param causal whether token t sees the tokens 0..t only
     */
    public MultiHeadAttention(int embedDim, int heads, boolean causal) {
        if (heads < 1 || embedDim < 1 || embedDim % heads != 0) {
            throw new IllegalArgumentException("multi-head attention: embedDim " + embedDim + ", heads " + heads
                    + ", expected at least 1 each, and embedDim to be a multiple of heads");
        }
        this.embedDim = embedDim;
        this.heads = heads;
        this.causal = causal;
        inProjWeight = parameter("in_proj_weight", Initializer.xavierUniform(1), Math.multiplyExact(3, embedDim),
                embedDim);
        inProjBias = parameter("in_proj_bias", Initializer.zeros(), 3 * embedDim);
        outProj = register("out_proj", new Linear(embedDim, embedDim));
        try (var _ = Autograd.noGrad()) {
            outProj.bias().set(outProj.bias().zerosLike());
        }
    }

    @Override
    protected Tensor forward(Tensor x) {
        check("input", x);
        return outProj.call(x.linear(inProjWeight, inProjBias).selfAttention(heads, causal));
    }

    /**
     * Attention of queries to keys and values from elsewhere. If causal, query t sees the keys 0..t.
     *
     * @param query [B, T, embedDim]
     * @param key [B, S, embedDim]
     * @param value [B, S, embedDim]
     * @return [B, T, embedDim]
     * @throws LayerArgumentException if a shape or type does not fit
     */
    public Tensor call(Tensor query, Tensor key, Tensor value) {
        return run(() -> {
            check("query", query);
            check("key", key);
            check("value", value);
            Tensor y = projected(query, 0).scaledDotProductAttention(projected(key, 1), projected(value, 2), causal);
            return outProj.call(y.permute(0, 2, 1, 3).reshape(query.shape()));
        });
    }

    private void check(String what, Tensor x) {
        if (x.rank() != 3 || x.dim(2) != embedDim) {
            throw new IllegalArgumentException("multi-head attention: " + what + " of shape " + x.shape()
                    + ", expected [B, T, " + embedDim + "]; add a batch axis with unsqueeze(0)");
        }
    }

    /** One of the three projections, [B, heads, T, D]. */
    private Tensor projected(Tensor x, int index) {
        int from = index * embedDim;
        Tensor tokens = x.linear(inProjWeight.slice(0, from, from + embedDim),
                inProjBias.slice(0, from, from + embedDim));
        return tokens.reshape(x.dim(0), x.dim(1), heads, embedDim / heads).permute(0, 2, 1, 3);
    }

    /**
     * The weight of the projections of queries, keys and values.
     *
     * @return of shape [3 · embedDim, embedDim]
     */
    public Param inProjWeight() {
        return inProjWeight;
    }

    /**
     * The bias of the projections of queries, keys and values.
     *
     * @return of shape [3 · embedDim]
     */
    public Param inProjBias() {
        return inProjBias;
    }

    /**
     * The projection of the heads' results.
     *
     * @return from embedDim to embedDim
     */
    public Linear outProj() {
        return outProj;
    }

    @Override
    protected String describe() {
        return "embed_dim=" + embedDim + ", num_heads=" + heads + (causal ? ", causal=true" : "");
    }
}
