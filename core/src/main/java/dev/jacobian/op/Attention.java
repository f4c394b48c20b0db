package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.AttentionKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Scaled dot-product attention of queries [B, H, T, D] to keys and values [B, H, S, D], softmax(scale · q kᵀ) v (Vaswani
 * et al., 2017). The backward rule stands at {@link AttentionKernel#attentionBackward}.
 *
 * @param scale the factor of the scores
 * @param causal whether query t sees the keys s ≤ t only
 */
public record Attention(double scale, boolean causal) implements FusedOp<AttentionKernel> {
    @Override
    public Class<AttentionKernel> kernel() {
        return AttentionKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        int queries = inputs[0].dim(2);
        int keys = inputs[1].dim(2);
        return Windows.scoped(() -> {
            Tensor scores = inputs[0].mul(scale).matmul(inputs[1].transpose());
            if (causal) {
                Tensor unseen = Tensor.arange(queries).reshape(queries, 1).lt(Tensor.arange(keys));
                scores = scores.maskedFill(unseen.to(scores.device()), Double.NEGATIVE_INFINITY);
            }
            // Without keys there is nothing to take the softmax of, and the product is zero.
            return (keys == 0 ? scores : scores.softmax(-1)).matmul(inputs[2]);
        });
    }

    @Override
    public Tensor forward(AttentionKernel kernel, OpContext context, Tensor... inputs) {
        Tensor q = context.save(withDenseRows(inputs[0]));
        Tensor k = context.save(withDenseRows(inputs[1]));
        Tensor v = context.save(withDenseRows(inputs[2]));
        Tensor logSumExp = context.save(Tensor.empty(q.device(), q.dtype(), q.shape().without(3)));
        Tensor y = byTokens(q);
        kernel.attention(q.view(), k.view(), v.view(), scale, causal, y.view(), logSumExp.view());
        return context.save(y);
    }

    @Override
    public List<Tensor> backward(AttentionKernel kernel, OpContext context, Tensor dy) {
        Tensor q = context.saved(0);
        Tensor k = context.saved(1);
        Tensor v = context.saved(2);
        Tensor dq = gradient(context, 0, q);
        Tensor dk = gradient(context, 1, k);
        Tensor dv = gradient(context, 2, v);
        kernel.attentionBackward(q.view(), k.view(), v.view(), context.saved(4).view(), context.saved(3).view(),
                withDenseRows(dy).view(), scale, causal, dq.view(), dk.view(), dv.view());
        return List.of(dq, dk, dv);
    }

    private static Tensor gradient(OpContext context, int input, Tensor x) {
        Tensor leaf = context.leafGradient(input);
        return leaf != null ? leaf : byTokens(x);
    }

    /** What a kernel reads: the last axis has stride 1. */
    static Tensor withDenseRows(Tensor x) {
        return x.dim(-1) == 1 || x.view().stride(-1) == 1 ? x : x.copy();
    }

    /** A result of x's shape [B, H, T, D] that lies as [B, T, H, D], so that joining the heads again copies nothing. */
    private static Tensor byTokens(Tensor x) {
        Shape tokens = Shape.of(x.dim(0), x.dim(2), x.dim(1), x.dim(3));
        Tensor dense = Tensor.empty(x.device(), x.dtype(), tokens);
        return Tensor.alias(dense, dense.view().permute(0, 2, 1, 3));
    }
}
