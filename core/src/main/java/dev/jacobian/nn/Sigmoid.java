package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Logistic function, 1/(1 + e⁻ˣ), element by element. */
public final class Sigmoid extends Layer {
    /** A layer without parameters. */
    public Sigmoid() {}

    @Override
    protected Tensor forward(Tensor x) {
        return x.sigmoid();
    }
}
