package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Returns its input: PyTorch's {@code Identity}, under a name that {@code java.security} has not taken. */
public final class IdentityLayer extends Layer {
    /** A layer without parameters. */
    public IdentityLayer() {}

    @Override
    protected Tensor forward(Tensor x) {
        return x;
    }
}
