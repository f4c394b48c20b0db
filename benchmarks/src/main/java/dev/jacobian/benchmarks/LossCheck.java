package dev.jacobian.benchmarks;

/**
 * Whether two libraries compute the same: the losses of their first steps.
 *
 * @param largest the largest difference, relative to the other library's loss
 * @param passed whether it is small enough
 */
record LossCheck(double largest, boolean passed) {
    static final int STEPS = 10;

    private static final double TOLERANCE = 1e-4;

    /** Compares; null if the other one has no losses. */
    static LossCheck of(double[] ours, double[] theirs) {
        if (Double.isNaN(theirs[0])) {
            return null;
        }
        double largest = 0;
        for (int i = 0; i < ours.length; i++) {
            // NaN, once there, stays.
            largest = Math.max(largest, Math.abs(ours[i] - theirs[i]) / Math.abs(theirs[i]));
        }
        return new LossCheck(largest, largest <= TOLERANCE);
    }
}
