package dev.jacobian.optim;

import dev.jacobian.tensor.Param;
import java.util.List;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as in PyTorch. With gradient g and weight decay λ:
 *
 * <pre>
 * w ← w − lr · λ · w
 * m ← β₁ m + (1 − β₁) g;   v ← β₂ v + (1 − β₂) g²
 * w ← w − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 * </pre>
 *
 * <p>for update number t of a parameter; m and v start at zero. Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0.01.
 */
public final class AdamW extends Adam {
    /**
     * An optimiser with the default options.
     *
     * @param parameters what to change
     * @param lr the learning rate, not negative; often 1e-3
     * @throws IllegalArgumentException if an argument is out of range
     */
    public AdamW(List<Param> parameters, double lr) {
        super(parameters, lr, true, 0.01);
    }
}
