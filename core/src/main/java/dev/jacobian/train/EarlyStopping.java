package dev.jacobian.train;

import java.util.List;
import java.util.Map;

/**
 * Watches one measure for improvement.
 *
 * @param monitor its key in a {@link History}
 * @param patience how many epochs without improvement end training
 * @param restoreBest whether the weights of the best epoch are to stand at the end
 */
record EarlyStopping(String monitor, int patience, boolean restoreBest) {
    EarlyStopping {
        if (patience < 1) {
            throw new IllegalArgumentException("early stopping: got patience " + patience + ", expected at least 1");
        }
    }

    Watch watch(boolean higherIsBetter) {
        return new Watch(this, higherIsBetter);
    }

    /** The state of one training. */
    static final class Watch {
        private final EarlyStopping rule;
        private final boolean higherIsBetter;
        private double best = Double.NaN;
        private int waited;
        private Weights bestWeights;

        private Watch(EarlyStopping rule, boolean higherIsBetter) {
            this.rule = rule;
            this.higherIsBetter = higherIsBetter;
        }

        /** Notes an epoch, whose weights are at hand; returns whether training should end. */
        boolean endsAfter(Map<String, Double> measures, Weights weights) {
            return endsAfter(measures.get(rule.monitor()), weights);
        }

        /** Notes the epochs before a checkpoint, and the weights of the best; returns whether training had ended. */
        boolean resume(Map<String, List<Double>> history, Weights best) {
            boolean ended = false;
            for (double value : history.get(rule.monitor())) {
                ended = endsAfter(value, best);
            }
            return ended;
        }

        /** The weights that are to stand at the end; null for the last. */
        Weights bestWeights() {
            return bestWeights;
        }

        private boolean endsAfter(double value, Weights weights) {
            if (isBetter(value)) {
                best = value;
                waited = 0;
                bestWeights = rule.restoreBest() ? weights : null;
                return false;
            }
            waited++;
            return waited >= rule.patience();
        }

        private boolean isBetter(double value) {
            if (Double.isNaN(best)) {
                return !Double.isNaN(value);
            }
            return higherIsBetter ? value > best : value < best;
        }

        void finish() {
            if (bestWeights != null) {
                bestWeights.restore();
            }
        }
    }
}
