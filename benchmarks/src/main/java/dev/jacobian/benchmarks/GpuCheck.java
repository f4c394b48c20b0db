package dev.jacobian.benchmarks;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.cuda.CudaBackend;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Checks a graphics card: the conformance suite on it, a training of MNIST, every kernel against the card's own limit, and
 * training steps beside PyTorch's where that is installed. Writes what it found as JSON and as Markdown.
 */
@Command(name = "gpu-check", mixinStandardHelpOptions = true, sortOptions = false, description = "Checks and measures a graphics card.")
public final class GpuCheck implements Callable<Integer> {
    private static final String CONFORMANCE = "dev.jacobian.cuda.CudaConformanceTest";

    @Spec
    private CommandSpec spec;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "cuda:0", description = "The card; ${DEFAULT-VALUE}.")
    private String deviceName;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where the results go.")
    private Path out;

    @Option(names = "--data", paramLabel = "DIR", description = "Folder of MNIST's files; drawn digits without it.")
    private Path data;

    @Option(names = "--no-conformance", description = "Leave the conformance suite out.")
    private boolean noConformance;

    @Option(names = "--quick", description = "Small tensors and short measurements: to try the check itself.")
    private boolean quick;

    GpuCheck() {}

    /**
     * The program.
     *
     * @param arguments see {@code --help}; the exit code is 1 if the card fails, 2 if there is nothing to check
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** The command line, printing to the standard streams unless told otherwise. */
    static CommandLine commandLine() {
        return new CommandLine(new GpuCheck())
                .setParameterExceptionHandler((wrong, _) -> report(wrong.getCommandLine(), wrong, ExitCode.USAGE))
                .setExecutionExceptionHandler((thrown, command, _) -> {
                    if (thrown instanceof IOException) {
                        return report(command, thrown, ExitCode.SOFTWARE);
                    }
                    throw thrown; // with its trace: this is what a check is there to find
                });
    }

    private static int report(CommandLine command, Exception thrown, int code) {
        String message = thrown instanceof ParameterException ? thrown.getMessage() : thrown.toString();
        command.getErr().println("gpu-check: " + message);
        command.getErr().flush();
        return code;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Device device = card();
        CudaContext context = ((CudaBackend) device.backend()).context();
        say("device", device.describe());
        Stopwatch stopwatch = quick ? Stopwatch.quick(device) : Stopwatch.of(device);
        GpuReport report = new GpuReport(device.describe(), Device.diagnosis());
        report.put("quick", quick);

        ConformanceRun conformance = noConformance
                ? ConformanceRun.NONE
                : ConformanceRun.of(CONFORMANCE, device.toString());
        say("conformance", conformance.toString());
        conformance.failures().forEach(failure -> say("failed", failure));
        report.put("conformance", conformance);

        report.put("mnist", new MnistRun(device, data, quick).run());
        say("mnist", report.get("mnist").toString());
        try (var _ = device.use(); var _ = Autograd.noGrad()) {
            measureKernels(device, context, stopwatch, report);
        }
        MemoryPool.of(device).flush();
        for (Workload workload : quick ? Workload.LIGHT : Workload.ALL) {
            Timing timing = workload.measure(stopwatch);
            report.step(workload, timing);
            say(workload.title(), String.format(Locale.ROOT, "%.1f µs", timing.seconds() * 1e6));
        }
        report.put("torch", TorchRun.measure(device));
        say("written", report.write(out).toString());
        if (noConformance || conformance.passed()) {
            return ExitCode.OK;
        }
        say("failed", "conformance: " + (conformance.failed() == 0 ? "no test ran on " + device : conformance));
        return ExitCode.SOFTWARE;
    }

    private Device card() {
        try {
            if (Device.available().stream().noneMatch(device -> device.backend() instanceof CudaBackend)) {
                throw new IllegalArgumentException("there is no CUDA device: " + Device.explanation());
            }
            Device device = Device.of(deviceName);
            if (!(device.backend() instanceof CudaBackend)) {
                throw new IllegalArgumentException("got device " + device + ", expected a CUDA device such as cuda:0");
            }
            return device;
        } catch (IllegalArgumentException none) {
            throw new ParameterException(spec.commandLine(), none.getMessage(), none);
        }
    }

    private void measureKernels(Device device, CudaContext context, Stopwatch stopwatch, GpuReport report) {
        int rows = quick ? 256 : 65_536;
        int columns = quick ? 64 : 1024;
        int size = quick ? 64 : 4096;
        try (var _ = MemoryScope.open("of measurements")) {
            report.limits(BareLimits.bandwidth(context, stopwatch, 4L * rows * columns),
                    BareLimits.flops(context, stopwatch, size));
        }
        say("limits", report.limitsText());
        measure(stopwatch, report, () -> new KernelCases(device, rows, columns).memoryBound());
        measure(stopwatch, report, () -> new KernelCases(device, 1, 1).pooling(quick ? 2 : 64, quick ? 4 : 64, 56));
        measure(stopwatch, report, () -> new KernelCases(device, 1, 1).products(size));
        measure(stopwatch, report,
                () -> new KernelCases(device, 1, 1).convolutions(quick ? 2 : 64, quick ? 4 : 64, quick ? 4 : 64,
                        quick ? 14 : 56));
    }

    private static void measure(Stopwatch stopwatch, GpuReport report,
            Supplier<List<KernelCase>> cases) {
        try (var _ = MemoryScope.open("of measurements")) {
            for (KernelCase kernel : cases.get()) {
                say("kernel", report.kernel(kernel, stopwatch.time(kernel.work())));
            }
        }
    }

    private static void say(String what, String text) {
        System.out.printf(Locale.ROOT, "%-12s %s%n", what, text);
    }
}
