package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Squared error, (prediction − target)², of tensors of equal shapes.
 *
 * @param reduction what becomes of the elements' losses
 */
public record MseLoss(Reduction reduction) implements Loss {
    /** The mean over all elements. */
    public MseLoss() {
        this(Reduction.MEAN);
    }

    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        Tensor wanted = Arguments.alike("mse loss", prediction, target);
        return reduction.of(prediction.sub(wanted).square());
    }
}
