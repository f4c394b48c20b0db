package dev.jacobian.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine.ExitCode;

/** Single kernels through JMH, with rates, shares of the machine's limits, and what a call leaves on the Java heap. */
final class KernelRun {
    /** Needs a library that only a build with {@code -Popenblas} brings. */
    private static final String BESIDE_OPENBLAS = "MatmulBenchmark\\.(openBlas|sideBySide)";

    private static final String OPENBLAS = "org/bytedeco/openblas/linux-x86_64/libopenblas.so.0";
    /** What the profiler calls bytes on the heap for each call. */
    private static final String ALLOCATED = "gc.alloc.rate.norm";
    private static final Turns LIMITS = new Turns(1, 0.3, 5, 0, 8);

    private KernelRun() {}

    /**
     * Runs benchmarks.
     *
     * @param arguments a regular expression and JMH's options, as JMH has them
     * @return the exit code
     */
    static int run(String... arguments) {
        try {
            CommandLineOptions given = new CommandLineOptions(arguments);
            if (given.shouldHelp()) {
                given.showHelp();
                return ExitCode.OK;
            }
            if (given.shouldList()) {
                new Runner(given).list();
                return ExitCode.OK;
            }
            Collection<RunResult> results = new Runner(options(given)).run();
            System.out.println();
            System.out.print(table(results, limits()).text());
            return ExitCode.OK;
        } catch (NoBenchmarksException none) {
            System.err.println("bench: --kernels: no benchmark matches " + String.join(" ", arguments)
                    + "; --kernels -l lists them");
            return ExitCode.USAGE;
        } catch (CommandLineOptionException wrong) {
            System.err.println("bench: " + wrong.getMessage());
            return ExitCode.USAGE;
        } catch (RunnerException | IOException | WorkerException failed) {
            System.err.println("bench: " + failed.getMessage());
            return ExitCode.SOFTWARE;
        }
    }

    private static Options options(CommandLineOptions given) {
        ChainedOptionsBuilder options = new OptionsBuilder().parent(given).addProfiler(GCProfiler.class);
        if (ClassLoader.getSystemResource(OPENBLAS) == null) {
            options.exclude(BESIDE_OPENBLAS);
        }
        return options.build();
    }

    /** What the machine can do, in operations or bytes a second, measured right after the kernels. */
    private static Map<Limits, Double> limits() throws IOException {
        int threads = Runtime.getRuntime().availableProcessors();
        Path logs = Files.createTempDirectory("jacobian-bench");
        Libraries libraries = new Libraries(List.of("cpu"), List.of(), new Peers(Path.of(".")), threads, logs);
        Map<Limits, Double> rates = new EnumMap<>(Limits.class);
        try (WorkerClient worker = libraries.start(BenchReport.OURS)) {
            for (Limits limit : Limits.values()) {
                worker.open(limit.title);
                double[] seconds = LIMITS.measure(List.of(worker)).get(worker).seconds();
                rates.put(limit, limit.amount(threads) / Timing.of(seconds).seconds());
            }
        }
        return rates;
    }

    /** One row for each benchmark and choice of its parameters. */
    static BenchTable table(Collection<RunResult> results, Map<Limits, Double> limits) {
        List<List<String>> rows = new ArrayList<>();
        for (RunResult result : results) {
            String[] path = result.getParams().getBenchmark().split("\\.", -1);
            String name = path[path.length - 2] + "." + path[path.length - 1];
            Map<String, String> parameters = new TreeMap<>();
            result.getParams().getParamsKeys().forEach(key -> parameters.put(key, result.getParams().getParam(key)));
            double seconds = seconds(result);
            double flops = KernelCosts.flops(name, parameters);
            double bytes = KernelCosts.bytes(name, parameters);
            Limits limit = new BenchCase(name, name, BenchCase.Kind.OPERATION, flops, bytes, false).limit();
            boolean oneThread = "1".equals(parameters.get("threads"));
            double rate = (flops + bytes) / seconds;
            rows.add(List.of(name.replace("Benchmark", ""), String.join(" ", parameters.values()), Texts.time(seconds),
                    limit == null ? "–" : flops > 0 ? Texts.gigaflops(rate) : Texts.bandwidth(rate),
                    limit == null
                            ? "–"
                            : Texts.share(rate / limits.get(flops > 0 && oneThread ? Limits.FMA_ONE : limit)),
                    allocated(result)));
        }
        return new BenchTable("Kernels", List.of("", "with", "time", "rate", "limit", "bytes"), rows);
    }

    private static double seconds(RunResult result) {
        Result<?> primary = result.getPrimaryResult();
        // "us/op": the unit is the one that the benchmark's author chose.
        return primary.getScore() * 1e-9 * result.getParams().getTimeUnit().toNanos(1);
    }

    private static String allocated(RunResult result) {
        Result<?> bytes = result.getSecondaryResults().get(ALLOCATED);
        return bytes == null ? "–" : Texts.digits(bytes.getScore());
    }
}
