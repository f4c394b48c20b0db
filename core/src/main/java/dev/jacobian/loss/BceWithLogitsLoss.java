package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Binary cross-entropy of logits x with probabilities t of equal shapes: −t · ln σ(x) − (1 − t) · ln(1 − σ(x)),
 * computed as softplus(x) − t · x, which does not overflow. Includes the sigmoid: give it raw logits.
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
        return reduction.of(prediction.softplus().sub(prediction.mul(wanted)));
    }
}
