package dev.jacobian.examples.progress;

import dev.jacobian.train.TrainEvent;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** How numbers are written, in lines and bars alike. */
final class Texts {

    private Texts() {}

    /** Four decimals, or four digits of what they cannot show. */
    static String number(double value) {
        double size = Math.abs(value);
        boolean plain = size == 0 || (size >= 1e-3 && size < 1e5) || !Double.isFinite(value);
        return String.format(Locale.ROOT, plain ? "%.4f" : "%.3e", value);
    }

    static String values(Map<String, Double> values, String between) {
        return values.entrySet().stream().map(entry -> entry.getKey() + " " + number(entry.getValue()))
                .collect(Collectors.joining(between));
    }

    /** Minutes and seconds, with hours when there are any. */
    static String clock(double seconds) {
        long whole = (long) seconds;
        return whole >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
                : String.format(Locale.ROOT, "%02d:%02d", whole / 60, whole % 60);
    }

    static String rate(double perSecond) {
        return String.format(Locale.ROOT, perSecond < 10 ? "%.2f it/s" : "%.1f it/s", perSecond);
    }

    static String epoch(TrainEvent event) {
        return "epoch " + event.epoch() + "/" + event.epochs();
    }

    static String summary(TrainEvent event) {
        double seconds = event.seconds();
        return epoch(event) + "  " + values(event.metrics(), "  ")
                + String.format(Locale.ROOT, seconds < 10 ? "  %.2f s" : "  %.1f s", seconds);
    }
}
