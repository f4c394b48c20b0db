package dev.jacobian.backend;

/**
 * Layer normalisation of rows: y = weight ⊙ (x − mean) · rstd + bias, with a row's mean and rstd = 1/√(variance +
 * epsilon), the variance divided by n (Ba, Kiros and Hinton, 2016). All views are dense.
 */
public interface LayerNormKernel {
    /**
     * Normalises each row by its own statistics.
     *
     * @param x [rows, n], n at least 1
     * @param weight [n]; null for ones
     * @param bias [n]; null for zeros; null exactly where weight is
     * @param epsilon added to the variance
     * @param mean [rows], written
     * @param rstd [rows], written
     * @param y [rows, n], written
     */
    void layerNorm(View x, View weight, View bias, double epsilon, View mean, View rstd, View y);

    /**
     * With x̂ = (x − mean) · rstd and g = weight ⊙ dy: dbias = Σ dy and dweight = Σ dy ⊙ x̂ over rows,
     * dx = rstd · (g − Σ g / n − x̂ · Σ (g ⊙ x̂) / n), sums over the row.
     *
     * @param x the input of the forward pass
     * @param weight [n]; null for ones
     * @param mean [rows], from the forward pass
     * @param rstd [rows], from the forward pass
     * @param dy the gradient of y, [rows, n]
     * @param dx [rows, n], written
     * @param dweight [n], written; null where weight is
     * @param dbias [n], written; null where weight is
     */
    void layerNormBackward(View x, View weight, View mean, View rstd, View dy, View dx, View dweight, View dbias);
}
