package dev.jacobian.backend;

import java.util.List;

/** One step of Adam or AdamW, over many parameters, in one pass. */
public interface AdamKernel {
    /**
     * As PyTorch's Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019): g = scale · gradient; decoupled:
     * parameter = parameter · (1 − lr · weightDecay), else g = g + weightDecay · parameter; m = β₁ m + (1 − β₁) g;
     * v = β₂ v + (1 − β₂) g²; parameter = parameter − lr / c₁ · m / (√v / √c₂ + epsilon). Element i of each list belongs
     * to the same parameter, and has its size; all are at update number t.
     *
     * @param parameters dense, changed; none overlaps another
     * @param gradients dense
     * @param m first moments, dense, changed
     * @param v second moments, dense, changed
     * @param beta1 β₁
     * @param beta2 β₂
     * @param epsilon added to the denominator
     * @param weightDecay factor of the parameter
     * @param decoupled true for AdamW
     * @param scalars four float32 in device memory: lr, scale, c₁ = 1 − β₁ᵗ, c₂ = 1 − β₂ᵗ
     */
    void adam(
            List<View> parameters,
            List<View> gradients,
            List<View> m,
            List<View> v,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            boolean decoupled,
            View scalars);
}
