package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Negative log-likelihood: −x[label] for log-probabilities x [N, C], [N, C, d…] or [C] and int32 labels of that shape
 * without C. After a log-softmax it is the cross-entropy; {@link CrossEntropyLoss} computes both at once.
 *
 * @param ignoreIndex the label of examples that do not count; the mean leaves them out and is NaN where none is left
 * @param reduction what becomes of the examples' losses
 */
public record NllLoss(int ignoreIndex, Reduction reduction) implements Loss {
    /** The mean, ignoring label −100. */
    public NllLoss() {
        this(CrossEntropyLoss.IGNORE_INDEX, Reduction.MEAN);
    }

    /**
     * {@inheritDoc}
     *
     * @throws dev.jacobian.backend.IndexRangeException if a label is neither the ignored one nor in 0..C−1, at the
     *         latest when the device is synchronised
     */
    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        Arguments.labels("nll loss", prediction, target);
        Tensor labels = target.reshape(-1);
        Tensor ignored = labels.eq(ignoreIndex);
        Tensor losses = Arguments.rows(prediction)
                .gather(1, labels.maskedFill(ignored, 0).unsqueeze(1))
                .squeeze(1)
                .neg()
                .maskedFill(ignored, 0);
        return reduction.of(losses.reshape(target.shape()), target, ignoreIndex);
    }
}
