package dev.jacobian.optim;

/** Multiplies the learning rate by a factor every so many steps, as PyTorch's StepLR: lr(t) = lr · γ^⌊t / size⌋. */
public final class StepSchedule extends Schedule {
    private final int stepSize;
    private final double gamma;

    /**
     * A schedule.
     *
     * @param optimizer whose learning rate it changes
     * @param stepSize how many steps each learning rate lasts, at least 1
     * @param gamma γ, not negative; often 0.1
     * @throws IllegalArgumentException if an argument is out of range
     */
    public StepSchedule(Optimizer optimizer, int stepSize, double gamma) {
        super(optimizer);
        this.stepSize = atLeast(1, "step size", stepSize);
        this.gamma = Optimizer.notNegative("gamma", gamma);
    }

    @Override
    protected double lrAt(int step) {
        int drops = step / stepSize;
        return baseLr() * Math.pow(gamma, drops);
    }
}
