package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command: from a small run to its files, what it fails with, and what it says to wrong options. */
@Timeout(120)
final class BenchTest {
    private final StringWriter printed = new StringWriter();
    private final StringWriter errors = new StringWriter();

    private int bench(String... arguments) {
        CommandLine command = Bench.commandLine();
        command.setOut(new PrintWriter(printed));
        command.setErr(new PrintWriter(errors));
        return command.execute(arguments);
    }

    private int small(Path folder, String... further) {
        return bench(Stream
                .concat(Stream.of("--quick", "--case", "^W5$|^add 16x16", "--peers", "none", "--threads", "1",
                        "--blocks", "2", "--block", "0.01", "--warm", "0.05", "--out", folder.toString()),
                        Stream.of(further))
                .toArray(String[]::new));
    }

    @Test
    void aSmallRunWritesItsFiles(@TempDir Path folder) throws IOException {
        assertThat(small(folder, "--neighbour", "--memory")).as(errors::toString).isZero();

        BenchReport report = BenchReport.read(folder.resolve("bench.json"));
        assertThat(report.resultsOf("ours")).containsOnlyKeys("W5", "add 16x16 f");
        assertThat(report.memory()).singleElement().satisfies(memory -> {
            assertThat(memory.caseName()).isEqualTo("W5");
            assertThat(memory.bytes()).isPositive();
            assertThat(memory.counted()).isTrue();
        });
        assertThat(report.resultsOf("ours").get("W5").besideBusyThread().seconds()).isPositive();
        assertThat(report.threads()).isEqualTo(1);
        assertThat(Files.readString(folder.resolve("bench.html"))).contains("W5 tiny MLP");
        assertThat(printed.toString()).contains("W5 tiny MLP", "Jacobian cpu (1 thread");

        assertThat(small(folder, "--compare", folder.resolve("bench.json").toString())).isZero();
        assertThat(printed.toString()).contains("New time / old time");
        assertThat(bench("--case", "^matmul 16x16", "--peers", "none", "--blocks", "1", "--block", "0", "--warm", "0",
                "--out", folder.toString(), "--compare", folder.resolve("bench.json").toString(), "--fail"))
                .isEqualTo(1);
        assertThat(printed.toString()).contains("no case in common");
        assertThat(folder.resolve("steps.svg")).as("there was nothing to compare with").doesNotExist();
    }

    @Test
    void aLibraryWithOtherLossesFailsTheRun() throws IOException {
        try (BenchRun run = new BenchRun(new Turns(0, 0.001, 2, 0.001, 0), false, printed::append)) {
            run.add(FakeWorker.inProcess("ours", 1));
            run.add(FakeWorker.inProcess("libtorch", 1.001));
            run.add(FakeWorker.inProcess("djl", 2));
            run.measure(new BenchCase("fake", "fake", BenchCase.Kind.STEP, 0, 0, true), 3);
            run.measure(new BenchCase("nothing", "nothing", BenchCase.Kind.STEP, 0, 0, true), 3);
            run.measure(new BenchCase("fails", "fails", BenchCase.Kind.OPERATION, 0, 0, true), 3);

            BenchReport report = run.report(2);

            assertThat(report.problems()).hasSize(2);
            assertThat(report.problems().getFirst()).startsWith("fake: losses differ from those of libtorch");
            assertThat(report.problems().getLast()).contains("ours, ", "no such kernel");
            assertThat(report.cases()).singleElement()
                    .satisfies(result -> assertThat(result.results()).containsOnlyKeys("ours", "djl"));
            assertThat(BenchTable.of(report).getFirst().text()).contains("5e-01 DIFFER");
            assertThat(printed.toString()).contains("1/3  fake");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--case [", "--case nosuchcase", "--peers tensorflow", "--peers none,djl", "--devices tpu",
            "--threads 0", "--blocks 0", "--fail", "--unknown", "--blocks many", "--block NaN", "--warm -1",
            "--compare nosuchfile.json"})
    void wrongOptionsAreOneLineAndCodeTwo(String options) {
        assertThat(bench(options.split(" ", -1))).isEqualTo(2);
        assertThat(errors.toString().lines()).singleElement().asString().startsWith("bench: ");
    }

    @Test
    void filesThatWillNotDoAreToldBeforeAnythingIsMeasured(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("none.json"), "{}");
        assertThat(small(folder, "--compare", file.toString())).isEqualTo(2);
        assertThat(small(file)).isEqualTo(2);
        assertThat(errors.toString().lines()).hasSize(2).first().asString()
                .startsWith("bench: --compare: " + file + " is no result of a benchmark");
        assertThat(printed.toString()).isEmpty();
    }

    @Test
    void everyCaseHasANameOfItsOwnAndOurWorkerHasIt() {
        List<String> names = BenchCase.all(2).stream().map(BenchCase::name).toList();
        assertThat(names).doesNotHaveDuplicates().contains("W1", "W4 inference", "adamw 10M x100",
                "depthwise3x3 32x64x28x28 fb", "add 4M f");
        assertThat(BenchCase.all(2).stream().filter(BenchCase::quick)).hasSize(4 + 5 + 10);
    }
}
