package dev.jacobian.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Our times in two runs.
 *
 * @param rows every case that both have
 * @param notes what makes them hard to compare
 */
record Comparison(List<Row> rows, List<String> notes) {
    /** A slowdown below this is not called one, however quiet both runs were. */
    private static final double NOTICEABLE = 1.03;

    /**
     * One case.
     *
     * @param name its
     * @param before its time in the older run
     * @param now its time in this one
     */
    record Row(String name, Timing before, Timing now) {
        Ratio ratio() {
            return Ratio.ofRanges(now, before);
        }

        /** Whether it is slower than even the slowest block before explains. */
        boolean isRegression() {
            return ratio().lowest() > 1 && ratio().median() > NOTICEABLE;
        }

        /** Whether it is faster than noise explains. */
        boolean isGain() {
            return ratio().highest() < 1 && ratio().median() < 1 / NOTICEABLE;
        }
    }

    static Comparison of(BenchReport now, BenchReport before) {
        List<String> notes = new ArrayList<>();
        if (!now.machine().equals(before.machine())) {
            notes.add("another machine then: " + before.machine());
        }
        if (now.threads() != before.threads()) {
            notes.add("another number of threads then: " + before.threads());
        }
        Map<String, BenchReport.LibraryResult> old = before.resultsOf(BenchReport.OURS);
        List<Row> rows = new ArrayList<>();
        now.resultsOf(BenchReport.OURS).forEach((name, result) -> {
            if (old.containsKey(name)) {
                rows.add(new Row(name, old.get(name).timing(), result.timing()));
            }
        });
        if (rows.isEmpty()) {
            notes.add("the two runs have no case in common");
        }
        return new Comparison(List.copyOf(rows), List.copyOf(notes));
    }

    /** Cases that became slower; limits of the machine are none of ours. */
    List<Row> regressions() {
        return rows.stream().filter(row -> row.isRegression() && !row.name().startsWith("limit")).toList();
    }

    /** A table for the terminal. */
    String text() {
        StringBuilder text = new StringBuilder("New time / old time (with what both ranges allow)\n");
        for (Row row : rows) {
            String mark = row.isRegression() ? "SLOWER" : row.isGain() ? "faster" : "";
            text.append(String.format(Locale.ROOT, "  %-34s %12s %12s  %-18s %s%n", row.name(),
                    Texts.time(row.before().seconds()), Texts.time(row.now().seconds()), row.ratio(), mark)
                    .stripTrailing())
                    .append('\n');
        }
        notes.forEach(note -> text.append("  ").append(note).append('\n'));
        return text.toString();
    }
}
