package dev.jacobian.backend;

/** Gaussian error linear unit with the exact error function (Hendrycks and Gimpel, 2016). All views are dense. */
public interface GeluKernel {
    /**
     * y = x/2 · (1 + erf(x/√2)).
     *
     * @param x input
     * @param y x's shape, written; does not overlap x
     */
    void gelu(View x, View y);

    /**
     * dx = dy ⊙ (Φ(x) + x φ(x)), with Φ(x) = (1 + erf(x/√2))/2 and φ(x) = e^(−x²/2)/√(2π).
     *
     * @param x the input of the forward pass
     * @param dy the gradient of y
     * @param dx x's shape, written; may be dy's memory, else does not overlap what is read
     */
    void geluBackward(View x, View dy, View dx);
}
