package dev.jacobian.charts;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How the project's charts look, and how they become SVG. */
public final class SvgChart {

    private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);

    /** Told apart by their lightness, too. */
    private static final Color[] COLOURS = {new Color(0x2b6cb0),
            new Color(0xdd6b20),
            new Color(0x2f855a),
            new Color(0x97266d),
            new Color(0x4a5568),
            new Color(0xb7950b)};

    private static final BasicStroke[] STROKES = {dashed(), dashed(9, 4), dashed(2, 3), dashed(9, 3, 2, 3)};

    private static final Marker[] MARKERS = {SeriesMarkers.CIRCLE,
            SeriesMarkers.DIAMOND,
            SeriesMarkers.TRIANGLE_UP,
            SeriesMarkers.SQUARE,
            SeriesMarkers.CROSS,
            SeriesMarkers.TRIANGLE_DOWN};

    private static final Pattern LINE = Pattern
            .compile("<line style=\"([^\"]*)\" x1=\"([^\"]*)\" x2=\"([^\"]*)\" y1=\"([^\"]*)\" y2=\"([^\"]*)\"/>");

    private SvgChart() {}

    private static BasicStroke dashed(float... dashes) {
        return new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes.length == 0 ? null : dashes,
                0);
    }

    /**
     * Gives a chart the common look: sober, on white, a light grid, the legend below; series differ by their colours and
     * markers.
     *
     * @param styler the chart's
     */
    public static void style(AxesChartStyler styler) {
        styler.setLocale(Locale.ROOT);
        styler.setBaseFont(FONT).setChartTitleFont(FONT.deriveFont(Font.BOLD, 13f));
        styler.setAxisTickLabelsFont(FONT).setAxisTitleFont(FONT);
        styler.setPlotGridLinesColor(new Color(0xe2e8f0)).setPlotGridLinesStroke(new BasicStroke(1));
        styler.setChartBackgroundColor(Color.WHITE).setPlotBackgroundColor(Color.WHITE).setPlotBorderVisible(false)
                .setLegendPosition(LegendPosition.OutsideS).setLegendBorderColor(Color.WHITE);
        styler.setSeriesColors(COLOURS.clone()).setSeriesMarkers(MARKERS.clone());
        styler.setAnnotationLineColor(Color.DARK_GRAY);
    }

    /**
     * The kind of line of a series, so that colours are not all that tells lines apart. XChart would change it only when it
     * has used all colours.
     *
     * @param index the how manieth line it is, from 0
     * @return solid, dashed, dotted or mixed
     */
    public static BasicStroke stroke(int index) {
        return STROKES[index % STROKES.length];
    }

    /**
     * Draws a chart.
     *
     * @param chart what to draw
     * @return an {@code <svg>} element, which may stand in a page or be a file
     * @throws IllegalStateException if this system has no fonts
     */
    public static String svg(Chart<?, ?> chart) {
        requireFonts();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ChartEncoder.saveChart(chart, bytes, "svg");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        String document = bytes.toString(StandardCharsets.UTF_8);
        // Without what only a file of its own may begin with, and with two decimals: most of it are outlines of letters.
        String element = document.substring(document.indexOf("<svg")).replaceAll("(\\.\\d\\d)\\d+", "$1")
                .replaceAll(">\\s+<", "><");
        return joinLines(element);
    }

    /** Java's own message only says that something fatal happened, if it is a message at all. */
    private static void requireFonts() {
        try {
            FONT.getLineMetrics("0", new FontRenderContext(null, true, true));
        } catch (Error | RuntimeException unusable) {
            throw new IllegalStateException("charts: found no fonts; install some, for example the Debian packages"
                    + " fontconfig and fonts-dejavu-core", unusable);
        }
    }

    /**
     * XChart draws each piece of a series on its own, which would begin the dashes anew at each point. Here pieces of
     * which one begins where the last ended become one.
     */
    private static String joinLines(String element) {
        var joined = new StringBuilder();
        Matcher line = LINE.matcher(element);
        String style = "";
        String end = "";
        int done = 0;
        while (line.find()) {
            String from = line.group(2) + ',' + line.group(4);
            String to = line.group(3) + ',' + line.group(5);
            if (line.start() == done && from.equals(end) && line.group(1).equals(style)) {
                joined.setLength(joined.length() - "\"/>".length());
                joined.append(' ').append(to).append("\"/>");
            } else {
                style = line.group(1);
                joined.append(element, done, line.start()).append("<polyline style=\"").append(style)
                        .append("\" points=\"").append(from).append(' ').append(to).append("\"/>");
            }
            end = to;
            done = line.end();
        }
        return joined.append(element, done, element.length()).toString();
    }
}
