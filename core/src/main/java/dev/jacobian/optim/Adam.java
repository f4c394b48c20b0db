package dev.jacobian.optim;

import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Adam (Kingma and Ba, 2015), as in PyTorch. With gradient g and weight decay λ, which joins the gradient:
 *
 * <pre>
 * g ← g + λ w
 * m ← β₁ m + (1 − β₁) g;   v ← β₂ v + (1 − β₂) g²
 * w ← w − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 * </pre>
 *
 * <p>for update number t of a parameter; m and v start at zero. Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0.
 */
public final class Adam extends Optimizer {
    private final AdamRule rule = new AdamRule(false, 0);

    /**
     * An optimiser with the default options.
     *
     * @param parameters what to change
     * @param lr the learning rate, not negative; often 1e-3
     * @throws IllegalArgumentException if an argument is out of range
     */
    public Adam(List<Param> parameters, double lr) {
        super(parameters, lr);
    }

    /**
     * Sets how fast the moments forget.
     *
     * @param beta1 β₁, in 0..1, below 1
     * @param beta2 β₂, in 0..1, below 1
     * @return this
     * @throws IllegalArgumentException if one is out of range
     */
    public Adam betas(double beta1, double beta2) {
        rule.setBetas(beta1, beta2);
        return this;
    }

    /**
     * Sets what keeps the denominator from zero.
     *
     * @param epsilon ε, not negative
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public Adam epsilon(double epsilon) {
        rule.setEpsilon(epsilon);
        return this;
    }

    /**
     * Sets the weight decay.
     *
     * @param weightDecay λ, not negative
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public Adam weightDecay(double weightDecay) {
        rule.setWeightDecay(weightDecay);
        return this;
    }

    @Override
    protected List<String> stateNames() {
        return AdamRule.STATE;
    }

    @Override
    protected double[] scalars(int update) {
        return rule.scalars(lr(), gradScale(), update);
    }

    @Override
    protected void update(Param parameter, Tensor gradient, List<Param> state, Tensor scalars) {
        rule.update(parameter, gradient, state, scalars);
    }
}
