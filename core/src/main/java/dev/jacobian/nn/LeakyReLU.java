package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Leaky rectified linear unit: x where x &gt; 0, else slope · x (Maas et al., 2013). */
public final class LeakyReLU extends Layer {
    private final double negativeSlope;

    /** Slope 0.01. */
    public LeakyReLU() {
        this(0.01);
    }

    /**
     * A slope of one's own.
     *
     * @param negativeSlope the factor for negative inputs
     */
    public LeakyReLU(double negativeSlope) {
        this.negativeSlope = negativeSlope;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return Tensor.where(x.gt(0), x, x.mul(negativeSlope));
    }

    @Override
    protected String describe() {
        return "negative_slope=" + negativeSlope;
    }
}
