package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Activation;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.op.LinearActivation;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;

/**
 * A fully connected layer, y = x · weightᵀ + bias, from […, inFeatures] to […, outFeatures]. Weight [out, in] and bias
 * [out] are drawn from U(−1/√in, 1/√in), as PyTorch does.
 */
public final class Linear extends Layer {
    private final int inFeatures;
    private final int outFeatures;
    private final Param weight;
    private final Param bias;

    /**
     * A layer with bias.
     *
     * @param inFeatures the length of the input's last axis, at least 1
     * @param outFeatures the length of the output's last axis, at least 1
     */
    public Linear(int inFeatures, int outFeatures) {
        this(inFeatures, outFeatures, true);
    }

    /**
     * A layer with or without bias.
     *
     * @param inFeatures the length of the input's last axis, at least 1
     * @param outFeatures the length of the output's last axis, at least 1
     * @param bias whether there is a bias
     */
    public Linear(int inFeatures, int outFeatures, boolean bias) {
        if (inFeatures < 1 || outFeatures < 1) {
            throw new IllegalArgumentException("linear: inFeatures " + inFeatures + ", outFeatures " + outFeatures
                    + ", expected at least 1 each");
        }
        this.inFeatures = inFeatures;
        this.outFeatures = outFeatures;
        double bound = 1 / Math.sqrt(inFeatures);
        this.weight = parameter("weight", Initializer.kaimingUniform(Math.sqrt(5)), outFeatures, inFeatures);
        this.bias = bias ? parameter("bias", Initializer.uniform(-bound, bound), outFeatures) : null;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.linear(weight, bias);
    }

    @Override
    boolean fuses(Activation activation, Tensor x) {
        return bias != null && Autograd.isFused(new LinearActivation(activation), x, weight, bias);
    }

    @Override
    Tensor forward(Tensor x, Activation activation) {
        return x.linear(weight, bias, activation);
    }

    /**
     * The weight.
     *
     * @return of shape [outFeatures, inFeatures]
     */
    public Param weight() {
        return weight;
    }

    /**
     * The bias.
     *
     * @return of shape [outFeatures]; null for none
     */
    public Param bias() {
        return bias;
    }

    @Override
    protected String describe() {
        return "in_features=" + inFeatures + ", out_features=" + outFeatures + ", bias=" + (bias != null);
    }
}
