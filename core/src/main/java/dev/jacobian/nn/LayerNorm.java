package dev.jacobian.nn;

import dev.jacobian.backend.Shape;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;

/**
 * Layer normalisation over the last axes (Ba, Kiros and Hinton, 2016): y = weight ⊙ (x − mean) / √(variance + eps) +
 * bias, with mean and variance (divided by n) of each example's own elements. Weight and bias have the normalised shape,
 * and start at one and zero. The same in training and evaluation.
 */
public final class LayerNorm extends Layer {
    private final int[] normalizedShape;
    private final double eps;
    private final Param weight;
    private final Param bias;

    /**
     * With eps 1e-5, weight and bias.
     *
     * @param normalizedShape the lengths of the input's last axes, at least one axis, at least 1 each
     */
    public LayerNorm(int... normalizedShape) {
        this(normalizedShape, 1e-5, true);
    }

    /**
     * With numbers of one's own.
     *
     * @param normalizedShape the lengths of the input's last axes, at least one axis, at least 1 each
     * @param eps added to the variance, at least 0
     * @param elementwiseAffine whether there are weight and bias
     */
    public LayerNorm(int[] normalizedShape, double eps, boolean elementwiseAffine) {
        Shape shape = Shape.of(normalizedShape);
        if (shape.rank() == 0 || shape.size() == 0 || !(eps >= 0)) {
            throw new IllegalArgumentException("layer norm: normalized shape " + shape + ", eps " + eps
                    + ", expected at least one length, of at least 1 each, and at least 0");
        }
        this.normalizedShape = normalizedShape.clone();
        this.eps = eps;
        weight = elementwiseAffine ? parameter("weight", Initializer.ones(), normalizedShape) : null;
        bias = elementwiseAffine ? parameter("bias", Initializer.zeros(), normalizedShape) : null;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.layerNorm(normalizedShape, weight, bias, eps);
    }

    /**
     * The weight.
     *
     * @return of the normalised shape; null for none
     */
    public Param weight() {
        return weight;
    }

    /**
     * The bias.
     *
     * @return of the normalised shape; null for none
     */
    public Param bias() {
        return bias;
    }

    @Override
    protected String describe() {
        return Shape.of(normalizedShape) + ", eps=" + eps + ", elementwise_affine=" + (weight != null);
    }
}
