package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Hyperbolic tangent, element by element. */
public final class Tanh extends Layer {
    /** A layer without parameters. */
    public Tanh() {}

    @Override
    protected Tensor forward(Tensor x) {
        return x.tanh();
    }
}
