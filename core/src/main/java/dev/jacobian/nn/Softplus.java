package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** A smooth rectifier, ln(1 + e^(βx)) / β, element by element. */
public final class Softplus extends Layer {
    private final double beta;

    /** With β = 1. */
    public Softplus() {
        this(1);
    }

    /**
     * With a β of one's own.
     *
     * @param beta how sharp the bend is, above 0
     */
    public Softplus(double beta) {
        if (!(beta > 0)) {
            throw new IllegalArgumentException("softplus: beta " + beta + ", expected above 0");
        }
        this.beta = beta;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return beta == 1 ? x.softplus() : x.mul(beta).softplus().div(beta);
    }

    @Override
    protected String describe() {
        return "beta=" + beta;
    }
}
