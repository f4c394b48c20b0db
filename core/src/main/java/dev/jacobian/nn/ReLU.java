package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Rectified linear unit, max(x, 0), element by element. */
public final class ReLU extends Layer {
    /** A layer without parameters. */
    public ReLU() {}

    @Override
    protected Tensor forward(Tensor x) {
        return x.relu();
    }
}
