package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LearnCommandTest {

    @TempDir
    Path home;

    @BeforeEach
    void writeScripts() throws IOException {
        System.setProperty("jacobian.home", home.toString());
        script("EmExponential", "// Two steps of EM, e.g. by hand.\n// More.", "IO.println(\"E \" + args.length);");
        script("Convolution2dBackward", "// The gradient of\n// a convolution. And more.", "IO.println(args[0]);");
        script("LstmCell", "", "Tensor.of(1f, 2f).softmax(3);");
    }

    private void script(String name, String comment, String statement) throws IOException {
        Path folder = Files.createDirectories(home.resolve("examples").resolve("learn"));
        Files.writeString(folder.resolve(name + ".java"),
                "import module dev.jacobian.core;\n\n" + comment + "\nvoid main(String[] args) {\n    " + statement
                        + "\n}\n");
    }

    @AfterEach
    void forgetHome() {
        System.clearProperty("jacobian.home");
    }

    @Test
    void withoutANameItListsWhatThereIs() {
        Cli list = Cli.run("learn");
        assertThat(list.err()).isEmpty();
        assertThat(list.code()).isZero();
        assertThat(list.out().lines()).containsExactly("convolution-2d-backward  The gradient of a convolution.",
                "em-exponential           Two steps of EM, e.g. by hand.", "lstm-cell");
    }

    @ParameterizedTest
    @ValueSource(strings = {"em-exponential", "EmExponential", "EmExponential.java", "EM-EXPONENTIAL", "emexponential",
            "examples/learn/EmExponential.java", "docs\\\\derivations\\\\em-exponential.md"})
    void runsTheOneMeant(String name) {
        Cli ran = Cli.run("learn", name, "x", "--", "--help", "--device");
        assertThat(ran.err()).isEmpty();
        assertThat(ran.code()).isZero();
        assertThat(ran.out()).isEqualToNormalizingNewlines("E 3\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"em-exponentail | similar: em-exponential; ",
            "conv | similar: convolution-2d-backward; ",
            "attention | jacobian learn lists all"})
    void anUnknownNameIsAnErrorThatHelps(String name, String help) {
        Cli wrong = Cli.run("learn", name);
        assertThat(wrong.code()).isEqualTo(ExitCode.USAGE);
        assertThat(wrong.out()).isEmpty();
        assertThat(wrong.err().lines()).singleElement().asString()
                .startsWith("jacobian: learn: there is no '" + name + "'; ").contains(help.strip())
                .endsWith("jacobian learn lists all");
    }

    /** The problems have no options: behind the name, too, these are the command's. */
    @Test
    void aWrongDeviceIsAnErrorOnEitherSideOfTheName() {
        for (String[] arguments : List.of(new String[] {"learn", "--device", "tpu", "em-exponential"},
                new String[] {"learn", "em-exponential", "--device", "tpu"})) {
            Cli wrong = Cli.run(arguments);
            assertThat(wrong.code()).isEqualTo(ExitCode.USAGE);
            assertThat(wrong.err()).contains("available: [cpu]");
        }
    }

    @Test
    void aScriptsErrorShowsItsOwnLine() {
        Cli failed = Cli.run("learn", "lstm-cell");
        assertThat(failed.code()).isEqualTo(ExitCode.FAILED);
        assertThat(failed.err()).contains("softmax: axis 3 out of range", "    at main (LstmCell.java:5)");
    }

    @Test
    void withoutTheProjectsFolderItSaysSo() throws IOException {
        System.setProperty("jacobian.home", home.resolve("none").toString());
        assertThat(Cli.run("learn").err()).startsWith("jacobian: learn: there is no folder ");
        System.clearProperty("jacobian.home");
        Cli lost = Cli.run("learn");
        assertThat(lost.code()).isEqualTo(ExitCode.FAILED);
        assertThat(lost.err()).startsWith("jacobian: learn: ").contains("./jacobian", "-Djacobian.home=FOLDER");
        assertThat(lost.err().lines()).hasSize(1);
    }

    @Test
    void helpSaysWhatThereIs() {
        assertThat(Cli.run("learn", "--help").out()).startsWith("Usage: jacobian learn").contains("NAME", "ARGS",
                "--device", "docs/derivations");
    }
}
