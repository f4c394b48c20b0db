package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The command line on machines on which CUDA works and on those on which something of it is missing: it says what, goes
 * on with the CPU, and ends neither in a crash nor in a stack trace. The machines are folders with libraries of the
 * software CUDA device, given to programs of their own.
 */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class CudaLibrariesTest {
    private static final String DRIVER = "libcuda.so.1";
    private static final String NVRTC = "libnvrtc.so.12";
    private static final String CUBLAS_LT = "libcublasLt.so.12";
    private static final String CUBLAS = "libcublas.so.12";
    /** Where the build of the CUDA backend puts the software device. */
    private static final Path SOFTWARE = Path.of(System.getProperty("jacobian.test.software-cuda",
            "../cuda-backend/target/software-cuda")).toAbsolutePath().normalize();
    /** Compiled kernels, which the CUDA backend's own tests leave. */
    private static final Path KERNELS = SOFTWARE.resolveSibling("software-cuda-kernels");
    private static final String[] TRAIN = {"train", "mnist", "--data", "synthetic", "--limit", "64", "--batch", "32",
            "--epochs", "1"};
    private static final Pattern NOT_FOUND = Pattern
            .compile("cuda: " + Pattern.quote(CUBLAS) + ": not found in ([^\n]*)");
    private static final int SECONDS = 120;

    /** What the doctor says where no libraries are given. */
    private static String bare;

    @TempDir
    Path folder;

    private Path libraries;
    private final Map<String, String> environment = new HashMap<>();

    /** What a program printed, without Java's warnings. */
    private record Result(int code, String out, String err) {}

    @BeforeEach
    void makeFolders() throws IOException {
        libraries = Files.createDirectory(folder.resolve("libraries"));
        environment.put("JACOBIAN_CUDA_LIBRARIES", libraries.toString());
        environment.put("SOFTCUDA_CACHE", KERNELS.toString());
        environment.put("SOFTCUDA_WORKERS", "2");
    }

    private Result run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Djacobian.cache=" + folder.resolve("cache"), "-Duser.home=" + folder, "-cp",
                System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("JACOBIAN_") || name.startsWith("CUDA_")
                || name.equals("LD_LIBRARY_PATH") || name.equals("VIRTUAL_ENV") || name.equals("CONDA_PREFIX"));
        builder.environment().putAll(environment);
        Process program = builder.start();
        try {
            assertThat(program.waitFor(SECONDS, TimeUnit.SECONDS)).as("%s ends", List.of(arguments)).isTrue();
        } finally {
            program.destroyForcibly();
        }
        String errors = Files.readAllLines(err, StandardCharsets.UTF_8).stream()
                .filter(line -> !line.startsWith("WARNING: ")).map(line -> line + "\n").collect(Collectors.joining());
        Result result = new Result(program.exitValue(), Files.readString(out, StandardCharsets.UTF_8), errors);
        assertThat(result.out() + result.err()).doesNotContain("\tat ").doesNotContain("SIGSEGV")
                .doesNotContain("Exception");
        return result;
    }

    private Result succeed(String... arguments) throws IOException, InterruptedException {
        Result result = run(arguments);
        assertThat(result.code()).as("%s", result).isZero();
        assertThat(result.err()).isEmpty();
        return result;
    }

    private void put(String... names) throws IOException {
        assumeThat(SOFTWARE.resolve("stamp")).as("the software CUDA device, which the build of the CUDA backend makes"
                + " where there is g++").exists();
        for (String name : names) {
            Files.copy(SOFTWARE.resolve(name), libraries.resolve(name));
        }
    }

    /** What the software device compiles kernels with. */
    private void putHeaders() throws IOException {
        Path device = Files.createDirectory(libraries.resolve("device"));
        try (Stream<Path> headers = Files.list(SOFTWARE.resolve("device"))) {
            for (Path header : headers.toList()) {
                Files.copy(header, device.resolve(header.getFileName()));
            }
        }
    }

    /** A library of CUDA 12 under the name, in the file and of the file, that CUDA 13's has. */
    private void putAs13(String name) throws IOException {
        String later = name.replace(".so.12", ".so.13");
        String content = Files.readString(SOFTWARE.resolve(name), StandardCharsets.ISO_8859_1);
        Files.writeString(libraries.resolve(later), content.replace(name, later), StandardCharsets.ISO_8859_1);
    }

    /** Skips on a machine that has a driver of its own, or libraries that would be found for what is missing. */
    private static void assumeNothingElse(String doctor) {
        assumeThat(Path.of("/proc/driver/nvidia/version")).as("a real NVIDIA driver").doesNotExist();
        assumeThat(Path.of("/dev/dxg")).as("a real card, under WSL").doesNotExist();
        var searched = NOT_FOUND.matcher(doctor);
        assumeThat(searched.find()).as("the machine has no %s of its own: %s", CUBLAS, doctor).isTrue();
        for (String place : searched.group(1).split(", ", -1)) {
            for (String name : new String[] {DRIVER, NVRTC, "libcublas.so.13", "libnvrtc.so.13"}) {
                assumeThat(Path.of(place, name)).as("the machine's own").doesNotExist();
            }
        }
    }

    private void assumeBareMachine() throws IOException, InterruptedException {
        if (bare == null) {
            assertThat(libraries).isEmptyDirectory();
            bare = run("doctor").out();
        }
        assumeNothingElse(bare);
    }

    /** That all is as it should be where CUDA cannot be used for a reason. */
    private void assertCpuIsUsed(String reason) throws IOException, InterruptedException {
        Result doctor = succeed("doctor");
        assertThat(doctor.out()).contains("java: " + Runtime.version()).contains("vector api: there")
                .contains("used: cpu (").contains("self-test of cpu: ok, ").doesNotContain("self-test of cuda")
                .contains(reason);
        for (String library : List.of(DRIVER, NVRTC, CUBLAS_LT, CUBLAS)) {
            assertThat(doctor.out()).containsPattern("(?m)^cuda: " + Pattern.quote(library) + "[^\n]*: "
                    + "(/|[^\n]* in [^\n]*" + Pattern.quote(libraries.toString()) + ")");
        }
        assertTrainsOnCpu(reason);
    }

    /** On the processor by itself, with one line that says why; on a card that is asked for not at all. */
    private void assertTrainsOnCpu(String reason) throws IOException, InterruptedException {
        Result trained = succeed(TRAIN);
        assertThat(trained.out()).containsPattern("(?m)^device     cpu \\(").containsPattern("(?m)^accuracy [01]\\.");
        assertThat(trained.out().lines().filter(line -> line.contains(reason))).as(trained.out()).hasSize(1);
        List<String> onCuda = new ArrayList<>(List.of(TRAIN));
        onCuda.addAll(List.of("--device", "cuda"));
        Result refused = run(onCuda.toArray(String[]::new));
        assertThat(refused.code()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.out()).isEmpty();
        assertThat(refused.err()).startsWith("jacobian: device: no device cuda here; available: [cpu]")
                .contains(reason);
        assertThat(refused.err().lines()).hasSize(1);
    }

    private void assertCudaIsUsed() throws IOException, InterruptedException {
        Result doctor = succeed("doctor");
        assertThat(doctor.out()).contains("java: " + Runtime.version()).contains("vector api: there")
                .contains("cuda: " + DRIVER + ": " + libraries.resolve(DRIVER) + "\n")
                .containsPattern("(?m)^cuda: cuda:0 \\(.*compute capability 9\\.0, 2048 MiB\\)")
                .containsPattern("(?m)^cuda: cuda:0 has \\d+ MiB of 2048 MiB free$")
                .contains("used: cuda:0 (").contains("self-test of cuda:0: ok, ").contains("self-test of cpu: ok, ");
        Result trained = succeed(TRAIN);
        assertThat(trained.out()).containsPattern("(?m)^device     cuda:0 \\(")
                .containsPattern("(?m)^accuracy [01]\\.");
    }

    @Test
    void nothing() throws Exception {
        assumeBareMachine();
        assertCpuIsUsed("no NVIDIA driver (libcuda.so.1 not found)");
    }

    @Test
    void aDriverWithoutCublas() throws Exception {
        assumeBareMachine();
        put(DRIVER, NVRTC);
        assertCpuIsUsed("driver found, libcublas.so.12 is missing; pip install nvidia-cublas-cu12, or set CUDA_HOME to"
                + " a toolkit of CUDA 12");
    }

    @Test
    void aDriverOlderThanTheLibraries() throws Exception {
        put(DRIVER, NVRTC, CUBLAS);
        environment.put("SOFTCUDA_DRIVER_VERSION", "11040");
        assertTrainsOnCpu("the driver supports CUDA 11.4, expected 12.0 or later; update the NVIDIA driver");
    }

    @Test
    void cuda13WithACompiler() throws Exception {
        assumeBareMachine();
        assumeThat(Stream.of(System.getenv("PATH").split(":", -1)).map(place -> Path.of(place, "gcc")))
                .as("gcc on the path").anyMatch(Files::isExecutable);
        put(DRIVER);
        putAs13(NVRTC);
        putAs13(CUBLAS);
        putHeaders();
        environment.put("SOFTCUDA_DRIVER_VERSION", "13000");
        assertCudaIsUsed();
    }

    @Test
    void cuda13WithoutACompiler() throws Exception {
        assumeBareMachine();
        put(DRIVER);
        putAs13(NVRTC);
        putAs13(CUBLAS);
        environment.put("SOFTCUDA_DRIVER_VERSION", "13000");
        environment.put("PATH", Files.createDirectory(folder.resolve("programs")).toString());
        assertCpuIsUsed("libcublas.so.12 is missing, " + libraries.resolve("libcublas.so.13") + " is there, but there"
                + " is no C compiler to build the way to it (install gcc)");
    }

    @ParameterizedTest
    @ValueSource(strings = {DRIVER, CUBLAS})
    void aLibraryOfRubbish(String name) throws Exception {
        assumeBareMachine();
        put(DRIVER, NVRTC, CUBLAS);
        Files.writeString(libraries.resolve(name), "rubbish");
        assertTrainsOnCpu(libraries.resolve(name) + " is not a library (7 bytes, no ELF header); ");
    }

    @ParameterizedTest
    @ValueSource(strings = {DRIVER, NVRTC})
    void aLibraryCutShort(String name) throws Exception {
        assumeBareMachine();
        put(DRIVER, NVRTC, CUBLAS);
        Path file = libraries.resolve(name);
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        assertTrainsOnCpu(file + " is cut short (" + whole.length / 2 + " bytes of " + whole.length);
    }

    @Test
    void everything() throws Exception {
        put(DRIVER, NVRTC, CUBLAS);
        putHeaders();
        assertCudaIsUsed();
    }

    /** TF32 keeps 10 bits of a factor's fraction: of 1 + 2^-12 it makes 1. */
    @Test
    void tf32ReachesTheDevice() throws Exception {
        put(DRIVER, NVRTC, CUBLAS);
        putHeaders();
        Path script = Files.writeString(folder.resolve("Product.java"), """
                import module dev.jacobian.core;

                void main() {
                    Tensor x = Tensor.full(1 + 0x1p-12f, 8, 8);
                    IO.println("product " + x.matmul(Tensor.eye(8)).max().item());
                }
                """);
        assertThat(succeed("run", "--device", "cuda", script.toString()).out()).contains("product 1.000244");
        assertThat(succeed("run", "--device", "cuda", "--tf32", script.toString()).out()).contains("product 1.0\n");
    }
}
