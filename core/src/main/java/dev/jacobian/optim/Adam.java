package dev.jacobian.optim;

import dev.jacobian.backend.AdamKernel;
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
public sealed class Adam extends Optimizer permits AdamW {
    private static final List<String> STATE = List.of("exp_avg", "exp_avg_sq");
    private static final int LR = 0;
    private static final int SCALE = 1;
    private static final int CORRECTION_1 = 2;
    private static final int CORRECTION_2 = 3;

    private final boolean decoupled;
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double epsilon = 1e-8;
    private double weightDecay;

    /**
     * An optimiser with the default options.
     *
     * @param parameters what to change
     * @param lr the learning rate, not negative; often 1e-3
     * @throws IllegalArgumentException if an argument is out of range
     */
    public Adam(List<Param> parameters, double lr) {
        this(parameters, lr, false, 0);
    }

    Adam(List<Param> parameters, double lr, boolean decoupled, double weightDecay) {
        super(parameters, lr);
        this.decoupled = decoupled;
        this.weightDecay = weightDecay;
    }

    /**
     * Sets how fast the moments forget.
     *
     * @param beta1 β₁, in 0..1, below 1
     * @param beta2 β₂, in 0..1, below 1
     * @return this
     * @throws IllegalArgumentException if one is out of range
     */
    public final Adam betas(double beta1, double beta2) {
        double first = belowOne("beta1", beta1);
        this.beta2 = belowOne("beta2", beta2);
        this.beta1 = first;
        return this;
    }

    /**
     * Sets what keeps the denominator from zero.
     *
     * @param epsilon ε, not negative
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public final Adam epsilon(double epsilon) {
        this.epsilon = notNegative("epsilon", epsilon);
        return this;
    }

    /**
     * Sets the weight decay.
     *
     * @param weightDecay λ, not negative
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public final Adam weightDecay(double weightDecay) {
        this.weightDecay = notNegative("weight decay", weightDecay);
        return this;
    }

    @Override
    protected final List<String> stateNames() {
        return STATE;
    }

    @Override
    protected final double[] scalars(int update) {
        return new double[] {lr(), gradScale(), 1 - Math.pow(beta1, update), 1 - Math.pow(beta2, update)};
    }

    @Override
    protected final boolean updateTogether(List<Update> updates, Tensor scalars) {
        AdamKernel kernel = scalars.device().backend().kernel(AdamKernel.class, scalars.dtype());
        if (kernel == null) {
            return false;
        }
        kernel.adam(Update.parameters(updates), Update.gradients(updates), Update.state(updates, 0),
                Update.state(updates, 1), beta1, beta2, epsilon, weightDecay, decoupled, scalars.view());
        return true;
    }

    /** The definition of the kernel. */
    @Override
    protected final void update(Param parameter, Tensor gradient, List<Param> state, Tensor scalars) {
        Param m = state.get(0);
        Param v = state.get(1);
        Tensor lr = scalars.select(0, LR);
        Tensor g = gradient.mul(scalars.select(0, SCALE));
        Tensor decayed = parameter;
        if (weightDecay != 0 && decoupled) {
            decayed = parameter.mul(lr.mul(-weightDecay).add(1));
        } else if (weightDecay != 0) {
            g = g.add(parameter.mul(weightDecay));
        }
        Tensor first = m.mul(beta1).add(g.mul(1 - beta1));
        Tensor second = v.mul(beta2).add(g.square().mul(1 - beta2));
        Tensor denominator = second.sqrt().div(scalars.select(0, CORRECTION_2).sqrt()).add(epsilon);
        Tensor changed = decayed.sub(first.div(denominator).mul(lr.div(scalars.select(0, CORRECTION_1))));
        m.set(first);
        v.set(second);
        parameter.set(changed);
    }
}
