package dev.jacobian.benchmarks;

import java.util.Set;

/**
 * Whether two libraries compute the same: the losses of their first ten steps, which must agree to 1e-4 of their value. A
 * wrong formula shows at once.
 *
 * <p>W3, deep and with batch norm throughout, magnifies rounding about tenfold a step: libtorch with one thread differs from
 * libtorch with two, which only order sums differently, by 8e-4 at the ninth (measured). Its losses must agree to 1e-6
 * at the first step, to ten times as much at each further one, and to 1e-2 from the fifth on.
 *
 * @param largest the largest difference, relative to the other library's loss
 * @param passed whether it is small enough
 */
record LossCheck(double largest, boolean passed) {
    static final int STEPS = 10;

    private static final double TOLERANCE = 1e-4;
    private static final Set<String> MAGNIFIES_ROUNDING = Set.of("W3");
    private static final double FIRST_TOLERANCE = 1e-6;
    private static final double LARGEST_TOLERANCE = 1e-2;

    /** Compares losses of a case. */
    static LossCheck of(String caseName, double[] ours, double[] theirs) {
        boolean magnifies = MAGNIFIES_ROUNDING.contains(caseName);
        double largest = 0;
        boolean passed = true;
        for (int i = 0; i < ours.length; i++) {
            double difference = Math.abs(ours[i] - theirs[i]) / Math.abs(theirs[i]);
            passed &= difference <= (magnifies
                    ? Math.min(FIRST_TOLERANCE * Math.pow(10, i), LARGEST_TOLERANCE)
                    : TOLERANCE);
            largest = Math.max(largest, difference); // NaN, once there, stays
        }
        return new LossCheck(largest, passed);
    }
}
