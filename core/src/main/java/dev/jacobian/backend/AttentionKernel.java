package dev.jacobian.backend;

/**
 * Scaled dot-product attention of B batches and H heads, T queries and S keys with their values, of D elements each:
 * with scores = scale · q kᵀ and p = softmax(scores) over the keys, y = p v (Vaswani et al., 2017). Computed block by
 * block: memory for all T × S scores is never needed (Dao et al., 2022).
 *
 * <p>The last axis of every view has stride 1 (or length 1), other strides are any, so that q, k and v may be parts of one
 * packed projection, and their gradients parts of one packed gradient. What is written overlaps nothing else. B, H, T and S
 * may be 0; D is at least 1.
 *
 * <p>A causal query t sees the keys s ≤ t only: the mask is aligned at the upper left, where T and S differ too. A query
 * of which a seen score is NaN or +∞, or all are −∞, has NaN for its y and its logSumExp. Whether what is not finite in
 * the key or value of an unseen key, which counts with the factor 0, reaches a result is left open.
 */
public interface AttentionKernel {
    /**
     * The attention. Without keys (S = 0), y is 0 and logSumExp is −∞.
     *
     * @param q queries, [B, H, T, D]
     * @param k keys, [B, H, S, D]
     * @param v values, [B, H, S, D]
     * @param scale the factor of the scores, usually 1/√D
     * @param causal whether query t sees the keys s ≤ t only
     * @param y [B, H, T, D], written
     * @param logSumExp [B, H, T], dense, written: ln Σ e^score over the seen keys of each query, for the backward pass
     */
    void attention(View q, View k, View v, double scale, boolean causal, View y, View logSumExp);

    /**
     * With p = e^(scale · q kᵀ − logSumExp), 0 for unseen keys, and a number for each query, δ = Σ dy ⊙ y over its D
     * elements: dv = pᵀ dy; dp = dy vᵀ; ds = p ⊙ (dp − δ); dq = scale · ds k; dk = scale · dsᵀ q. All of dq, dk and dv is
     * written: zeros for keys that no query sees, for all keys where T is 0, and for all queries where S is 0.
     *
     * @param q as in the forward pass
     * @param k as in the forward pass
     * @param v as in the forward pass
     * @param y the result of the forward pass
     * @param logSumExp from the forward pass
     * @param dy the gradient of y, of y's shape
     * @param scale as in the forward pass
     * @param causal as in the forward pass
     * @param dq of q's shape, written
     * @param dk of k's shape, written
     * @param dv of v's shape, written
     */
    void attentionBackward(
            View q,
            View k,
            View v,
            View y,
            View logSumExp,
            View dy,
            double scale,
            boolean causal,
            View dq,
            View dk,
            View dv);
}
