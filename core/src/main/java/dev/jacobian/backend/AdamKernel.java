package dev.jacobian.backend;

/** One step of Adam or AdamW, over one parameter, in one pass. */
public interface AdamKernel {
    /**
     * As PyTorch's Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019): g = scale · gradient; decoupled:
     * parameter = parameter · (1 − lr · weightDecay), else g = g + weightDecay · parameter; m = β₁ m + (1 − β₁) g;
     * v = β₂ v + (1 − β₂) g²; parameter = parameter − lr / c₁ · m / (√v / √c₂ + epsilon).
     *
     * @param parameter dense, changed
     * @param gradient dense
     * @param m first moment, dense, changed
     * @param v second moment, dense, changed
     * @param beta1 β₁
     * @param beta2 β₂
     * @param epsilon added to the denominator
     * @param weightDecay factor of the parameter
     * @param decoupled true for AdamW
     * @param scalars four float32 in device memory: lr, scale, c₁ = 1 − β₁ᵗ, c₂ = 1 − β₂ᵗ
     */
    void adam(
            View parameter,
            View gradient,
            View m,
            View v,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            boolean decoupled,
            View scalars);
}
