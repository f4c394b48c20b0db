package dev.jacobian.examples.plot;

import dev.jacobian.charts.SvgChart;
import dev.jacobian.io.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.DoublePredicate;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A plot of lines and points over two axes, saved as SVG:
 *
 * <pre>{@code
 * Plot.of("Loss", "step", "loss").line("SGD", steps, losses).logY().save(Path.of("loss.svg"));
 * }</pre>
 *
 * Series keep the order in which they are added; each has its own colour and kind of line or marker. No screen is
 * needed.
 */
public final class Plot {

    /** What one series may hold: more would make a file of megabytes that looks no different. */
    public static final int MOST_POINTS = 10_000;

    private static final int WIDTH = 720;
    private static final int HEIGHT = 420;
    private static final int LEGEND_ROW = 18;
    private static final int LETTERS_IN_A_ROW = 70;

    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final List<Series> series = new ArrayList<>();
    private boolean logX;
    private boolean logY;

    private static final class Series {
        final String name;
        final double[] x;
        final double[] y;
        final boolean joined;

        Series(String name, double[] x, double[] y, boolean joined) {
            this.name = name;
            this.x = x.clone();
            this.y = y.clone();
            this.joined = joined;
        }
    }

    private Plot(String title, String xLabel, String yLabel) {
        this.title = Objects.requireNonNull(title, "title");
        this.xLabel = Objects.requireNonNull(xLabel, "xLabel");
        this.yLabel = Objects.requireNonNull(yLabel, "yLabel");
    }

    /**
     * An empty plot.
     *
     * @param title stands above
     * @param xLabel what the horizontal axis shows, with its unit
     * @param yLabel what the vertical axis shows, with its unit
     * @return the plot
     */
    public static Plot of(String title, String xLabel, String yLabel) {
        return new Plot(title, xLabel, yLabel);
    }

    /**
     * Adds a line from point to point, in the order given.
     *
     * @param name for the legend
     * @param x where, as many as {@code y}
     * @param y how high
     * @return this plot
     * @throws IllegalArgumentException if the lengths differ, a number is not finite, there is none or there are more than
     *         {@link #MOST_POINTS}, or the name is taken
     */
    public Plot line(String name, double[] x, double[] y) {
        return add(name, x, y, true);
    }

    /**
     * Adds points as markers.
     *
     * @param name for the legend
     * @param x where, as many as {@code y}
     * @param y how high
     * @return this plot
     * @throws IllegalArgumentException as {@link #line} does
     */
    public Plot points(String name, double[] x, double[] y) {
        return add(name, x, y, false);
    }

    /**
     * Makes the horizontal axis logarithmic. {@link #save} then wants all its numbers above 0.
     *
     * @return this plot
     */
    public Plot logX() {
        logX = true;
        return this;
    }

    /**
     * Makes the vertical axis logarithmic. {@link #save} then wants all its numbers above 0.
     *
     * @return this plot
     */
    public Plot logY() {
        logY = true;
        return this;
    }

    private Plot add(String name, double[] x, double[] y, boolean joined) {
        if (name.isBlank() || series.stream().anyMatch(other -> other.name.equals(name))) {
            throw new IllegalArgumentException(
                    "plot: got the name '" + name + "', expected one that no series has yet");
        }
        if (x.length != y.length) {
            throw new IllegalArgumentException(
                    "plot: '" + name + "' has " + x.length + " numbers x and " + y.length + " numbers y");
        }
        if (x.length == 0 || x.length > MOST_POINTS) {
            throw new IllegalArgumentException("plot: '" + name + "' has " + x.length + " points, expected 1 to "
                    + MOST_POINTS + "; of more, plot every 10th or their means");
        }
        requireFinite(name, "x", x);
        requireFinite(name, "y", y);
        series.add(new Series(name, x, y, joined));
        return this;
    }

    private static void requireFinite(String name, String axis, double[] numbers) {
        require(name, axis, numbers, Double::isFinite, "a finite number");
    }

    private static void requirePositive(String name, String axis, double[] numbers) {
        require(name, axis, numbers, number -> number > 0, "a number above 0 on a logarithmic axis");
    }

    private static void require(String name, String axis, double[] numbers, DoublePredicate good, String expected) {
        for (int i = 0; i < numbers.length; i++) {
            if (!good.test(numbers[i])) {
                throw new IllegalArgumentException("plot: " + axis + "[" + i + "] of '" + name + "' is " + numbers[i]
                        + ", expected " + expected);
            }
        }
    }

    /**
     * Writes the plot, whole or not at all; an older file is replaced, a missing folder is made.
     *
     * @param file where to, {@code .svg}
     * @return the file
     * @throws IllegalArgumentException if the name does not end in {@code .svg}, or a number on a logarithmic axis is not
     *         above 0
     * @throws IllegalStateException if there is nothing to draw, or this system has no fonts
     * @throws UncheckedIOException if it cannot be written
     */
    public Path save(Path file) {
        if (!file.toString().endsWith(".svg")) {
            throw new IllegalArgumentException("plot: got the file " + file + ", expected a name that ends in .svg");
        }
        String svg = svg();
        makeFolder(file);
        AtomicFile.write(file, svg);
        return file;
    }

    /** A script should not compute for a minute and then lack a folder. */
    private static void makeFolder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        try {
            Files.createDirectories(folder);
        } catch (IOException refused) {
            throw new UncheckedIOException("plot: cannot make the folder " + folder + " for " + file.getFileName(),
                    refused);
        }
    }

    private String svg() {
        if (series.isEmpty()) {
            throw new IllegalStateException("plot: '" + title + "' has no series; add a line or points");
        }
        if (logX) {
            series.forEach(each -> requirePositive(each.name, "x", each.x));
        }
        if (logY) {
            series.forEach(each -> requirePositive(each.name, "y", each.y));
        }
        Axis x = Axis.of("x", logX, series.stream().map(each -> each.x).toList());
        Axis y = Axis.of("y", logY, series.stream().map(each -> each.y).toList());
        // A legend in one row must fit below the plot.
        int letters = series.stream().mapToInt(each -> each.name.length() + 8).sum();
        boolean inRows = letters > LETTERS_IN_A_ROW;
        // Else Java would ask a screen for its fonts, if there is one.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT + (inRows ? LEGEND_ROW * series.size() : 0))
                .title(title).xAxisTitle(xLabel).yAxisTitle(yLabel).build();
        SvgChart.style(chart.getStyler());
        chart.getStyler().setMarkerSize(7).setPlotContentSize(1);
        chart.getStyler().setLegendSeriesLineLength(30).setLegendVisible(series.size() > 1)
                .setLegendLayout(inRows ? LegendLayout.Vertical : LegendLayout.Horizontal);
        x.applyToX(chart.getStyler());
        y.applyToY(chart.getStyler());
        int lines = 0;
        for (Series each : series) {
            XYSeries drawn = chart.addSeries(each.name, x.positions(each.x), y.positions(each.y));
            if (each.joined) {
                drawn.setMarker(SeriesMarkers.NONE).setLineStyle(SvgChart.stroke(lines++));
            } else {
                drawn.setLineStyle(SeriesLines.NONE);
            }
        }
        return SvgChart.svg(chart);
    }
}
