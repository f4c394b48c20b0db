package dev.jacobian.backend;

/**
 * Cross-entropy of logits with class indices, fused with the log-softmax. For logits x of one example, label t, C classes
 * and smoothing s: loss = lse − (1 − s) x[t] − s/C Σ x, with lse = ln Σ eˣ; 0 where t is the ignored index.
 */
public interface CrossEntropyKernel {
    /**
     * Losses of N examples.
     *
     * @param logits [N, C], any strides
     * @param target [N], int32
     * @param ignoreIndex the label of examples that do not count
     * @param labelSmoothing s in 0..1
     * @param logSumExp [N], written: lse of each example, for the backward pass
     * @param loss [N], written
     * @throws IndexRangeException if a label is neither ignoreIndex nor in 0..C−1, at the latest when synchronised
     */
    void crossEntropy(View logits, View target, int ignoreIndex, double labelSmoothing, View logSumExp, View loss);

    /**
     * dlogits = (e^(x − lse) − s/C − (1 − s) [class = t]) · dloss, and 0 for ignored examples.
     *
     * @param logits [N, C], any strides
     * @param target [N], int32
     * @param ignoreIndex as in the forward pass
     * @param labelSmoothing as in the forward pass
     * @param logSumExp [N], from the forward pass
     * @param dloss [N], any strides
     * @param dlogits [N, C], dense, written
     */
    void crossEntropyBackward(
            View logits,
            View target,
            int ignoreIndex,
            double labelSmoothing,
            View logSumExp,
            View dloss,
            View dlogits);
}
