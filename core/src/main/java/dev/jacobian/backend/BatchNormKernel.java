package dev.jacobian.backend;

/**
 * Batch normalisation in training mode, over all axes but the channels at axis 1:
 * y = weight · (x − mean) / √(variance + epsilon) + bias (Ioffe and Szegedy, 2015).
 */
public interface BatchNormKernel {
    /**
     * Normalises by the batch's own statistics.
     *
     * @param x [N, C, …], dense
     * @param weight [C]
     * @param bias [C]
     * @param epsilon added to the variance
     * @param mean [C], written: the mean of each channel
     * @param variance [C], written: the mean squared deviation of each channel (divided by n, not n − 1)
     * @param y x's shape, dense, written
     */
    void batchNorm(View x, View weight, View bias, double epsilon, View mean, View variance, View y);

    /**
     * With x̂ = (x − mean)/√(variance + epsilon) and n elements a channel: dbias = Σ dy, dweight = Σ dy ⊙ x̂,
     * dx = weight/√(variance + epsilon) · (dy − dbias/n − x̂ dweight/n).
     *
     * @param x the input of the forward pass, dense
     * @param weight [C]
     * @param mean [C], from the forward pass
     * @param variance [C], from the forward pass
     * @param epsilon as in the forward pass
     * @param dy gradient of y, any strides
     * @param dx x's shape, dense, written
     * @param dweight [C], written
     * @param dbias [C], written
     */
    void batchNormBackward(
            View x, View weight, View mean, View variance, double epsilon, View dy, View dx, View dweight, View dbias);
}
