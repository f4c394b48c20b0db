package dev.jacobian.benchmarks;

import java.util.Locale;

/** Numbers with their units. */
final class Texts {
    private Texts() {}

    /** Seconds with three or four digits. */
    static String time(double seconds) {
        if (seconds >= 1) {
            return digits(seconds) + " s";
        }
        return seconds >= 1e-3 ? digits(seconds * 1e3) + " ms" : digits(seconds * 1e6) + " µs";
    }

    static String timing(Timing timing) {
        double scale = timing.seconds() >= 1 ? 1 : timing.seconds() >= 1e-3 ? 1e3 : 1e6;
        return time(timing.seconds()) + " (" + digits(timing.fastest() * scale) + "–" + digits(timing.slowest() * scale)
                + ")";
    }

    static String gigaflops(double flopsPerSecond) {
        return digits(flopsPerSecond * 1e-9) + " GFLOP/s";
    }

    static String bandwidth(double bytesPerSecond) {
        return digits(bytesPerSecond * 1e-9) + " GB/s";
    }

    static String mebibytes(long bytes) {
        return digits(bytes / (double) (1 << 20)) + " MiB";
    }

    static String share(double share) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }

    /** Three digits, as many as a measurement deserves; more before the point where there are. */
    static String digits(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
