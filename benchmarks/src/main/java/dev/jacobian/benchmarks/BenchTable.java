package dev.jacobian.benchmarks;

import dev.jacobian.benchmarks.BenchCase.Kind;
import dev.jacobian.benchmarks.BenchReport.CaseResult;
import dev.jacobian.benchmarks.BenchReport.ColdCall;
import dev.jacobian.benchmarks.BenchReport.ColdStart;
import dev.jacobian.benchmarks.BenchReport.LibraryResult;
import dev.jacobian.benchmarks.BenchReport.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A part of what a run found, as text.
 *
 * @param title what it is
 * @param columns their names
 * @param rows as many texts each
 */
record BenchTable(String title, List<String> columns, List<List<String>> rows) {
    private static final String GAP = "  ";

    /** Everything that a run found, part by part. */
    static List<BenchTable> of(BenchReport report) {
        List<BenchTable> tables = new ArrayList<>();
        tables.add(limits(report));
        tables.add(steps(report, "Training steps: forward, loss, backward, update", Kind.STEP));
        tables.add(steps(report, "Inference", Kind.INFERENCE));
        tables.add(operations(report));
        tables.add(disturbed(report));
        tables.add(memory(report));
        tables.add(besideBusyThread(report));
        tables.add(coldStarts(report));
        tables.add(curves(report));
        return tables.stream().filter(table -> !table.rows.isEmpty()).toList();
    }

    private static BenchTable limits(BenchReport report) {
        List<List<String>> rows = report.ofKind(Kind.LIMIT).stream().map(result -> {
            double rate = result.rate(BenchReport.OURS);
            return List.of(result.measured().title().replace("limit: ", ""),
                    result.measured().flops() > 0 ? Texts.gigaflops(rate) : Texts.bandwidth(rate));
        }).toList();
        return new BenchTable("What the machine can do", List.of("", "rate"), rows);
    }

    private static BenchTable steps(BenchReport report, String title, Kind kind) {
        List<List<String>> rows = new ArrayList<>();
        for (CaseResult result : report.ofKind(kind)) {
            LibraryResult ours = result.results().get(BenchReport.OURS);
            List<String> first = List.of(shortened(result), ours == null ? "–" : Texts.timing(ours.timing()));
            addBesideOthers(report, result, first, rows, (name, other) -> List.of(name,
                    Texts.time(other.timing().seconds()), ratio(result, name), losses(other)));
        }
        return new BenchTable(title, List.of("", "ours", "other", "its time", "ours / its", "losses"), rows);
    }

    private static BenchTable operations(BenchReport report) {
        List<List<String>> rows = new ArrayList<>();
        for (CaseResult result : report.ofKind(Kind.OPERATION)) {
            LibraryResult ours = result.results().get(BenchReport.OURS);
            String rate = ours == null ? "–" : rate(result);
            List<String> first = List.of(result.measured().name(),
                    ours == null ? "–" : Texts.time(ours.timing().seconds()), rate,
                    ours == null ? "–" : report.shareOfLimit(result, BenchReport.OURS).map(Texts::share).orElse("–"));
            addBesideOthers(report, result, first, rows, (name, other) -> List.of(name,
                    Texts.time(other.timing().seconds()), ratio(result, name)));
        }
        return new BenchTable("Operations: forward (f), forward and backward (fb)",
                List.of("", "ours", "rate", "limit", "other", "its time", "ours / its"), rows);
    }

    private static String rate(CaseResult result) {
        double rate = result.rate(BenchReport.OURS);
        return result.measured().flops() > 0
                ? Texts.gigaflops(rate)
                : result.measured().bytes() > 0 ? Texts.bandwidth(rate) : "–";
    }

    /** The columns about another library. */
    private interface Beside {
        List<String> of(String name, LibraryResult other);
    }

    /** One row for each other library that has the case, with the first columns filled in the first of them only. */
    private static void addBesideOthers(BenchReport report, CaseResult result, List<String> first,
            List<List<String>> rows, Beside beside) {
        int before = rows.size();
        List<String> left = first;
        for (String name : report.others()) {
            LibraryResult other = result.results().get(name);
            if (other != null) {
                List<String> row = new ArrayList<>(left);
                row.addAll(beside.of(name, other));
                rows.add(row);
                left = first.stream().map(_ -> "").toList();
            }
        }
        if (rows.size() == before) {
            rows.add(first);
        }
    }

    private static String ratio(CaseResult result, String library) {
        return result.ratio(library).map(Ratio::toString).orElse("–");
    }

    private static String losses(LibraryResult other) {
        LossCheck check = other.losses();
        return check == null
                ? "–"
                : String.format(Locale.ROOT, "%.0e%s", check.largest(), check.passed() ? "" : " DIFFER");
    }

    /** Where blocks count that would have been repeated, had the limit not been reached. */
    private static BenchTable disturbed(BenchReport report) {
        List<List<String>> rows = new ArrayList<>();
        eachResult(report, (result, name, library) -> {
            if (library.disturbed() > 0) {
                rows.add(List.of(shortened(result), name, library.disturbed() + " of " + library.blocks().size()));
            }
        });
        return new BenchTable("DISTURBED by other processes: measure these again on a quieter machine",
                List.of("", "library", "blocks"), rows);
    }

