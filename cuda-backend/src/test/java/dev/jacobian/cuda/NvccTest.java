package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NVIDIA's own compiler takes every kernel, for every architecture that it knows. Skipped where it is not installed. */
final class NvccTest {
    private static final Path KERNELS = Path.of("src/main/resources/dev/jacobian/cuda/kernels");

    @Test
    void compilesForEveryArchitecture(@TempDir Path folder) throws IOException, InterruptedException {
        List<String> architectures = architectures(folder);
        List<Path> files;
        try (Stream<Path> all = Files.list(KERNELS)) {
            files = all.filter(file -> file.toString().endsWith(".cu")).sorted().toList();
        }
        assertThat(files).isNotEmpty();
        // Machine code of the oldest and of the newest, where limits show; for the others the front end, hardly optimised.
        List<String> extremes = List.of(architectures.getFirst(), architectures.getLast());
        for (Path file : files) {
            compile(folder, file, List.of("-Xcicc", "-O0"), architectures, "compute");
            compile(folder, file, List.of(), extremes, "sm");
        }
    }

    private static void compile(Path folder, Path file, List<String> options, List<String> architectures, String code)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("nvcc", "--std=c++17", "-fatbin", "--Werror", "all-warnings",
                "--threads", "2", "-o", folder.resolve("out.fatbin").toString()));
        command.addAll(options);
        for (String architecture : architectures) {
            command.add("-gencode=arch=" + architecture + ",code=" + architecture.replace("compute", code));
        }
        command.add(file.toString());
        Result result = run(folder, command);
        assertThat(result.code()).as("%s for %s:%n%s", file.getFileName(), architectures, result.text()).isZero();
    }

    /** As {@code compute_90}. */
    private static List<String> architectures(Path folder) throws IOException, InterruptedException {
        Result listed;
        try {
            listed = run(folder, List.of("nvcc", "--list-gpu-arch"));
        } catch (IOException missing) {
            assumeThat(missing).as("nvcc").isNull();
            return List.of();
        }
        List<String> architectures = listed.text().lines().filter(line -> line.matches("compute_\\d+")).toList();
        assertThat(architectures).as(listed.text()).isNotEmpty();
        return architectures;
    }

    private record Result(int code, String text) {}

    private static Result run(Path folder, List<String> command) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(process.waitFor(10, TimeUnit.MINUTES)).as("nvcc ends").isTrue();
        return new Result(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
    }
}
