package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command line as a program of its own: current folder, signals, exit codes. */
class ProgramTest {

    @TempDir
    Path folder;

    private ProcessBuilder program(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Djacobian.cache=" + Cli.CACHE, "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    }

    private static String end(Process program) throws IOException, InterruptedException {
        program.getOutputStream().close();
        String printed = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(program.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return printed;
    }

    @Test
    void theScriptOfTheReadmeTrainsAndSaves() throws IOException, InterruptedException {
        Path data = TinyMnist.write(folder.resolve("data"), 1280, 200);
        Process program = program("run", ScriptsTest.SCRIPTS.resolve("Mnist.java").toString(), data.toString()).start();
        String printed = end(program);
        assertThat(program.exitValue()).as(printed).isZero();
        List<String> lines = printed.lines().toList();
        assertThat(ScriptsTest.number(lines, "accuracy")).isBetween(0.5, 1.0);
        assertThat(lines).anyMatch(line -> line.startsWith("epoch 3/3  loss ")).contains("device   cpu");
        assertThat(folder.resolve("mnist.safetensors")).isRegularFile();
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signal that asks a process to end")
    void aSignalEndsTrainingAfterTheStepAndSaves() throws IOException, InterruptedException {
        Process program = program("train", "mnist", "--data", "synthetic", "--limit", "1000", "--epochs", "100000",
                "--save",
                "learnt.safetensors").start();
        try (BufferedReader out = program.inputReader(StandardCharsets.UTF_8)) {
            String line = out.readLine();
            while (line != null && !line.startsWith("epoch 1/100000  step 1/")) {
                line = out.readLine();
            }
            assertThat(line).isNotNull();
            program.toHandle().destroy();
            assertThat(out.lines().toList()).anyMatch(text -> text.startsWith("stopped in epoch "))
                    .noneMatch(text -> text.startsWith("accuracy "))
                    .contains("saved      learnt.safetensors");
        }
        assertThat(program.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(program.exitValue()).isEqualTo(128 + 15);
        assertThat(folder.resolve("learnt.safetensors")).isRegularFile();
    }

    @Test
    void aWrongSettingOfTheBackendIsOneLine() throws IOException, InterruptedException {
        ProcessBuilder builder = program("devices");
        builder.environment().put("JACOBIAN_THREADS", "many");
        Process program = builder.start();
        assertThat(end(program)).contains("jacobian: JACOBIAN_THREADS: got 'many'").doesNotContain("\tat ");
        assertThat(program.exitValue()).isEqualTo(ExitCode.USAGE);
    }
}
