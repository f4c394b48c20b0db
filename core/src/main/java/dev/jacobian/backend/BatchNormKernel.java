package dev.jacobian.backend;

/**
 * Batch normalisation in training mode, over all axes but the channels at axis 1:
 * y = activation(weight · (x − mean) / √(variance + epsilon) + bias) (Ioffe and Szegedy, 2015).
 */
public interface BatchNormKernel {
    /**
     * Normalises by the batch's own statistics.
     *
     * @param x [N, C, …], dense
     * @param weight [C]
     * @param bias [C]
     * @param epsilon added to the variance
     * @param activation {@link Activation#NONE} or {@link Activation#RELU}
     * @param mean [C], written: the mean of each channel
     * @param variance [C], written: the mean squared deviation of each channel (divided by n, not n − 1)
     * @param y x's shape, dense, written
     */
    void batchNorm(
            View x,
            View weight,
            View bias,
            double epsilon,
            Activation activation,
            View mean,
            View variance,
            View y);

    /**
     * With g = dy, or with {@link Activation#RELU} g = dy where y &gt; 0 and else 0, x̂ = (x − mean)/√(variance +
     * epsilon) and n elements a channel: dbias = Σ g, dweight = Σ g ⊙ x̂,
     * dx = weight/√(variance + epsilon) · (g − dbias/n − x̂ dweight/n).
     *
     * @param x the input of the forward pass, dense
     * @param weight [C]
     * @param mean [C], from the forward pass
     * @param variance [C], from the forward pass
     * @param epsilon as in the forward pass
     * @param activation as in the forward pass
     * @param y the result of the forward pass, dense; null where the activation is {@link Activation#NONE}
     * @param dy gradient of y, any strides
     * @param dx x's shape, dense, written; does not overlap what is read
     * @param dweight [C], written
     * @param dbias [C], written
     */
    void batchNormBackward(
            View x,
            View weight,
            View mean,
            View variance,
            double epsilon,
            Activation activation,
            View y,
            View dy,
            View dx,
            View dweight,
            View dbias);
}
