package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Sigmoid linear unit, x · sigmoid(x), element by element. */
public final class SiLU extends Layer {
    /** A layer without parameters. */
    public SiLU() {}

    @Override
    protected Tensor forward(Tensor x) {
        return x.silu();
    }
}
