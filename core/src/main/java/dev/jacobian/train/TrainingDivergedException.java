package dev.jacobian.train;

import java.io.Serial;

/**
 * The loss, or the weights, became NaN or infinite. The model has the weights again that it had at the end of the last
 * epoch that went well, or at the start; the optimiser has forgotten its state.
 */
public final class TrainingDivergedException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final int epoch;
    private final int step;
    private final double loss;

    TrainingDivergedException(String message, int epoch, int step, double loss, Throwable cause) {
        super(message, cause);
        this.epoch = epoch;
        this.step = step;
        this.loss = loss;
    }

    /**
     * The epoch in which it happened.
     *
     * @return from 1 on
     */
    public int epoch() {
        return epoch;
    }

    /**
     * The step in that epoch that first showed it; the last one where validation did.
     *
     * @return from 1 on
     */
    public int step() {
        return step;
    }

    /**
     * The loss of that step.
     *
     * @return NaN where anomaly mode stopped before there was one
     */
    public double loss() {
        return loss;
    }
}
