package dev.jacobian.benchmarks;

import dev.jacobian.benchmarks.BenchCase.Kind;
import dev.jacobian.benchmarks.BenchReport.CaseResult;
import dev.jacobian.benchmarks.BenchReport.Curve;
import dev.jacobian.charts.SvgChart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.HorizontalBarChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Charts of a run, as SVG. */
final class BenchCharts {
    private static final int WIDTH = 800;
    private static final int STEPS_HEIGHT = 360;
    private static final int FRAME_HEIGHT = 110;
    private static final int BAR_HEIGHT = 19;

    private BenchCharts() {}

    /** Our time over that of every other library, step by step; nothing if there is no other. */
    static Optional<String> steps(BenchReport report) {
        CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(STEPS_HEIGHT)
                .title("Time of a training step: Jacobian / "
                        + (report.others().size() == 1 ? report.others().getFirst() : "other") + " (below 1: faster)")
                .build();
        List<CaseResult> steps = report.ofKind(Kind.STEP);
        for (String library : report.others()) {
            List<String> names = new ArrayList<>();
            List<Double> ratios = new ArrayList<>();
            for (CaseResult step : steps) {
                step.ratio(library).ifPresent(ratio -> {
                    names.add(step.measured().title().replaceAll(",.*| with batch norm", ""));
                    ratios.add(ratio.median());
                });
            }
            if (!names.isEmpty()) {
                chart.addSeries(library, names, ratios);
            }
        }
        if (chart.getSeriesCollection().isEmpty()) {
            return Optional.empty();
        }
        style(chart.getStyler());
        chart.getStyler().setLabelsVisible(true).setAvailableSpaceFill(0.6).setDecimalPattern("0.00")
                .setLegendVisible(chart.getSeriesCollection().size() > 1);
        double highest = steps.stream().flatMap(step -> report.others().stream().map(step::ratio))
                .flatMap(Optional::stream).mapToDouble(Ratio::highest).max().orElse(1);
        chart.getStyler().setYAxisMin(0.0).setYAxisMax(1.1 * Math.max(1, highest));
        chart.addAnnotation(new AnnotationLine(1, false, false));
        return Optional.of(SvgChart.svg(chart));
    }

    /** Which share of the machine's limit our operations reach; nothing if none was measured. */
    static Optional<String> operations(BenchReport report) {
        List<String> names = new ArrayList<>();
        List<Double> shares = new ArrayList<>();
        for (CaseResult result : report.ofKind(Kind.OPERATION)) {
            if (result.results().containsKey(BenchReport.OURS)) {
                report.shareOfLimit(result, BenchReport.OURS).ifPresent(share -> {
                    names.add(result.measured().name());
                    shares.add(100 * share);
                });
            }
        }
        if (names.isEmpty()) {
            return Optional.empty();
        }
        HorizontalBarChart chart = new HorizontalBarChartBuilder().width(WIDTH)
                .height(FRAME_HEIGHT + BAR_HEIGHT * names.size())
                .title("Operations: percent of what the machine's arithmetic or memory allows").build();
        chart.addSeries("share of the limit, %", shares, names);
        style(chart.getStyler());
        chart.getStyler().setAvailableSpaceFill(0.7).setLabelsVisible(true).setDecimalPattern("0")
                .setLegendVisible(false);
        // Every bar has its name, however close they are: of categories, XChart takes this hint on either axis.
        chart.getStyler().setXAxisTickMarkSpacingHint(BAR_HEIGHT / 2);
        chart.getStyler().setXAxisMin(0.0).setXAxisTicksVisible(false).setPlotGridVerticalLinesVisible(false);
        return Optional.of(SvgChart.svg(chart));
    }

    /** The losses of each library on real data: by network, a chart. */
    static Map<String, String> curves(BenchReport report) {
        Map<String, String> charts = new LinkedHashMap<>();
        for (Curve first : report.curves()) {
            charts.computeIfAbsent(first.caseName(), name -> {
                XYChart chart = new XYChartBuilder().width(WIDTH).height(STEPS_HEIGHT).xAxisTitle("step")
                        .yAxisTitle("loss")
                        .title("Loss of " + name + " on real data, same weights and batches").build();
                SvgChart.style(chart.getStyler());
                List<Curve> curves = report.curves().stream().filter(curve -> curve.caseName().equals(name)).toList();
                for (int i = 0; i < curves.size(); i++) {
                    List<Double> losses = curves.get(i).losses();
                    chart.addSeries(curves.get(i).library(), IntStream.rangeClosed(1, losses.size()).boxed().toList(),
                            losses)
                            .setMarker(SeriesMarkers.NONE).setLineStyle(SvgChart.stroke(i));
                }
                return SvgChart.svg(chart);
            });
        }
        return charts;
    }

    private static void style(AxesChartStyler styler) {
        SvgChart.style(styler);
        styler.setAxisTitlesVisible(false);
    }
}
