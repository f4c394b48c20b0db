package dev.jacobian.optim;

import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/** What {@link Adam} and {@link AdamW} share: they differ in where the weight decay goes. */
final class AdamRule {
    static final List<String> STATE = List.of("exp_avg", "exp_avg_sq");

    private static final int LR = 0;
    private static final int SCALE = 1;
    private static final int CORRECTION_1 = 2;
    private static final int CORRECTION_2 = 3;

    private final boolean decoupled;
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double epsilon = 1e-8;
    private double weightDecay;

    AdamRule(boolean decoupled, double weightDecay) {
        this.decoupled = decoupled;
        this.weightDecay = weightDecay;
    }

    void setBetas(double first, double second) {
        double checked = Optimizer.belowOne("beta1", first);
        beta2 = Optimizer.belowOne("beta2", second);
        beta1 = checked;
    }

    void setEpsilon(double value) {
        epsilon = Optimizer.notNegative("epsilon", value);
    }

    void setWeightDecay(double value) {
        weightDecay = Optimizer.notNegative("weight decay", value);
    }

    double[] scalars(double lr, double gradScale, int update) {
        return new double[] {lr, gradScale, 1 - Math.pow(beta1, update), 1 - Math.pow(beta2, update)};
    }

    void update(Param parameter, Tensor gradient, List<Param> state, Tensor scalars) {
        Param m = state.get(0);
        Param v = state.get(1);
        AdamKernel kernel = parameter.dtype() == DType.FLOAT32
                ? parameter.device().backend().kernel(AdamKernel.class, DType.FLOAT32)
                : null;
        if (kernel == null) {
            compose(parameter, gradient, m, v, scalars);
            return;
        }
        kernel.adam(parameter.view(), gradient.view(), m.view(), v.view(), beta1, beta2, epsilon, weightDecay,
                decoupled,
                scalars.view());
        m.changed();
        v.changed();
    }

    /** The definition of the kernel. */
    private void compose(Param parameter, Tensor gradient, Param m, Param v, Tensor scalars) {
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
