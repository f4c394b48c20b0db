package dev.jacobian.benchmarks;

/**
 * Whether two libraries compute the same: the losses of their first steps. Training magnifies rounding: that of ResNet-20
 * about fivefold a step, so that 1e-7 after one step is 1e-3 after ten. A wrong formula shows at once; hence the first
 * steps are held to the narrow tolerance, and the rest to a wide one.
 *
 * @param largest the largest difference, relative to the other library's loss
 * @param passed whether it is small enough
 */
record LossCheck(double largest, boolean passed) {
    static final int STEPS = 10;

    private static final int FIRST_STEPS = 4;
    private static final double TOLERANCE = 1e-4;
    private static final double TOLERANCE_LATER = 1e-2;

    /** Compares; null if the other one has no losses. */
    static LossCheck of(double[] ours, double[] theirs) {
        if (Double.isNaN(theirs[0])) {
            return null;
        }
        double largest = 0;
        boolean passed = true;
        for (int i = 0; i < ours.length; i++) {
            double difference = Math.abs(ours[i] - theirs[i]) / Math.abs(theirs[i]);
            passed &= difference <= (i < FIRST_STEPS ? TOLERANCE : TOLERANCE_LATER);
            largest = Math.max(largest, difference); // NaN, once there, stays
        }
        return new LossCheck(largest, passed);
    }
}
