package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Hinge loss of softmax probabilities: Σ max(0, p[i] − p[label] + margin) over all classes i but the label's, with
 * p = softmax(logits), for logits [N, C], [N, C, d…] or [C] and int32 labels of that shape without C. Includes the softmax:
 * give it raw logits.
 *
 * <p>Unlike {@link CrossEntropyLoss} it is bounded, and its gradient vanishes for an example that is confidently wrong as
 * it does for one that is right: a wrong label does little harm, and a bad start is hard to leave. Unlike
 * {@link MultiMarginLoss} it is not divided by the number of classes.
 *
 * <p>Probabilities differ by at most 1, and so only a margin between 0 and 1 makes a hinge. With margin m an example has
 * no loss, and no gradient, as soon as its label is m ahead of every other class; p[label] ≥ (1 + m)/2 is enough. From 1
 * on no hinge is ever off: the loss is 1 − C · p[label] + (C − 1) · margin, whose gradient does not depend on the margin,
 * and which comes down to 0 for margin 1 and no larger one. With margin 0 the label only has to be as probable as any
 * other, so equal logits have neither loss nor gradient; a negative one lets it be behind, and with −1 or less the loss is
 * always 0. Where a hinge is exactly 0 it has no gradient, as {@link Tensor#relu} has none there.
 *
 * @param margin how far the label's probability must be ahead, a finite number
 * @param reduction what becomes of the examples' losses
 */
public record SoftmaxMarginLoss(double margin, Reduction reduction) implements Loss {
    /**
     * Checks the margin.
     *
     * @throws IllegalArgumentException if it is infinite or NaN
     */
    public SoftmaxMarginLoss {
        if (!Double.isFinite(margin)) {
            throw new IllegalArgumentException("softmax margin loss: margin " + margin
                    + ", expected a finite number, best between 0 and 1");
        }
    }

    /** The mean, with margin ½: halfway between asking for the right class only, and for all of the probability. */
    public SoftmaxMarginLoss() {
        this(0.5, Reduction.MEAN);
    }

    /**
     * The mean.
     *
     * @param margin how far the label's probability must be ahead, a finite number
     */
    public SoftmaxMarginLoss(double margin) {
        this(margin, Reduction.MEAN);
    }

    /**
     * {@inheritDoc}
     *
     * @throws dev.jacobian.backend.IndexRangeException if a label is not in 0..C−1, at the latest when the device is
     *         synchronised
     */
    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        Arguments.labels("softmax margin loss", prediction, target);
        Tensor losses = Arguments.rows(prediction).softmaxMargin(target.reshape(-1), margin);
        return reduction.of(losses.reshape(target.shape()));
    }
}
