package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/**
 * Absolute error, |prediction − target|, of tensors of equal shapes.
 *
 * @param reduction what becomes of the elements' losses
 */
public record L1Loss(Reduction reduction) implements Loss {
    /** The mean over all elements. */
    public L1Loss() {
        this(Reduction.MEAN);
    }

    @Override
    public Tensor call(Tensor prediction, Tensor target) {
        Tensor wanted = Arguments.alike("l1 loss", prediction, target);
        return reduction.of(prediction.sub(wanted).abs());
    }
}
