package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Gaussian error linear unit, x · Φ(x) with the normal distribution function Φ, element by element. */
public final class GELU extends Layer {
    /** A layer without parameters. */
    public GELU() {}

    @Override
    protected Tensor forward(Tensor x) {
        return x.gelu();
    }
}
