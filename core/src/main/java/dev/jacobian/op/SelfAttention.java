package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.AttentionKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * {@link Attention} of a packed projection [B, T, 3 · H · D], which holds the queries of all heads, then their keys, then
 * their values, as PyTorch's nn.MultiheadAttention packs them; the result is [B, T, H · D]. The kernel works on the parts
 * where they lie, and writes their gradients into one packed gradient.
 *
 * @param heads H
 * @param causal whether a token sees no later ones
 */
public record SelfAttention(int heads, boolean causal) implements FusedOp<AttentionKernel> {
    @Override
    public Class<AttentionKernel> kernel() {
        return AttentionKernel.class;
    }

    private int width(Tensor packed) {
        return packed.dim(2) / 3 / heads;
    }

    private static double scale(int width) {
        return 1 / Math.sqrt(width);
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor packed = inputs[0];
        int batch = packed.dim(0);
        int tokens = packed.dim(1);
        int width = width(packed);
        return Windows.scoped(() -> {
            Tensor parts = packed.reshape(batch, tokens, 3, heads, width).permute(2, 0, 3, 1, 4);
            Tensor y = new Attention(scale(width), causal).decompose(parts.select(0, 0), parts.select(0, 1),
                    parts.select(0, 2));
            return y.permute(0, 2, 1, 3).reshape(batch, tokens, heads * width);
        });
    }

    @Override
    public Tensor forward(AttentionKernel kernel, OpContext context, Tensor... inputs) {
        Tensor packed = context.save(Attention.withDenseRows(inputs[0]));
        Shape queries = Shape.of(packed.dim(0), heads, packed.dim(1));
        Tensor logSumExp = context.save(Tensor.empty(packed.device(), packed.dtype(), queries));
        Tensor y = Tensor.empty(packed.device(), packed.dtype(), packed.shape().with(2, packed.dim(2) / 3));
        int width = width(packed);
        kernel.attention(part(packed, width, 0), part(packed, width, 1), part(packed, width, 2), scale(width), causal,
                part(y, width, 0), logSumExp.view());
        return context.save(y);
    }

    @Override
    public List<Tensor> backward(AttentionKernel kernel, OpContext context, Tensor dy) {
        Tensor packed = context.saved(0);
        Tensor y = context.saved(2);
        Tensor gradient = Attention.withDenseRows(dy);
        Tensor dpacked = context.newGradient(0);
        int width = width(packed);
        kernel.attentionBackward(part(packed, width, 0), part(packed, width, 1), part(packed, width, 2),
                part(y, width, 0), context.saved(1).view(), part(gradient, width, 0), scale(width), causal,
                part(dpacked, width, 0), part(dpacked, width, 1), part(dpacked, width, 2));
        return List.of(dpacked);
    }

    /** As [B, H, T, D]: the heads in the last axis of [B, T, …] from {@code index · H · width} on. */
    private View part(Tensor tokens, int width, int index) {
        View view = tokens.view();
        Shape shape = Shape.of(view.dim(0), heads, view.dim(1), width);
        long[] strides = {view.stride(0), width, view.stride(1), 1};
        return view.as(shape, strides, view.offset() + (long) index * heads * width);
    }

    @Override
    public String name() {
        return "self-attention";
    }
}
