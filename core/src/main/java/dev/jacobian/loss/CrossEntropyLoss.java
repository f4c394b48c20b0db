package dev.jacobian.loss;

import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;

/**
 * Cross-entropy of logits [N, C], [N, C, d…] or [C] with either class indices (int32, that shape without C) or class
 * probabilities (floating-point, the logits' shape): −Σ q · log softmax(logits), where q is the target, smoothed to
 * (1 − s) · q + s/C. Includes the softmax: give it raw logits.
 *
 * <p>The mean is over examples, leaving out those with the ignored label; it is NaN where none is left, as in PyTorch.
 *
 * @param ignoreIndex the label of examples that do not count; for class indices only
 * @param labelSmoothing s in 0..1
 * @param reduction what becomes of the examples' losses
 */
public record CrossEntropyLoss(int ignoreIndex, double labelSmoothing, Reduction reduction) implements Loss {
    /** PyTorch's default for the ignored label. */
    static final int IGNORE_INDEX = -100;

    /**
     * Checks the smoothing.
     *
     * @throws IllegalArgumentException if it is outside of 0..1
     */
    public CrossEntropyLoss {
        if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
            throw new IllegalArgumentException("cross entropy: label smoothing " + labelSmoothing + ", expected 0..1");
        }
    }

    /** The mean, without smoothing, ignoring label −100. */
    public CrossEntropyLoss() {
        this(IGNORE_INDEX, 0, Reduction.MEAN);
    }

    /**
     * This loss with another ignored label.
     *
     * @param label the label of examples that do not count
     * @return a new loss
     */
    public CrossEntropyLoss ignoreIndex(int label) {
        return new CrossEntropyLoss(label, labelSmoothing, reduction);
    }

    /**
     * This loss with smoothed targets.
     *
     * @param smoothing how much of the target is spread over all classes, in 0..1
     * @return a new loss
     */
    public CrossEntropyLoss labelSmoothing(double smoothing) {
        return new CrossEntropyLoss(ignoreIndex, smoothing, reduction);
    }

    /**
     * This loss with another reduction.
     *
     * @param kind what becomes of the examples' losses
     * @return a new loss
     */
    public CrossEntropyLoss reduction(Reduction kind) {
        return new CrossEntropyLoss(ignoreIndex, labelSmoothing, kind);
    }

    /**
     * {@inheritDoc}
     *
     * @throws dev.jacobian.backend.IndexRangeException if a label is neither the ignored one nor in 0..C−1, at the
     *         latest when the device is synchronised
     */
    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        return target.dtype() == DType.INT32 ? ofLabels(prediction, target) : ofProbabilities(prediction, target);
    }

    private Tensor ofLabels(Tensor logits, Tensor labels) {
        Arguments.labels("cross entropy", logits, labels);
        Tensor losses = Arguments.rows(logits).crossEntropy(labels.reshape(-1), ignoreIndex, labelSmoothing);
        return reduction.of(losses.reshape(labels.shape()), labels, ignoreIndex);
    }

    private Tensor ofProbabilities(Tensor logits, Tensor target) {
        if (!target.dtype().isFloating()) {
            throw new IllegalArgumentException("cross entropy: target of type " + target.dtype()
                    + ", expected int32 labels or floating-point probabilities; convert with to(DType)");
        }
        if (logits.rank() == 0) {
            throw new IllegalArgumentException(
                    "cross entropy: prediction of shape [], expected [C], [N, C] or [N, C, ...]");
        }
        int axis = Arguments.classAxis(logits);
        if (target.shape().equals(logits.shape().without(axis))) {
            throw new IllegalArgumentException("cross entropy: target of shape " + target.shape() + " and type "
                    + target.dtype() + " for predictions of shape " + logits.shape()
                    + ", expected labels of type int32,"
                    + " or probabilities of the predictions' shape; convert labels with to(DType.INT32)");
        }
        Tensor probabilities = Arguments.alike("cross entropy", logits, target);
        if (labelSmoothing > 0) {
            probabilities = probabilities.mul(1 - labelSmoothing).add(labelSmoothing / logits.dim(axis));
        }
        return reduction.of(logits.logSoftmax(axis).mul(probabilities).sum(axis).neg());
    }
}
