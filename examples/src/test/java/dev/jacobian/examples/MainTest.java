package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {

    @TempDir
    Path folder;

    @AfterEach
    void forgetChoices() {
        List.of("jacobian.device", "jacobian.threads", "jacobian.progress").forEach(System::clearProperty);
    }

    @Test
    void helpListsTheCommands() {
        Cli help = Cli.run("--help");
        assertThat(help.code()).isZero();
        assertThat(help.err()).isEmpty();
        assertThat(help.out()).startsWith("Usage: jacobian").contains("train", "run", "learn", "devices", "--version",
                "jacobian train mnist");
        assertThat(Cli.run().out()).isEqualTo(help.out());
    }

    @Test
    void helpOfTrainListsItsOptionsAndDefaults() {
        assertThat(Cli.run("train", "--help").out()).contains("mnist, fashion", "--data", "--epochs", "Default: 3",
                "--batch",
                "--device", "--seed", "--save", "--checkpoint", "--resume", "--lr", "--quiet", "--no-progress",
                "--threads", "--offline", "--limit");
    }

    @Test
    void versionNamesJacobianAndJava() {
        assertThat(Cli.run("--version").out().lines().toList()).hasSize(3).first().asString()
                .matches("Jacobian (\\d+\\.\\d+.*|\\(development\\))");
        assertThat(Cli.run("--version").out()).contains("Java " + Runtime.version());
    }

    @Test
    void devicesListsWhatThereIs() {
        Cli devices = Cli.run("devices");
        assertThat(devices.code()).isZero();
        assertThat(devices.out()).startsWith("cpu").containsPattern("used: cpu.*the fastest there is");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"fly | jacobian: Unmatched argument",
            "train | Missing required parameter: 'DATASET'",
            "train cats | expected one of [MNIST, FASHION]", "train mnist --epochs many | 'many' is not an int",
            "train mnist --epochs 0 | --epochs 0 is out of range; give at least 1",
            "train mnist --batch -1 | --batch -1 is out of range",
            "train mnist --batch 1 | --batch 1 is out of range; give at least 2",
            "train fashion --data synthetic | --data synthetic draws digits, not fashion; use train mnist --data synthetic",
            "train mnist --lr NaN | --lr NaN is out of range",
            "train mnist --threads 0 | --threads 0 is out of range",
            "train mnist --limit 1 | --limit 1 is out of range; give at least 2",
            "train mnist --save no/such/folder/m.safetensors | no folder",
            "train mnist --checkpoint no/such/folder/c.safetensors | --checkpoint: no folder",
            "train mnist --resume none.safetensors | no file none.safetensors; give one that --checkpoint wrote",
            "train mnist --device tpu | available: [cpu]",
            "run --device tpu x.java | available: [cpu]", "run | Missing required parameter: 'SCRIPT'"})
    void aWrongCommandIsOneLineAndCodeTwo(String command, String message) {
        Cli wrong = Cli.run(command.strip().split(" ", -1));
        assertThat(wrong.code()).isEqualTo(ExitCode.USAGE);
        assertThat(wrong.out()).isEmpty();
        assertThat(wrong.err()).startsWith("jacobian: ").contains(message.strip());
        assertThat(wrong.err().lines()).hasSize(1);
    }

    @Test
    void aMissingFolderIsAnErrorWithoutAStackTrace() {
        Cli failed = Cli.run("train", "mnist", "--data", folder.resolve("none").toString());
        assertThat(failed.code()).isEqualTo(ExitCode.FAILED);
        assertThat(failed.err()).startsWith("jacobian: ").contains("none").doesNotContain("\tat ");
    }

    @Test
    void verboseShowsTheStackTrace() {
        Cli failed = Cli.run("--verbose", "train", "mnist", "--data", folder.resolve("none").toString());
        assertThat(failed.err()).startsWith("jacobian: ").contains("\tat dev.jacobian.");
    }

    @Test
    void aMissingScriptIsAnError() {
        Cli failed = Cli.run("run", folder.resolve("None.java").toString());
        assertThat(failed.code()).isEqualTo(ExitCode.FAILED);
        assertThat(failed.err()).matches("jacobian: run: no file .*None.java\\R");
    }

    @Test
    void aScriptsErrorShowsItsOwnLine() throws IOException {
        Path script = Files.writeString(folder.resolve("Shapes.java"), """
                import module dev.jacobian.core;

                void main() {
                    Tensor.of(1f, 2f).softmax(3);
                }
                """);
        Cli failed = Cli.run("run", script.toString());
        assertThat(failed.code()).isEqualTo(ExitCode.FAILED);
        assertThat(failed.err().lines()).hasSize(2).first().asString()
                .startsWith("jacobian: IllegalArgumentException: softmax: axis 3 out of range");
        assertThat(failed.err()).contains("    at main (Shapes.java:4)");
    }

    @Test
    void optionsBehindTheScriptAreTheScripts() throws IOException {
        Path script = Files.writeString(folder.resolve("Arguments.java"),
                "void main(String[] args) { IO.println(String.join(\",\", args)); }");
        assertThat(Cli.run("run", script.toString(), "--help", "--device", "x").out().strip())
                .isEqualTo("--help,--device,x");
    }

    @Test
    void trainsOnAFolderAndSaves() throws IOException {
        Path data = TinyMnist.write(folder.resolve("data"), 640, 100);
        Path saved = folder.resolve("model.safetensors");
        Cli trained = Cli.run("train", "mnist", "--data", data.toString(), "--epochs", "2", "--batch", "64", "--device",
                "cpu", "--save", saved.toString());
        assertThat(trained.err()).isEmpty();
        assertThat(trained.code()).isZero();
        assertThat(trained.out().lines().toList()).satisfiesExactly(
                line -> assertThat(line).isEqualTo("data       MNIST in " + data),
                line -> assertThat(line).isEqualTo("images     640 to train on, 100 to test on"),
                line -> assertThat(line).startsWith("device     cpu"),
                line -> assertThat(line).matches("epoch 1/2  step 1/10  loss \\d\\.\\d{4}  accuracy 0\\.\\d{4}"),
                line -> assertThat(line).matches("epoch 1/2  loss .*  accuracy .*  val_loss .*  val_accuracy .* s"),
                line -> assertThat(line).startsWith("epoch 2/2  loss "),
                line -> assertThat(Double.parseDouble(line.replace("accuracy ", ""))).isBetween(0.5, 1.0),
                line -> assertThat(line).isEqualTo("saved      " + saved));
        assertThat(saved).isRegularFile();
    }

    /** Batch normalisation cannot learn from a last batch of one image. */
    @ParameterizedTest
    @CsvSource({"129, 128, 1", "5, 2, 2", "3, 2, 1", "2, 2, 1", "130, 128, 2"})
    void anyNumberOfImagesCanBeTrainedOn(int images, int batch, int steps) {
        Cli trained = Cli.run("train", "mnist", "--data", "synthetic", "--limit", "" + images, "--batch", "" + batch,
                "--epochs", "1");
        assertThat(trained.err()).isEmpty();
        assertThat(trained.code()).isZero();
        assertThat(trained.out()).contains("images     " + images + " to train on").contains("step 1/" + steps + " ")
                .containsPattern("(?m)^accuracy [01]");
    }

    @Test
    void oneImageIsNotEnough() throws IOException {
        Path data = TinyMnist.write(folder.resolve("data"), 1, 5);
        Cli failed = Cli.run("train", "mnist", "--data", data.toString());
        assertThat(failed.code()).isEqualTo(ExitCode.FAILED);
        assertThat(failed.err()).startsWith("jacobian: train: got 1 images to train on, expected at least 2");
        assertThat(failed.err().lines()).hasSize(1);
    }

    @Test
    void theSameSeedGivesTheSameResult() {
        String[] command = {"train", "mnist", "--data", "synthetic", "--limit", "300", "--epochs", "1",
                "--no-progress"};
        List<String> first = results(Cli.run(command));
        assertThat(results(Cli.run(command))).isEqualTo(first);
        assertThat(first).anyMatch(line -> line.contains("val_loss"));
    }

    /** All but the time that an epoch took. */
    private static List<String> results(Cli printed) {
        return printed.out().lines().map(line -> line.replaceAll("  [0-9.]+ s$", "")).toList();
    }

    @Test
    void quietPrintsTheResultOnly() {
        Cli trained = Cli.run("train", "mnist", "--data", "synthetic", "--limit", "200", "--epochs", "1", "--quiet");
        assertThat(trained.out().lines()).singleElement().asString().startsWith("accuracy 0.");
    }

    @Test
    void aSavedModelHasPyTorchsNames() throws IOException {
        Path saved = folder.resolve("m.safetensors");
        Cli.run("train", "mnist", "--data", "synthetic", "--limit", "64", "--epochs", "1", "--quiet", "--save",
                saved.toString());
        String header = new String(Files.readAllBytes(saved), StandardCharsets.ISO_8859_1);
        assertThat(header).contains("\"1.weight\"", "\"1.bias\"", "\"2.running_mean\"", "\"2.num_batches_tracked\"",
                "\"5.weight\"");
    }

    private static Cli trainDigits(String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "mnist", "--data", "synthetic", "--limit", "96",
                "--batch", "32", "--no-progress"));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray(String[]::new));
    }

    @Test
    void trainingGoesOnFromACheckpoint() {
        String saved = folder.resolve("c.safetensors").toString();
        assertThat(trainDigits("--epochs", "1", "--checkpoint", saved).code()).isZero();
        String other = folder.resolve("d.safetensors").toString();
        Cli resumed = trainDigits("--epochs", "2", "--resume", saved, "--checkpoint", other);
        assertThat(resumed.err()).isEmpty();
        assertThat(resumed.code()).isZero();
        assertThat(resumed.out()).contains("epoch 2/2").doesNotContain("epoch 1/2").contains("accuracy 0.");
        Cli again = trainDigits("--epochs", "2", "--resume", saved);
        assertThat(again.out().lines().toList().getLast()).startsWith("accuracy ")
                .isEqualTo(resumed.out().lines().toList().getLast());
        assertThat(Path.of(saved)).as("written on to where no other file is named")
                .hasSameBinaryContentAs(Path.of(other));
    }

    @Test
    void theDoctorAlsoSpeaksWhereTheDeviceIsMissing() {
        Cli doctor = Cli.run("doctor", "--device", "cuda:7");
        assertThat(doctor.code()).isZero();
        assertThat(doctor.out()).contains("java: ").contains("used: none; ").contains("no device cuda:7 here")
                .contains("self-test of cpu: ok");
    }

    @Test
    void aSignalStopsTheWorkAndWaitsForItsEnd() throws InterruptedException {
        var stopped = new CountDownLatch(1);
        var signal = new StopOnInterrupt(stopped::countDown);
        Thread hook = Thread.ofPlatform().start(signal::stopAndWait);
        stopped.await();
        assertThat(signal.isInterrupted()).isTrue();
        assertThat(hook.isAlive()).isTrue();
        signal.close();
        hook.join(5_000);
        assertThat(hook.isAlive()).isFalse();
    }
}
