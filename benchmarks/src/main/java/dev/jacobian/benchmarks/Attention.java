package dev.jacobian.benchmarks;

import dev.jacobian.tensor.Tensor;

/** Scaled dot-product attention in operations of tensors. */
final class Attention {
    private Attention() {}

    /** Causal attention over q, k, v of [N, H, T, D]. */
    static Tensor causal(Tensor q, Tensor k, Tensor v) {
        Tensor positions = Tensor.arange(q.dim(2));
        Tensor future = positions.unsqueeze(0).gt(positions.unsqueeze(1));
        Tensor scores = q.matmul(k.transpose(-2, -1)).mul(1 / Math.sqrt(q.dim(3)));
        return scores.maskedFill(future, Double.NEGATIVE_INFINITY).softmax(-1).matmul(v);
    }
}
