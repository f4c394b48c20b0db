package dev.jacobian.backend;

/**
 * Hinge loss of softmax probabilities, fused with the softmax. For one example's logits x, label t and probabilities
 * p = softmax(x): loss = Σ max(0, p[i] − p[t] + margin) over all classes i but t.
 */
public interface SoftmaxMarginKernel {
    /**
     * Losses of N examples.
     *
     * @param logits [N, C], any strides
     * @param target [N], int32
     * @param margin how far the label's probability must be ahead
     * @param probability [N, C], dense, written: p, for the backward pass
     * @param loss [N], written
     * @throws IndexRangeException if a label is not in 0..C−1, at the latest when synchronised
     */
    void softmaxMargin(View logits, View target, double margin, View probability, View loss);

    /**
     * dlogits[j] = p[j] · ([j in A] − [j = t] · k − s + k · p[t]) · dloss, where A are the classes i but t with
     * p[i] − p[t] + margin above 0, k is their number, and s = Σ p[i] over them.
     *
     * @param probability [N, C], dense, from the forward pass
     * @param target [N], int32
     * @param margin as in the forward pass
     * @param dloss [N], any strides
     * @param dlogits [N, C], dense, written
     */
    void softmaxMarginBackward(View probability, View target, double margin, View dloss, View dlogits);
}
