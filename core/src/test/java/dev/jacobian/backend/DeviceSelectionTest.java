package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which device is the current one: chosen once for each process, so every case has a process of its own. */
final class DeviceSelectionTest {
    /** The programs' class path has these devices beside those of the tests. */
    @TempDir
    private Path services;

    /** A kind of device that is faster than all others, and has two. */
    public static final class FastProvider implements BackendProvider {
        @Override
        public String name() {
            return "fast";
        }

        @Override
        public int priority() {
            return 1000;
        }

        @Override
        public List<Backend> backends() {
            return List.of(new Named("fast:0"), new Named("fast:1"));
        }

        @Override
        public String explanation() {
            return "two, for tests";
        }
    }

    /** The reference backend under another name. */
    private static final class Named extends DelegatingBackend {
        private final String name;

        Named(String name) {
            super(new ReferenceBackend());
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }
    }

    /** Prints where a new tensor is: by itself, and with {@code use()} of the device that is named. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) {
            try {
                System.out.println("device " + Tensor.ones(2).device());
                System.out.println(Device.explanation());
                for (String name : arguments) {
                    try (var _ = Device.of(name).use()) {
                        System.out.println("used " + Tensor.ones(2).device());
                    }
                    System.out.println("afterwards " + Device.current());
                }
            } catch (IllegalArgumentException e) {
                System.out.println("refused " + e.getMessage());
            }
        }
    }

    @BeforeEach
    void addDevices() throws IOException {
        Path list = services.resolve("META-INF/services/" + BackendProvider.class.getName());
        Files.createDirectories(list.getParent());
        Files.writeString(list, FastProvider.class.getName());
    }

    /** What the program prints; null leaves a setting out. */
    private List<String> lines(String property, String variable, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                "-cp", services + File.pathSeparator + System.getProperty("java.class.path")));
        if (property != null) {
            command.add("-Djacobian.device=" + property);
        }
        command.add(Program.class.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("JACOBIAN_DEVICE");
        if (variable != null) {
            builder.environment().put("JACOBIAN_DEVICE", variable);
        }
        Process program = builder.start();
        program.getOutputStream().close();
        String printed = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(program.exitValue()).as(printed).isZero();
        return printed.lines().toList();
    }

    @Test
    void nothingGivenIsTheFastest() throws IOException, InterruptedException {
        assertThat(lines(null, null)).contains("device fast:0")
                .anyMatch(line -> line.contains("the fastest there is") && line.contains("; fast: two, for tests; "));
        assertThat(lines(" ", "")).as("blank is nothing").contains("device fast:0");
    }

    @Test
    void theProperty() throws IOException, InterruptedException {
        assertThat(lines("reference", null)).contains("device reference")
                .anyMatch(line -> line.contains("-Djacobian.device=reference"));
    }

    @Test
    void theVariable() throws IOException, InterruptedException {
        assertThat(lines(null, "Fast:1")).contains("device fast:1")
                .anyMatch(line -> line.contains("JACOBIAN_DEVICE=Fast:1"));
    }

    @Test
    void thePropertyBeatsTheVariable() throws IOException, InterruptedException {
        assertThat(lines("reference", "fast:1")).contains("device reference");
        assertThat(lines("auto", "reference")).contains("device fast:0");
    }

    @Test
    void useBeatsBoth() throws IOException, InterruptedException {
        assertThat(lines("reference", "reference", "fast:1", "fast")).containsSubsequence("device reference",
                "used fast:1", "afterwards reference", "used fast:0", "afterwards reference");
    }

    @Test
    void unknownNamesListTheDevices() throws IOException, InterruptedException {
        String available = "; available: [fast:0, fast:1, ";
        assertThat(lines("gpu", null)).singleElement().asString()
                .startsWith("refused device: no device gpu here" + available).contains("reference", "or auto");
        assertThat(lines(null, "gpu")).singleElement().asString().contains("no device gpu here" + available);
        assertThat(lines(null, null, "fast:2")).last().asString()
                .startsWith("refused device: no device fast:2 here" + available);
    }
}
