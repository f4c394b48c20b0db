package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.benchmarks.BenchReport.CaseResult;
import dev.jacobian.benchmarks.BenchReport.ColdStart;
import dev.jacobian.benchmarks.BenchReport.Curve;
import dev.jacobian.benchmarks.BenchReport.LibraryResult;
import dev.jacobian.benchmarks.BenchReport.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of measurements: JSON and back, tables, the page, the comparison with an older run. */
final class BenchReportTest {
    private static LibraryResult result(LossCheck check, double... seconds) {
        List<Block> blocks = Arrays.stream(seconds).mapToObj(s -> new Block(s, 2, 0, 0)).toList();
        return new LibraryResult(Timing.of(seconds), blocks, 1, check, new Timing(1, 1, 1));
    }

    /** Every case, ours always taking that much longer than libtorch. */
    private static BenchReport report(double factor) {
        List<CaseResult> cases = new ArrayList<>();
        for (BenchCase each : BenchCase.all(2)) {
            Map<String, LibraryResult> results = new LinkedHashMap<>();
            results.put("ours", result(null, 0.0100 * factor, 0.0101 * factor, 0.0102 * factor));
            if (each.kind() != BenchCase.Kind.LIMIT) {
                results.put("libtorch", result(new LossCheck(1.2e-6, true), 0.0200, 0.0202, 0.0204));
            }
            cases.add(new CaseResult(each, results));
        }
        Map<String, String> libraries = new LinkedHashMap<>();
        libraries.put("ours", "Jacobian <cpu>");
        libraries.put("libtorch", "libtorch 2.7.1");
        return new BenchReport("2026-01-02T03:04:05Z", new Machine("a CPU", 2, 8L << 30, "Linux", "25", 512), 2,
                Turns.QUICK, libraries, cases,
                List.of(ColdStart.of("ours", "W1", new double[] {1, 0.5, 0.1, 2, 0.6, 0.01})),
                List.of(Memory.of("ours", "W1", new long[] {5 << 20, 9 << 20}),
                        Memory.of("libtorch", "W1", new long[] {-1, 10 << 20})),
                List.of(new Curve("ours", "W1", List.of(2.5, 1.5))), List.of("a problem"));
    }

    @Test
    void whatIsWrittenIsReadAgain(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("bench.json");
        report(1).write(file);

        assertThat(BenchReport.read(file)).isEqualTo(report(1));
    }

    @Test
    void somethingElseIsRejected(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("x.json"), "[1, 2");
        assertThatThrownBy(() -> BenchReport.read(file)).isInstanceOf(IOException.class)
                .hasMessageContaining("x.json is no result of a benchmark");
    }

    @Test
    void tablesFitTheTerminal() {
        List<BenchTable> tables = BenchTable.of(report(1));

        assertThat(tables).hasSize(8);
        for (BenchTable table : tables) {
            assertThat(table.text().lines()).as(table.title()).allMatch(line -> line.length() <= 100)
                    .hasSize(table.rows().size() + 2);
        }
        assertThat(tables.get(1).text()).contains("W3 ResNet-20", "10.1 ms (10.0–10.2)", "libtorch", "20.2 ms",
                "0.50 (0.50–0.50)", "1e-06");
    }

    @Test
    void thePageHoldsItsChartsAndNothingIsMarkup() {
        String page = BenchPage.of(report(1), Optional.of(Comparison.of(report(2), report(1))));

        assertThat(page).contains("Jacobian &lt;cpu&gt;", "a problem", "<h2>Inference</h2>", "SLOWER")
                .doesNotContain("Jacobian <cpu>", "<script", "href=\"http");
        assertThat(page.split("<svg", -1)).hasSize(4);
        // Letters are drawn as outlines, so that no font is needed where the page is read.
        assertThat(BenchCharts.steps(report(1)).orElseThrow()).startsWith("<svg").contains("<path");
        assertThat(BenchCharts.operations(report(1)).orElseThrow()).startsWith("<svg").contains("<path");
    }

    @Test
    void chartsWithNothingToShowAreLeftOut() {
        BenchReport full = report(1);
        BenchReport alone = new BenchReport(full.date(), full.machine(), 2, full.turns(), Map.of("ours", "Jacobian"),
                full.cases().subList(4, 5), List.of(), List.of(), List.of(), List.of());

        assertThat(BenchCharts.steps(alone)).isEmpty();
        assertThat(BenchCharts.operations(alone)).isEmpty();
        assertThat(BenchPage.of(alone, Optional.empty())).contains("W1").doesNotContain("<svg");
    }

    @Test
    void aSlowdownBeyondBothRangesIsARegression() {
        assertThat(Comparison.of(report(1.01), report(1)).regressions()).isEmpty();
        assertThat(Comparison.of(report(0.5), report(1)).regressions()).isEmpty();
        Comparison slower = Comparison.of(report(1.2), report(1));
        assertThat(slower.regressions()).hasSize(slower.rows().size() - Limits.values().length);
        assertThat(slower.text()).contains("W1", "1.20 (1.18–1.22)", "SLOWER");
        assertThat(Comparison.of(report(0.5), report(1)).text()).contains("faster").doesNotContain("SLOWER");
    }
}
