package dev.jacobian.backend;

/** One step of stochastic gradient descent, over one parameter, in one pass. */
public interface SgdKernel {
    /**
     * As PyTorch's SGD without dampening: g = scale · gradient + weightDecay · parameter; with momentum μ: velocity = μ
     * velocity + g, and g = velocity, or g + μ velocity with Nesterov; then parameter = parameter − lr · g.
     *
     * @param parameter dense, changed
     * @param gradient dense
     * @param velocity dense, changed; null without momentum
     * @param momentum μ
     * @param weightDecay factor of the parameter
     * @param nesterov whether momentum looks ahead
     * @param scalars two float32 in device memory: lr, scale
     */
    void sgd(
            View parameter,
            View gradient,
            View velocity,
            double momentum,
            double weightDecay,
            boolean nesterov,
            View scalars);
}
