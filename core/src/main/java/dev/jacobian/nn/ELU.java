package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Exponential linear unit: x where x &gt; 0, else α · (eˣ − 1) (Clevert et al., 2016). */
public final class ELU extends Layer {
    private final double alpha;

    /** With α = 1. */
    public ELU() {
        this(1);
    }

    /**
     * With an α of one's own.
     *
     * @param alpha the negative of the limit for x → −∞
     */
    public ELU(double alpha) {
        this.alpha = alpha;
    }

    @Override
    protected Tensor forward(Tensor x) {
        Tensor positive = x.gt(0);
        // Large inputs must not reach the exponential: their infinities would turn the unused gradient into NaN.
        return Tensor.where(positive, x, x.maskedFill(positive, 0).expm1().mul(alpha));
    }

    @Override
    protected String describe() {
        return "alpha=" + alpha;
    }
}
