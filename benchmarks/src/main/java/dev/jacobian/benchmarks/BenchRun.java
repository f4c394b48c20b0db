package dev.jacobian.benchmarks;

import dev.jacobian.benchmarks.BenchCase.Kind;
import dev.jacobian.benchmarks.BenchReport.CaseResult;
import dev.jacobian.benchmarks.BenchReport.ColdStart;
import dev.jacobian.benchmarks.BenchReport.Curve;
import dev.jacobian.benchmarks.BenchReport.LibraryResult;
import dev.jacobian.benchmarks.BenchReport.Memory;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/** Goes through the cases with all workers. */
final class BenchRun implements AutoCloseable {
    /** The yardstick: that its losses are others than ours fails the run. */
    private static final String YARDSTICK = "libtorch";

    private final Turns turns;
    private final boolean neighbour;
    private final Consumer<String> progress;
    private final List<WorkerClient> workers = new ArrayList<>();
    private final Map<String, String> descriptions = new LinkedHashMap<>();
    private final List<CaseResult> results = new ArrayList<>();
    private final List<ColdStart> coldStarts = new ArrayList<>();
    private final List<Curve> curves = new ArrayList<>();
    private final List<Memory> memory = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private int begun;

    /**
     * A run.
     *
     * @param turns how it times
     * @param neighbour whether steps are also timed beside a busy thread
     * @param progress gets a line about each case
     */
    BenchRun(Turns turns, boolean neighbour, Consumer<String> progress) {
        this.turns = turns;
        this.neighbour = neighbour;
        this.progress = progress;
    }

    /** Adds a worker; ours first. The run closes it. */
    void add(WorkerClient worker) {
        try {
            descriptions.put(worker.name(), worker.describe());
            workers.add(worker);
        } catch (WorkerException failed) {
            worker.close();
            problem(failed.getMessage());
        }
    }

    /**
     * Measures one case with every worker that has it.
     *
     * @param measured the case
     * @param of how many there are in all, for the line that says so
     */
    void measure(BenchCase measured, int of) {
        begun++;
        List<WorkerClient> open = new ArrayList<>();
        Map<WorkerClient, LossCheck> checks = new LinkedHashMap<>();
        try {
            double[] ours = null;
            for (WorkerClient worker : List.copyOf(workers)) {
                if (!opens(worker, measured)) {
                    continue;
                }
                open.add(worker);
                if (measured.kind() == Kind.STEP) {
                    double[] losses = worker.losses(LossCheck.STEPS);
                    if (worker.name().equals(BenchReport.OURS)) {
                        ours = losses;
                    } else if (ours != null) {
                        checks.put(worker, LossCheck.of(measured.name(), ours, losses));
                    }
                }
            }
            open.removeIf(worker -> doesOtherWork(measured, worker, checks.get(worker)));
            if (!open.isEmpty()) {
                finish(measured, of, turns.measure(open), checks);
            }
            open.forEach(WorkerClient::closeCase);
        } catch (WorkerException failed) {
            problem(failed.getMessage());
            workers.removeIf(worker -> !worker.isAlive());
        }
    }

    private boolean opens(WorkerClient worker, BenchCase measured) {
        try {
            return worker.open(measured.name());
        } catch (WorkerException failed) {
            problem(failed.getMessage());
            if (!worker.isAlive()) {
                workers.remove(worker);
            }
            return false;
        }
    }

    /** Whether its times would say nothing about ours: the yardstick with other losses. That is a problem, too. */
    private boolean doesOtherWork(BenchCase measured, WorkerClient worker, LossCheck check) {
        if (check == null || check.passed() || !worker.name().equals(YARDSTICK)) {
            return false;
        }
        problem(String.format(Locale.ROOT, "%s: losses differ from those of %s by up to %.1e of their value;"
                + " its time was not taken", measured.name(), worker.name(), check.largest()));
        worker.closeCase();
        return true;
    }

    private void finish(BenchCase measured, int of, Map<WorkerClient, Turns.Measured> times,
            Map<WorkerClient, LossCheck> checks) {
        Map<String, LibraryResult> all = new LinkedHashMap<>();
        times.forEach((worker, time) -> {
            Timing beside = neighbour && measured.kind() == Kind.STEP ? turns.measureBesideBusyThread(worker) : null;
            all.put(worker.name(), new LibraryResult(Timing.of(time.seconds()), time.blocks(), time.repeated(),
                    checks.get(worker), beside));
        });
        CaseResult result = new CaseResult(measured, all);
        results.add(result);
        StringBuilder line = new StringBuilder(
                String.format("%2d/%d  %-34s", begun, of, measured.title()));
        all.forEach((name, library) -> line.append("  ").append(name).append(' ')
                .append(Texts.time(library.timing().seconds()))
                .append(result.ratio(name).map(ratio -> ", " + ratio).orElse(""))
                .append(library.disturbed() > 0 ? " DISTURBED" : ""));
        progress.accept(line.toString());
    }

    /** Starts fresh processes, and looks at their first steps of some cases. */
    void measureColdStarts(Libraries libraries, List<String> caseNames, double seconds) {
        eachInAFreshProcess(libraries::start, caseNames, (worker, caseName) -> coldStarts
                .add(ColdStart.of(worker.name(), caseName, worker.cold(seconds))));
    }

    /** Starts fresh processes, and looks at how much memory some cases need once they run. */
    void measureMemory(Libraries libraries, List<String> caseNames) {
        eachInAFreshProcess(libraries::startForMemory, caseNames, (worker, caseName) -> {
            worker.losses(LossCheck.STEPS);
            memory.add(Memory.of(worker.name(), caseName, worker.memory()));
        });
    }

    /** Has every library train on real data, whose batches are kept in a file meanwhile. */
    void measureLosses(LossCurves data, Path folder) {
        Path batches = folder.resolve("batches-" + data.caseName() + ".tmp").toAbsolutePath();
        try {
            data.write(batches);
            workers.forEach(worker -> measureLosses(data.caseName(), batches, worker));
            workers.removeIf(worker -> !worker.isAlive());
        } catch (UncheckedIOException full) {
            problem(full.getMessage());
        } finally {
            batches.toFile().delete();
        }
    }

    private void measureLosses(String caseName, Path batches, WorkerClient worker) {
        try {
            if (worker.open(caseName)) {
                double[] losses = worker.curve(batches);
                if (losses.length > 0) {
                    curves.add(new Curve(worker.name(), caseName, DoubleStream.of(losses).boxed().toList()));
                }
                worker.closeCase();
            }
        } catch (WorkerException failed) {
            problem(failed.getMessage());
        }
    }

    private void eachInAFreshProcess(Function<String, WorkerClient> start, List<String> caseNames,
            BiConsumer<WorkerClient, String> measure) {
        for (String name : descriptions.keySet()) {
            for (String caseName : caseNames) {
                try (WorkerClient worker = start.apply(name)) {
                    if (worker.open(caseName)) {
                        measure.accept(worker, caseName);
                    }
                } catch (WorkerException failed) {
                    problem(failed.getMessage());
                }
            }
        }
    }

    private void problem(String text) {
        problems.add(text);
        progress.accept("PROBLEM  " + text);
    }

    BenchReport report(int threads) {
        return new BenchReport(Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), Machine.here(), threads, turns,
                new LinkedHashMap<>(descriptions), List.copyOf(results), List.copyOf(coldStarts),
                List.copyOf(memory), List.copyOf(curves), List.copyOf(problems));
    }

    @Override
    public void close() {
        workers.forEach(WorkerClient::close);
    }
}
