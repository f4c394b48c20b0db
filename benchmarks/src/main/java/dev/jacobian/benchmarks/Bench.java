package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Measures training steps and operations beside other libraries, each in a process of its own, in turns. Writes what it
 * found as JSON and as a page of HTML.
 */
@Command(name = "bench", mixinStandardHelpOptions = true, sortOptions = false, description = {
        "Measures training steps and operations on this machine, beside other libraries.",
        "With --kernels as the first argument: single kernels through JMH; what follows is a regular expression and JMH's"
                + " own options."})
public final class Bench implements Callable<Integer> {
    /** The system property with the project's folder, which the launcher sets. */
    static final String HOME = "jacobian.home";

    private static final String NONE = "none";
    private static final String YARDSTICK = "libtorch";
    private static final String KERNELS = "--kernels";
    private static final double COLD_SECONDS = 8;

    @Spec
    private CommandSpec spec;

    @Option(names = "--quick", description = "All training steps and some operations, short blocks: a few minutes.")
    private boolean quick;

    @Option(names = "--case", paramLabel = "REGEX", description = "Only cases whose name contains this, of all there are.")
    private String only;

    @Option(names = "--peers", paramLabel = "NAMES", split = ",", description = "What to compare with: libtorch, djl, dl4j, or none. Built when first asked for (Maven, downloads). Without it: libtorch, if it can be had.")
    private List<String> peers;

    @Option(names = "--devices", paramLabel = "NAMES", split = ",", defaultValue = "cpu", description = "Where ours runs; ratios are of the first. ${DEFAULT-VALUE}.")
    private List<String> devices;

    @Option(names = "--threads", paramLabel = "N", description = "For every library; all cores.")
    private Integer threads;

    @Option(names = "--cold", description = "Also: the first steps of a fresh process.")
    private boolean cold;

    @Option(names = "--neighbour", description = "Also: steps beside a busy thread of another process.")
    private boolean neighbour;

    @Option(names = "--blocks", paramLabel = "N", description = "How many timed blocks each library has of each case.")
    private Integer blocks;

    @Option(names = "--block", paramLabel = "SECONDS", description = "How long a block is.")
    private Double blockSeconds;

    @Option(names = "--warm", paramLabel = "SECONDS", description = "How long a case runs before it counts.")
    private Double warmSeconds;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where bench.json, bench.html, steps.svg (beside peers) and logs of the workers go.")
    private Path out;

    @Option(names = "--compare", paramLabel = "FILE", description = "A bench.json to hold this run against.")
    private Path compare;

    @Option(names = "--fail", description = "Exit code 1 if something became slower than in --compare, beyond noise.")
    private boolean fail;

    Bench() {}

    /**
     * The program.
     *
     * @param arguments see {@code --help}; the exit code is 1 if something failed, 2 if it was called wrongly
     */
    public static void main(String[] arguments) {
        // Nothing is shown on a screen; without this a machine that has one would open it.
        System.setProperty("java.awt.headless", "true");
        if (arguments.length > 0 && arguments[0].equals(KERNELS)) {
            System.exit(KernelRun.run(Arrays.copyOfRange(arguments, 1, arguments.length)));
        }
        System.exit(commandLine().execute(arguments));
    }

    /** The command line, printing to the standard streams unless told otherwise. */
    static CommandLine commandLine() {
        return new CommandLine(new Bench())
                .setParameterExceptionHandler((wrong, _) -> report(wrong.getCommandLine(), wrong, ExitCode.USAGE))
                .setExecutionExceptionHandler((thrown, command, _) -> {
                    if (thrown instanceof IOException || thrown instanceof BenchException
                            || thrown instanceof WorkerException) {
                        return report(command, thrown, ExitCode.SOFTWARE);
                    }
                    throw thrown;
                });
    }

    private static int report(CommandLine command, Exception thrown, int code) {
        command.getErr().println("bench: " + (thrown instanceof IOException ? thrown.toString() : thrown.getMessage()));
        command.getErr().flush();
        return code;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        int cores = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        List<BenchCase> cases = selected(cores);
        devices.forEach(this::checkDevice);
        BenchReport before = compare == null ? null : BenchReport.read(compare);
        Files.createDirectories(out);
        Libraries libraries = new Libraries(devices, builtPeers(), peersOfProject(), cores, out);
        say(Machine.here().toString());
        try (BenchRun run = new BenchRun(turns(), neighbour, this::say)) {
            libraries.names().forEach(name -> run.add(libraries.start(name)));
            cases.forEach(run::measure);
            if (cold) {
                run.measureColdStarts(libraries, COLD_SECONDS);
            }
            return finish(run.report(cores), Optional.ofNullable(before));
        }
    }

