package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Hinge loss over classes: Σ max(0, margin − x[label] + x[i]) over all classes i but the label's, divided by the number
 * of classes C, for scores x [N, C] or [C] and int32 labels [N] or [].
 *
 * @param margin how far the label's score must be ahead
 * @param reduction what becomes of the examples' losses
 */
public record MultiMarginLoss(double margin, Reduction reduction) implements Loss {
    /** The mean, with margin 1. */
    public MultiMarginLoss() {
        this(1, Reduction.MEAN);
    }

    /**
     * {@inheritDoc}
     *
     * @throws dev.jacobian.backend.IndexRangeException if a label is not in 0..C−1, at the latest when the device is
     *         synchronised
     */
    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        Arguments.labels("multi margin loss", prediction, target);
        if (prediction.rank() > 2) {
            throw new IllegalArgumentException(
                    "multi margin loss: prediction of shape " + prediction.shape() + ", expected [C] or [N, C]");
        }
        Tensor scores = Arguments.rows(prediction);
        Tensor labels = target.reshape(-1);
        int classes = scores.dim(1);
        Tensor own = scores.gather(1, labels.unsqueeze(1));
        Tensor hinges = scores.sub(own).add(margin).relu().maskedFill(labels.oneHot(classes).ne(0), 0);
        return reduction.of(hinges.sum(1).div(classes).reshape(target.shape()));
    }
}
