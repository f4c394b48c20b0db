package dev.jacobian.benchmarks;

import java.util.Arrays;
import java.util.Locale;

/**
 * One time over another.
 *
 * @param median of neighbouring measurements
 * @param lowest of them
 * @param highest of them
 */
record Ratio(double median, double lowest, double highest) {
    /** Of measurements made in turns: what disturbs one is likely to disturb its neighbour as well. */
    static Ratio ofNeighbours(double[] ours, double[] theirs) {
        double[] ratios = new double[Math.min(ours.length, theirs.length)];
        Arrays.setAll(ratios, i -> ours[i] / theirs[i]);
        Timing spread = Timing.of(ratios);
        return new Ratio(spread.seconds(), spread.fastest(), spread.slowest());
    }

    /** Of two runs that have nothing to do with each other: everything that their ranges allow. */
    static Ratio ofRanges(Timing now, Timing before) {
        return new Ratio(now.seconds() / before.seconds(), now.fastest() / before.slowest(),
                now.slowest() / before.fastest());
    }

    @Override
    public String toString() {
        String digits = median < 0.1 ? "%.3f (%.3f–%.3f)" : "%.2f (%.2f–%.2f)";
        return String.format(Locale.ROOT, digits, median, lowest, highest);
    }
}
