package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The scripts that come with the project compile, run, and print what they promise. */
class ScriptsTest {

    static final Path SCRIPTS = Path.of("scripts").toAbsolutePath();
    static final Path LEARN = Path.of("learn").toAbsolutePath();

    private static List<String> run(Path script) {
        Cli printed = Cli.run("run", script.toString());
        assertThat(printed.err()).isEmpty();
        assertThat(printed.code()).isZero();
        return printed.out().lines().toList();
    }

    static double number(List<String> lines, String label) {
        return lines.stream().filter(line -> line.startsWith(label + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(label.length()).strip())).findFirst()
                .orElseThrow();
    }

    @Test
    void everyScriptHasATest() throws IOException {
        try (Stream<Path> files = Files.list(SCRIPTS)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("CustomLoop.java",
                    "CustomOp.java", "Mnist.java", "TwoDevices.java");
        }
    }

    /** The source prints its results as comments behind the lines. */
    @Test
    void workedExample() throws IOException {
        List<String> lines = run(LEARN.resolve("WorkedExample.java"));
        List<String> promised = Files.readAllLines(LEARN.resolve("WorkedExample.java")).stream()
                .filter(line -> line.contains("IO.println")).map(line -> line.substring(line.indexOf("// ") + 3))
                .toList();
        assertThat(promised).hasSize(5);
        assertThat(number(lines, "loss")).isEqualTo(Double.parseDouble(promised.getFirst()),
                within(5e-7));
        for (int i = 1; i < promised.size(); i++) {
            assertThat(lines.get(i)).endsWith(promised.get(i));
        }
    }

    @Test
    void softmaxJacobian() {
        List<String> lines = run(LEARN.resolve("SoftmaxJacobian.java"));
        assertThat(number(lines, "largest difference")).isBetween(0.0, 1e-6);
        assertThat(lines.getFirst()).startsWith("[[0.081925, -0.022033, -0.059892], [");
    }

    @Test
    void customOp() {
        assertThat(run(SCRIPTS.resolve("CustomOp.java"))).singleElement().asString()
                .startsWith("gradient check passed");
    }

    @Test
    void customLoop() {
        assertThat(number(run(SCRIPTS.resolve("CustomLoop.java")), "accuracy")).isBetween(0.97, 1.0);
    }

    @Test
    void twoDevices() {
        assertThat(run(SCRIPTS.resolve("TwoDevices.java"))).isNotEmpty()
                .allMatch(line -> line.matches(".*  loss 0\\.\\d+"));
    }
}
