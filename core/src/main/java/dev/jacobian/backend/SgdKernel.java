package dev.jacobian.backend;

import java.util.List;

/** One step of stochastic gradient descent, over many parameters, in one pass. */
public interface SgdKernel {
    /**
     * As PyTorch's SGD without dampening: g = scale · gradient + weightDecay · parameter; with momentum μ: velocity = μ
     * velocity + g, and g = velocity, or g + μ velocity with Nesterov; then parameter = parameter − lr · g. Element i
     * of each list belongs to the same parameter, and has its size.
     *
     * @param parameters dense, changed; none overlaps another
     * @param gradients dense
     * @param velocities dense, changed; empty without momentum
     * @param momentum μ
     * @param weightDecay factor of the parameter
     * @param nesterov whether momentum looks ahead
     * @param scalars two float32 in device memory: lr, scale
     */
    void sgd(
            List<View> parameters,
            List<View> gradients,
            List<View> velocities,
            double momentum,
            double weightDecay,
            boolean nesterov,
            View scalars);
}
