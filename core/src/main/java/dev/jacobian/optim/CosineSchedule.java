package dev.jacobian.optim;

/**
 * From the learning rate down to a smallest one along half a cosine (Loshchilov and Hutter, 2017), as PyTorch's
 * CosineAnnealingLR: lr(t) = min + (lr − min) · (1 + cos(π t / T)) / 2 for t up to T, and the smallest one from then
 * on.
 */
public final class CosineSchedule extends Schedule {
    private final int totalSteps;
    private final double minLr;

    /**
     * A schedule that ends at 0.
     *
     * @param optimizer whose learning rate it changes
     * @param totalSteps T, at least 1
     * @throws IllegalArgumentException if the number of steps is below 1
     */
    public CosineSchedule(Optimizer optimizer, int totalSteps) {
        this(optimizer, totalSteps, 0);
    }

    /**
     * A schedule that ends at a smallest learning rate.
     *
     * @param optimizer whose learning rate it changes
     * @param totalSteps T, at least 1
     * @param minLr the last learning rate, not negative
     * @throws IllegalArgumentException if an argument is out of range
     */
    public CosineSchedule(Optimizer optimizer, int totalSteps, double minLr) {
        super(optimizer);
        this.totalSteps = atLeast(1, "total steps", totalSteps);
        this.minLr = Optimizer.notNegative("smallest lr", minLr);
    }

    @Override
    protected double lrAt(int step) {
        if (step >= totalSteps) {
            return minLr;
        }
        return minLr + (baseLr() - minLr) * (1 + Math.cos(Math.PI * step / totalSteps)) / 2;
    }
}
