package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Binary cross-entropy of logits x with probabilities t of equal shapes: −t · ln σ(x) − (1 − t) · ln(1 − σ(x)),
 * computed as t · softplus(−x) + (1 − t) · softplus(x), which neither overflows nor loses the small losses of confident
 * logits. Includes the sigmoid: give it raw logits.
 *
 * @param reduction what becomes of the elements' losses
 */
public record BceWithLogitsLoss(Reduction reduction) implements Loss {
    /** The mean over all elements. */
    public BceWithLogitsLoss() {
        this(Reduction.MEAN);
    }

    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        Tensor wanted = Arguments.alike("binary cross entropy", prediction, target);
        Tensor ifTrue = prediction.neg().softplus().mul(wanted);
        return reduction.of(ifTrue.add(prediction.softplus().mul(wanted.neg().add(1))));
    }
}
