package dev.jacobian.optim;

/**
 * Raises the learning rate linearly, then follows another schedule. As PyTorch's LinearLR and SequentialLR: lr(t) = lr
 * · (s + (1 − s) · t / W) for t below W, then that of the other schedule at t − W. By default the start factor s is
 * 1 / (W + 1), so that the learning rate rises in W + 1 equal parts and no step is taken at 0.
 */
public final class WarmupSchedule extends Schedule {
    private final int warmupSteps;
    private final double startFactor;
    private final Schedule after;

    /**
     * A schedule that stays at the optimiser's learning rate after the warm-up.
     *
     * @param optimizer whose learning rate it changes, from now on
     * @param warmupSteps W, at least 0
     * @throws IllegalArgumentException if the number of steps is negative
     */
    public WarmupSchedule(Optimizer optimizer, int warmupSteps) {
        this(optimizer, warmupSteps, new Constant(optimizer));
    }

    /**
     * A schedule that goes on with another one.
     *
     * @param optimizer whose learning rate it changes, from now on
     * @param warmupSteps W, at least 0
     * @param after what follows, for the same optimiser; only this schedule is to be stepped
     * @throws IllegalArgumentException if an argument is out of range, or if the other schedule is of another optimiser
     */
    public WarmupSchedule(Optimizer optimizer, int warmupSteps, Schedule after) {
        this(optimizer, warmupSteps, after, 1.0 / (warmupSteps + 1.0));
    }

    /**
     * A schedule that starts from a given part of the learning rate.
     *
     * @param optimizer whose learning rate it changes, from now on
     * @param warmupSteps W, at least 0
     * @param after what follows, for the same optimiser; only this schedule is to be stepped
     * @param startFactor s, in 0..1
     * @throws IllegalArgumentException if an argument is out of range, or if the other schedule is of another optimiser
     */
    public WarmupSchedule(Optimizer optimizer, int warmupSteps, Schedule after, double startFactor) {
        super(optimizer, after.baseLr());
        if (!after.isOf(optimizer)) {
            throw new IllegalArgumentException("warm-up: got a following schedule of another optimizer, expected one of"
                    + " the same");
        }
        this.warmupSteps = atLeast(0, "warm-up steps", warmupSteps);
        if (!(startFactor >= 0 && startFactor <= 1)) {
            throw new IllegalArgumentException("schedule: got start factor " + startFactor + ", expected 0..1");
        }
        this.startFactor = startFactor;
        this.after = after;
        resume(0);
    }

    @Override
    protected double lrAt(int step) {
        if (step >= warmupSteps) {
            return after.lrAt(step - warmupSteps);
        }
        return baseLr() * (startFactor + (1 - startFactor) * step / warmupSteps);
    }

    private static final class Constant extends Schedule {
        Constant(Optimizer optimizer) {
            super(optimizer);
        }

        @Override
        protected double lrAt(int step) {
            return baseLr();
        }
    }
}
