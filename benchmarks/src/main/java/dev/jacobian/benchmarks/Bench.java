package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;
import dev.jacobian.io.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
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
                + " own options (-l lists the kernels)."})
public final class Bench implements Callable<Integer> {
    /** The system property with the project's folder, which the launcher sets. */
    static final String HOME = "jacobian.home";

    private static final String NONE = "none";
    private static final String YARDSTICK = "libtorch";
    private static final String KERNELS = "--kernels";
    private static final List<String> COLD = List.of("W1", "W3");
    private static final double COLD_SECONDS = 8;
    private static final int LONGEST_SECONDS = 100;

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

    @Option(names = "--cold", description = "Also: the first steps of a fresh process, of W1 and W3, or of the steps that --case names.")
    private boolean cold;

    @Option(names = "--neighbour", description = "Also: steps beside a busy thread of another process.")
    private boolean neighbour;

    @Option(names = "--memory", description = "Also: the most memory that a step needs, in a fresh process for each.")
    private boolean memory;

    @Option(names = "--mnist", paramLabel = "DIR", description = "Also: the losses of W1 on these digits, beside libtorch's.")
    private Path mnist;

    @Option(names = "--text", paramLabel = "FILE", description = "Also: the losses of W4 on this text, beside libtorch's.")
    private Path text;

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
        int kernels = List.of(arguments).indexOf(KERNELS);
        if (kernels == 0) {
            System.exit(KernelRun.run(Arrays.copyOfRange(arguments, 1, arguments.length)));
        }
        if (kernels > 0) {
            System.err.println("bench: " + KERNELS + " must be the first argument; what follows it is for JMH");
            System.exit(ExitCode.USAGE);
        }
        System.exit(commandLine().execute(arguments));
    }

    /** The command line, printing to the standard streams unless told otherwise. */
    static CommandLine commandLine() {
        return new CommandLine(new Bench())
                .setParameterExceptionHandler((wrong, _) -> report(wrong.getCommandLine(), wrong, ExitCode.USAGE))
                .setExecutionExceptionHandler((thrown, command, _) -> {
                    if (thrown instanceof UncheckedIOException || thrown instanceof BenchException
                            || thrown instanceof WorkerException) {
                        return report(command, thrown, ExitCode.SOFTWARE);
                    }
                    throw thrown;
                });
    }

    private static int report(CommandLine command, Exception thrown, int code) {
        command.getErr().println("bench: " + thrown.getMessage());
        command.getErr().flush();
        return code;
    }

    @Override
    public Integer call() throws InterruptedException {
        int cores = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        List<BenchCase> cases = selected(cores);
        Turns turns = turns();
        List<String> ours = devices.stream().distinct().toList();
        ours.forEach(this::checkDevice);
        Optional<BenchReport> before = Optional.ofNullable(compare).map(this::older);
        List<LossCurves> data = lossCurves();
        makeFolder();
        Libraries libraries = new Libraries(ours, builtPeers(), peersOfProject(), cores, out);
        say(Machine.here().toString());
        try (BenchRun run = new BenchRun(turns, neighbour, this::say)) {
            libraries.names().forEach(name -> run.add(libraries.start(name)));
            for (BenchCase each : cases) {
                run.measure(each, cases.size());
                run.report(cores).write(json()); // a run that is stopped keeps what it has
            }
            if (cold) {
                run.measureColdStarts(libraries, coldCases(cases), COLD_SECONDS);
            }
            for (LossCurves each : data) {
                run.measureLosses(each, out);
            }
            if (memory) {
                run.measureMemory(libraries, steps(cases));
            }
            return finish(run.report(cores), before);
        }
    }

    private List<LossCurves> lossCurves() {
        List<LossCurves> data = new ArrayList<>();
        if (mnist != null) {
            data.add(LossCurves.ofDigits(mnist));
        }
        if (text != null) {
            data.add(LossCurves.ofText(text));
        }
        return data;
    }

    private Path json() {
        return out.resolve("bench.json");
    }

    private BenchReport older(Path file) {
        try {
            return BenchReport.read(file);
        } catch (NoSuchFileException _) {
            throw wrong("--compare: there is no file " + file);
        } catch (IOException unreadable) {
            throw wrong("--compare: " + unreadable.getMessage());
        }
    }

    private void makeFolder() {
        try {
            Files.createDirectories(out);
        } catch (IOException refused) {
            throw wrong("--out: " + out + " is no folder and cannot be made one: " + refused.getMessage());
        }
    }

    private List<String> coldCases(List<BenchCase> cases) {
        return only == null ? COLD : steps(cases);
    }

    private static List<String> steps(List<BenchCase> cases) {
        return cases.stream().filter(each -> each.kind() == BenchCase.Kind.STEP).map(BenchCase::name).toList();
    }

    private int finish(BenchReport report, Optional<BenchReport> before) {
        Optional<Comparison> comparison = before.map(older -> Comparison.of(report, older));
        say("");
        report.libraries().forEach((name, said) -> say(String.format(Locale.ROOT, "%-10s %s", name, said)));
        BenchTable.of(report).forEach(table -> say("\n" + table.text().stripTrailing()));
        comparison.ifPresent(with -> say("\n" + with.text().stripTrailing()));
        report.problems().forEach(problem -> say("PROBLEM  " + problem));
        report.write(json());
        Path page = out.resolve("bench.html");
        AtomicFile.write(page, BenchPage.of(report, comparison));
        List<String> written = new ArrayList<>(List.of(page.toString(), json().toString()));
        writeStepsChart(report).ifPresent(file -> written.add(file.toString()));
        BenchCharts.curves(report).forEach((name, chart) -> {
            Path file = out.resolve("losses-" + name + ".svg");
            AtomicFile.write(file, chart);
            written.add(file.toString());
        });
        say("\nwritten " + String.join(", ", written));
        boolean failed = fail && comparison.map(with -> with.rows().isEmpty() || !with.regressions().isEmpty())
                .orElse(false);
        return failed || !report.problems().isEmpty() ? ExitCode.SOFTWARE : ExitCode.OK;
    }

    private Optional<Path> writeStepsChart(BenchReport report) {
        Path file = out.resolve("steps.svg");
        Optional<String> chart = BenchCharts.steps(report);
        if (chart.isEmpty()) {
            file.toFile().delete(); // an older run's
            return Optional.empty();
        }
        AtomicFile.write(file, chart.get());
        return Optional.of(file);
    }

    private List<BenchCase> selected(int cores) {
        if (cores < 1 || (blocks != null && blocks < 1)) {
            throw wrong("--threads and --blocks must be at least 1");
        }
        checkSeconds("--block", blockSeconds);
        checkSeconds("--warm", warmSeconds);
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

    private void checkSeconds(String option, Double seconds) {
        if (seconds != null && !(seconds >= 0 && seconds <= LONGEST_SECONDS)) {
            throw wrong(option + ": got " + seconds + " seconds, expected 0 to " + LONGEST_SECONDS);
        }
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
        List<String> distinct = peers.stream().distinct().toList();
        for (String peer : distinct) {
            peersOfProject().build(peer);
        }
        return distinct;
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
