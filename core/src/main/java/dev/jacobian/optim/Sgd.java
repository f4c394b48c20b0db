package dev.jacobian.optim;

import dev.jacobian.backend.SgdKernel;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Stochastic gradient descent, as PyTorch's SGD without dampening. With gradient g, weight decay λ and momentum μ:
 *
 * <pre>
 * g ← g + λ w;   v ← μ v + g;   w ← w − lr · v        (Nesterov: w ← w − lr · (g + μ v))
 * </pre>
 *
 * <p>v starts at zero. Without momentum, w ← w − lr · g, and no state is kept.
 */
public final class Sgd extends Optimizer {
    private static final int LR = 0;
    private static final int SCALE = 1;

    private double momentum;
    private double weightDecay;
    private boolean nesterov;

    /**
     * Plain gradient descent, until options are added.
     *
     * @param parameters what to change
     * @param lr the learning rate, not negative
     * @throws IllegalArgumentException if an argument is out of range
     */
    public Sgd(List<Param> parameters, double lr) {
        super(parameters, lr);
    }

    /**
     * Sets the momentum.
     *
     * @param momentum μ, in 0..1, below 1; 0 for none
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public Sgd momentum(double momentum) {
        this.momentum = belowOne("momentum", momentum);
        return this;
    }

    /**
     * Whether momentum looks one step ahead (Nesterov, 1983).
     *
     * @param on true for Nesterov's momentum, which needs a momentum above 0
     * @return this
     */
    public Sgd nesterov(boolean on) {
        nesterov = on;
        return this;
    }

    /**
     * Sets the weight decay.
     *
     * @param weightDecay λ, not negative
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public Sgd weightDecay(double weightDecay) {
        this.weightDecay = notNegative("weight decay", weightDecay);
        return this;
    }

    @Override
    protected List<String> stateNames() {
        if (momentum == 0 && nesterov) {
            throw new IllegalStateException("sgd: got Nesterov without momentum, expected a momentum above 0; add"
                    + " momentum(0.9)");
        }
        return momentum == 0 ? List.of() : List.of("momentum_buffer");
    }

    @Override
    protected double[] scalars(int update) {
        return new double[] {lr(), gradScale()};
    }

    @Override
    protected boolean updateTogether(List<Update> updates, Tensor scalars) {
        SgdKernel kernel = scalars.device().backend().kernel(SgdKernel.class, scalars.dtype());
        if (kernel == null) {
            return false;
        }
        kernel.sgd(Update.parameters(updates), Update.gradients(updates),
                momentum == 0 ? List.of() : Update.state(updates, 0), momentum, weightDecay, nesterov, scalars.view());
        return true;
    }

    /** The definition of the kernel. */
    @Override
    protected void update(Param parameter, Tensor gradient, List<Param> state, Tensor scalars) {
        Param velocity = momentum == 0 ? null : state.getFirst();
        Tensor g = gradient.mul(scalars.select(0, SCALE));
        if (weightDecay != 0) {
            g = g.add(parameter.mul(weightDecay));
        }
        Tensor moved = null;
        if (velocity != null) {
            moved = velocity.mul(momentum).add(g);
            g = nesterov ? g.add(moved.mul(momentum)) : moved;
        }
        Tensor changed = parameter.sub(g.mul(scalars.select(0, LR)));
        if (velocity != null) {
            velocity.set(moved);
        }
        parameter.set(changed);
    }
}