    private int finish(BenchReport report, Optional<BenchReport> before) throws IOException {
        Optional<Comparison> comparison = before.map(older -> Comparison.of(report, older));
        say("");
        report.libraries().forEach((name, said) -> say(String.format(Locale.ROOT, "%-10s %s", name, said)));
        BenchTable.of(report).forEach(table -> say("\n" + table.text().stripTrailing()));
        comparison.ifPresent(with -> say("\n" + with.text().stripTrailing()));
        report.problems().forEach(problem -> say("PROBLEM  " + problem));
        report.write(out.resolve("bench.json"));
        Path page = out.resolve("bench.html");
        Files.writeString(page, BenchPage.of(report, comparison));
        writeStepsChart(report);
        say("\nwritten " + page + ", " + out.resolve("bench.json"));
        boolean slower = fail && comparison.map(with -> !with.regressions().isEmpty()).orElse(false);
        return slower || !report.problems().isEmpty() ? ExitCode.SOFTWARE : ExitCode.OK;
    }

    private void writeStepsChart(BenchReport report) throws IOException {
        Path file = out.resolve("steps.svg");
        Optional<String> chart = BenchCharts.steps(report);
        if (chart.isPresent()) {
            Files.writeString(file, chart.get());
        } else {
            Files.deleteIfExists(file); // an older run's
        }
    }

    private List<BenchCase> selected(int cores) {
        if (cores < 1 || (blocks != null && blocks < 1)) {
            throw wrong("--threads and --blocks must be at least 1");
        }
        if (fail && compare == null) {
            throw wrong("--fail needs --compare");
        }
        List<BenchCase> all = BenchCase.all(cores);
        if (only == null) {
            return all.stream().filter(each -> !quick || each.quick()).toList();
        }
        Pattern pattern;
        try {
            pattern = Pattern.compile(only);
        } catch (PatternSyntaxException malformed) {
            throw wrong("--case: " + malformed.getDescription() + " in " + only);
        }
        List<BenchCase> found = all.stream().filter(each -> pattern.matcher(each.name()).find()).toList();
        if (found.isEmpty()) {
            throw wrong("--case " + only + ": no case has such a name; there are "
                    + String.join(", ", all.stream().map(BenchCase::name).toList()));
        }
        // An operation is held against limits, which belong to it.
        return all.stream().filter(each -> found.contains(each) || found.stream()
                .anyMatch(other -> other.limit() != null && other.limit().title.equals(each.name()))).toList();
    }

    private void checkDevice(String name) {
        try {
            Device.of(name);
        } catch (IllegalArgumentException none) {
            throw wrong(none.getMessage());
        }
    }

    private Turns turns() {
        Turns usual = quick ? Turns.QUICK : Turns.STANDARD;
        return new Turns(warmSeconds == null ? usual.warmSeconds() : warmSeconds,
                blockSeconds == null ? usual.blockSeconds() : blockSeconds, blocks == null ? usual.blocks() : blocks,
                usual.pauseSeconds(), usual.repeats());
    }

    private static Peers peersOfProject() {
        return new Peers(Path.of(System.getProperty(HOME, ".")));
    }

    /** The peers that were asked for, ready to start. */
    private List<String> builtPeers() throws InterruptedException {
        if (peers == null) {
            return yardstick();
        }
        if (peers.equals(List.of(NONE))) {
            return List.of();
        }
        for (String peer : peers) {
            if (!Peers.DOWNLOADS.containsKey(peer)) {
                throw wrong("--peers: got " + peer + ", expected libtorch, djl, dl4j, or none alone");
            }
        }
        for (String peer : peers) {
            peersOfProject().build(peer);
        }
        return peers;
    }

    private List<String> yardstick() throws InterruptedException {
        try {
            peersOfProject().build(YARDSTICK);
            return List.of(YARDSTICK);
        } catch (BenchException unavailable) {
            say("alone: " + unavailable.getMessage());
            return List.of();
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void say(String text) {
        spec.commandLine().getOut().println(text);
        spec.commandLine().getOut().flush();
    }
}
