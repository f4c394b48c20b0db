package dev.jacobian.examples.plot;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.knowm.xchart.style.AxesChartStyler;

/** One axis of a plot: its range, and what its ticks say. */
record Axis(Kind kind, double min, double max) {

    /** Over more, XChart's nine ticks to a decade are too many. */
    private static final int MOST_DECADES = 5;

    /** Over no more, twos and fives are labelled, too. */
    private static final int FEW_DECADES = 2;

    /** Free space at either end, as a share of what is shown. */
    private static final double MARGIN = 0.03;

    private static final int X_SPACING = 90;
    private static final int Y_SPACING = 45;

    enum Kind {
        LINEAR, LOGARITHMIC,
        /** Logarithmic over many decades: exponents on a linear axis. */
        EXPONENTS
    }

    /**
     * An axis for all series.
     *
     * @param name for messages
     * @param logarithmic whether it is; then all numbers are above 0
     * @throws IllegalArgumentException if the numbers lie too far apart
     */
    static Axis of(String name, boolean logarithmic, List<double[]> series) {
        double min = series.stream().flatMapToDouble(Arrays::stream).min().orElseThrow();
        double max = series.stream().flatMapToDouble(Arrays::stream).max().orElseThrow();
        if (!logarithmic) {
            // Of equal numbers, or such that differ by rounding only, the surroundings are shown.
            double size = Math.max(Math.abs(min), Math.abs(max));
            double span = max - min;
            double margin = span > 1e-9 * size ? MARGIN * span : size == 0 ? 1 : size / 2;
            if (!Double.isFinite(span + 2 * margin)) {
                throw new IllegalArgumentException("plot: " + name + " from " + min + " to " + max + " is too wide");
            }
            return new Axis(Kind.LINEAR, min - margin, max + margin);
        }
        double low = Math.log10(min);
        double high = Math.log10(max);
        double margin = MARGIN * (high - low);
        if (high - low > MOST_DECADES) {
            return new Axis(Kind.EXPONENTS, Math.floor(low - margin), Math.ceil(high + margin));
        }
        if (high - low < 1) {
            return new Axis(Kind.LOGARITHMIC, labelBelow(min) * (1 - MARGIN), labelAbove(max) * (1 + MARGIN));
        }
        return new Axis(Kind.LOGARITHMIC, Math.pow(10, low - margin), Math.pow(10, high + margin));
    }

    /** The next number with a label: 1, 2 or 5 times a power of ten. */
    private static double labelBelow(double number) {
        double decade = Math.pow(10, Math.floor(Math.log10(number)));
        return number > 5 * decade
                ? 5 * decade
                : number > 2 * decade ? 2 * decade : number > decade ? decade : decade / 2;
    }

    private static double labelAbove(double number) {
        double decade = Math.pow(10, Math.floor(Math.log10(number)));
        return number < 2 * decade ? 2 * decade : number < 5 * decade ? 5 * decade : 10 * decade;
    }

    /** Where XChart is to place the numbers of a series. */
    double[] positions(double[] numbers) {
        return kind == Kind.EXPONENTS ? Arrays.stream(numbers).map(Math::log10).toArray() : numbers;
    }

    void applyToX(AxesChartStyler styler) {
        styler.setXAxisMin(min).setXAxisMax(max).setXAxisTickMarkSpacingHint(X_SPACING)
                .setXAxisLogarithmic(kind == Kind.LOGARITHMIC).setXAxisLogarithmicDecadeOnly(false)
                .setXAxisTickLabelsFormattingFunction(label());
    }

    void applyToY(AxesChartStyler styler) {
        styler.setYAxisMin(min).setYAxisMax(max).setYAxisTickMarkSpacingHint(Y_SPACING)
                .setYAxisLogarithmic(kind == Kind.LOGARITHMIC).setYAxisLogarithmicDecadeOnly(false)
                .setYAxisTickLabelsFormattingFunction(label());
    }

    private Function<Double, String> label() {
        DecimalFormat plain = format("0.#########");
        DecimalFormat scientific = format("0.######E0");
        double size = Math.max(Math.abs(min), Math.abs(max));
        boolean small = size < 1e-3 || size >= 1e6;
        boolean few = max / min <= Math.pow(10, FEW_DECADES);
        return switch (kind) {
            case LINEAR -> number -> number == 0 ? "0" : (small ? scientific : plain).format(number);
            // Between whole exponents there is nothing round.
            case EXPONENTS -> number -> number == Math.rint(number) ? "1E" + Math.round(number) : "";
            case LOGARITHMIC -> number -> {
                String digits = scientific.format(number);
                boolean labelled = digits.startsWith("1E")
                        || (few && (digits.startsWith("2E") || digits.startsWith("5E")));
                return !labelled ? "" : number > 9e-4 && number < 1e6 ? plain.format(number) : digits;
            };
        };
    }

    private static DecimalFormat format(String pattern) {
        return new DecimalFormat(pattern, DecimalFormatSymbols.getInstance(Locale.ROOT));
    }
}
