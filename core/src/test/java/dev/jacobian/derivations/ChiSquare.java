package dev.jacobian.derivations;

import dev.jacobian.backend.Erf;

/** The chi-square distribution, and Pearson's test of counts. */
final class ChiSquare {
    private ChiSquare() {}

    /**
     * The probability of a larger value: Q(degrees/2, statistic/2), the regularised incomplete gamma function, from
     * Q(1/2, x) = erfc(√x) or Q(1, x) = e^−x by Q(a + 1, x) = Q(a, x) + x^a e^−x / Γ(a + 1).
     */
    static double pValue(double statistic, int degrees) {
        double x = statistic / 2;
        double a = degrees % 2 == 0 ? 1 : 0.5;
        double q = a == 1 ? Math.exp(-x) : 1 - Erf.erf(Math.sqrt(x));
        double term = a == 1 ? x * Math.exp(-x) : 2 * Math.sqrt(x / Math.PI) * Math.exp(-x);
        for (; a < degrees / 2.0; a++) {
            q += term;
            term *= x / (a + 1);
        }
        return q;
    }

    /** The p-value of counts 0, 1, …, if they have these probabilities; neighbours share a cell until it expects 5. */
    static double pValue(int[] values, double[] probability) {
        double[] counts = new double[probability.length];
        for (int value : values) {
            counts[Math.min(value, counts.length - 1)]++;
        }
        double statistic = 0;
        double expected = 0;
        double observed = 0;
        double left = values.length;
        int cells = 0;
        for (int k = 0; k < counts.length; k++) {
            expected += values.length * probability[k];
            observed += counts[k];
            if ((expected >= 5 && left - expected >= 5) || k == counts.length - 1) {
                statistic += (observed - expected) * (observed - expected) / expected;
                cells++;
                left -= expected;
                expected = 0;
                observed = 0;
            }
        }
        return pValue(statistic, cells - 1);
    }
}
