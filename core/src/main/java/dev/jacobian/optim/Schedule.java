package dev.jacobian.optim;

/**
 * Changes the learning rate of an optimiser from step to step: a function of the step's number. Call {@link #step}
 * after {@link Optimizer#step}, once for every step (or once for every epoch, for a schedule that counts epochs).
 */
public abstract class Schedule {
    private final Optimizer optimizer;
    private final double baseLr;
    private int steps;

    /** Makes a schedule for an optimiser. */
    @FunctionalInterface
    public interface Factory {
        /**
         * Makes the schedule.
         *
         * @param optimizer whose learning rate it changes
         * @param totalSteps how many steps training will take
         * @return a schedule at step 0
         */
        Schedule create(Optimizer optimizer, int totalSteps);
    }

    /**
     * A schedule that starts from the optimiser's learning rate.
     *
     * @param optimizer whose learning rate it changes
     */
    protected Schedule(Optimizer optimizer) {
        this(optimizer, optimizer.lr());
    }

    /**
     * A schedule.
     *
     * @param optimizer whose learning rate it changes
     * @param baseLr the learning rate that it multiplies
     */
    protected Schedule(Optimizer optimizer, double baseLr) {
        this.optimizer = optimizer;
        this.baseLr = baseLr;
    }

    /**
     * The learning rate of a step.
     *
     * @param step its number, from 0 on
     * @return not negative
     */
    protected abstract double lrAt(int step);

    /**
     * The learning rate that the schedule multiplies.
     *
     * @return the optimiser's when the schedule was made
     */
    public final double baseLr() {
        return baseLr;
    }

    /** Sets the optimiser's learning rate to that of the next step. */
    public final void step() {
        resume(steps + 1);
    }

    /**
     * Goes to a step, to go on from a checkpoint, and sets the learning rate to that step's.
     *
     * @param step how many steps count as taken, at least 0
     * @throws IllegalArgumentException if it is negative
     */
    public final void resume(int step) {
        if (step < 0) {
            throw new IllegalArgumentException("schedule: got step " + step + ", expected at least 0");
        }
        optimizer.setLr(lrAt(step));
        steps = step;
    }

    /**
     * How many steps were taken.
     *
     * @return at least 0
     */
    public final int steps() {
        return steps;
    }

    /**
     * The optimiser's learning rate.
     *
     * @return that of the next step
     */
    public final double lr() {
        return optimizer.lr();
    }

    final boolean isOf(Optimizer other) {
        return optimizer.equals(other);
    }

    static int atLeast(int least, String name, int value) {
        if (value < least) {
            throw new IllegalArgumentException("schedule: got " + name + " " + value + ", expected at least " + least);
        }
        return value;
    }
}
