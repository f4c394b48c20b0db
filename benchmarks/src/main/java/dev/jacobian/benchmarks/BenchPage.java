package dev.jacobian.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A run as one page of HTML that needs nothing else: tables, and charts as SVG. */
final class BenchPage {
    private static final String STYLE = """
            body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums }
            th, td { text-align: right; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #ddd; white-space: nowrap }
            th:first-child, td:first-child { text-align: left }
            .problem { color: #b00 }
            svg { max-width: 100%; height: auto }
            """;

    private BenchPage() {}

    static String of(BenchReport report, Optional<Comparison> comparison) {
        List<String> parts = new ArrayList<>();
        parts.add("<h1>Jacobian: benchmark of " + escaped(report.date()) + "</h1>");
        parts.add("<p>" + escaped(report.machine().toString()) + "; " + report.threads() + " threads each.</p>");
        report.libraries()
                .forEach((name, said) -> parts.add("<p><b>" + escaped(name) + "</b>: " + escaped(said) + "</p>"));
        report.problems().forEach(problem -> parts.add("<p class=\"problem\">" + escaped(problem) + "</p>"));
        BenchCharts.steps(report).ifPresent(parts::add);
        BenchCharts.operations(report).ifPresent(parts::add);
        parts.addAll(BenchCharts.curves(report).values());
        BenchTable.of(report).forEach(table -> parts.add(table.html()));
        comparison
                .ifPresent(with -> parts.add("<h2>Beside an older run</h2>\n<pre>" + escaped(with.text()) + "</pre>"));
        return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Jacobian: benchmark</title>\n"
                + "<style>\n" + STYLE + "</style>\n</head>\n<body>\n" + String.join("\n", parts)
                + "\n</body>\n</html>\n";
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}
