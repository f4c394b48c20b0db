package dev.jacobian.benchmarks;

import java.util.Arrays;

/**
 * How long one run of some work takes.
 *
 * @param seconds the median over blocks of runs
 * @param fastest the fastest block's time for a run
 * @param slowest the slowest block's
 */
public record Timing(double seconds, double fastest, double slowest) {
    /**
     * Sums measurements up.
     *
     * @param blocks seconds of a run in each block, at least one
     * @return median and range
     */
    static Timing of(double... blocks) {
        double[] sorted = blocks.clone();
        Arrays.sort(sorted);
        double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
        return new Timing(median, sorted[0], sorted[sorted.length - 1]);
    }
}