    private static BenchTable memory(BenchReport report) {
        Map<String, Long> ours = report.memory().stream().filter(memory -> memory.library().equals(BenchReport.OURS))
                .collect(Collectors.toMap(Memory::caseName, Memory::bytes));
        List<List<String>> rows = report.memory().stream().map(memory -> List.of(memory.caseName(), memory.library(),
                Texts.mebibytes(memory.bytes()), memory.counted() ? "by the library" : "as resident memory",
                memory.library().equals(BenchReport.OURS) || !ours.containsKey(memory.caseName())
                        ? "–"
                        : Texts.digits((double) ours.get(memory.caseName()) / memory.bytes())))
                .toList();
        return new BenchTable("Memory of a step, at most", List.of("", "library", "bytes", "counted", "ours / its"),
                rows);
    }

    private static BenchTable besideBusyThread(BenchReport report) {
        List<List<String>> rows = new ArrayList<>();
        eachResult(report, (result, name, library) -> {
            if (library.besideBusyThread() != null) {
                double factor = library.besideBusyThread().seconds() / library.timing().seconds();
                rows.add(List.of(shortened(result), name, Texts.time(library.timing().seconds()),
                        Texts.time(library.besideBusyThread().seconds()), Texts.digits(factor)));
            }
        });
        return new BenchTable("A step beside one busy thread of another process",
                List.of("", "library", "alone", "beside it", "factor"), rows);
    }

    private static BenchTable coldStarts(BenchReport report) {
        List<List<String>> rows = new ArrayList<>();
        for (ColdStart start : report.coldStarts()) {
            ColdCall first = start.calls().getFirst();
            ColdCall full = start.fullSpeed();
            ColdCall last = start.calls().getLast();
            rows.add(List.of(start.caseName(), start.library(), Texts.time(first.seconds()),
                    Texts.time(first.sinceStart()), "step " + full.number() + ", " + Texts.time(full.sinceStart()),
                    Texts.time(last.seconds())));
        }
        return new BenchTable("Cold start, in seconds since the process was started",
                List.of("", "library", "1st step takes", "ends at", "full speed from", "then takes"), rows);
    }

    private static BenchTable curves(BenchReport report) {
        List<List<String>> rows = report.curves().stream().map(curve -> List.of(curve.caseName(), curve.library(),
                Integer.toString(curve.losses().size()), loss(curve.losses().getFirst()), loss(curve.meanOfTenth(0)),
                loss(curve.meanOfTenth(1)), loss(curve.meanOfTenth(4)), loss(curve.meanOfTenth(9)))).toList();
        return new BenchTable("Losses on real data: of the first step, and means of tenths of all steps",
                List.of("", "library", "steps", "1st step", "1st tenth", "2nd", "5th", "last"), rows);
    }

    private static String loss(double loss) {
        return String.format(Locale.ROOT, "%.5f", loss);
    }

    private interface Visitor {
        void visit(CaseResult result, String name, LibraryResult library);
    }

    private static void eachResult(BenchReport report, Visitor visitor) {
        for (CaseResult result : report.cases()) {
            for (Map.Entry<String, LibraryResult> entry : result.results().entrySet()) {
                visitor.visit(result, entry.getKey(), entry.getValue());
            }
        }
    }

    /** Without what follows a comma: the terminal is narrow. */
    private static String shortened(CaseResult result) {
        return result.measured().title().replaceAll(",.*| with batch norm", "");
    }

    /** For the terminal: the first column to the left, the others to the right. */
    String text() {
        int[] widths = new int[columns.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        int used = rows.stream().mapToInt(List::size).max().orElse(0);
        List<String> names = columns.subList(0, used);
        for (int i = 0; i < used; i++) {
            widths[i] = Math.max(widths[i], names.get(i).length());
        }
        StringBuilder text = new StringBuilder(title).append('\n');
        append(text, names, widths);
        rows.forEach(row -> append(text, row, widths));
        return text.toString();
    }

    private static void append(StringBuilder text, List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < row.size(); i++) {
            String padding = " ".repeat(widths[i] - row.get(i).length());
            line.append(GAP).append(i == 0 ? row.get(i) + padding : padding + row.get(i));
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    /** For a page. */
    String html() {
        StringBuilder html = new StringBuilder("<h2>").append(BenchPage.escaped(title)).append("</h2>\n<table>\n<tr>");
        columns.forEach(name -> html.append("<th>").append(BenchPage.escaped(name)).append("</th>"));
        html.append("</tr>\n");
        for (List<String> row : rows) {
            html.append("<tr>");
            row.forEach(cell -> html.append("<td>").append(BenchPage.escaped(cell)).append("</td>"));
            html.append("</tr>\n");
        }
        return html.append("</table>\n").toString();
    }
}
