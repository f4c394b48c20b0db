package dev.jacobian.examples.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.examples.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScriptRunnerTest {

    private static final String RESULT = "jacobian.test.result";

    @TempDir
    Path folder;

    private final List<Path> compiled = new ArrayList<>();
    private String stamp = "one";

    /** Counts what the real compiler is asked for. */
    private final class Counting extends ScriptCompiler {
        @Override
        String stamp() {
            return stamp;
        }

        @Override
        String compile(Path script, String source, Path classes) throws IOException {
            compiled.add(script);
            return super.compile(script, source, classes);
        }
    }

    @AfterEach
    void clear() {
        System.clearProperty(RESULT);
    }

    private Path cache() {
        return folder.resolve("cache");
    }

    private ScriptRunner runner() {
        return new ScriptRunner(new ScriptCache(cache(), new Counting()));
    }

    private Path script(String name, String source) throws IOException {
        return Files.writeString(folder.resolve(name), source);
    }

    private static String result() {
        return System.getProperty(RESULT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"void main() { set(\"\"); }", "void main(String[] args) { set(args[0]); }",
            "static void main() { set(\"\"); }", "public static void main(String[] args) { set(args[0]); }",
            "protected void main() { set(\"\"); }\nvoid main(String... args) { set(args[0]); }"})
    void startsMainAsJavaDoes(String main) throws Exception {
        Path script = script("Start.java",
                main + "\nstatic void set(String value) { System.setProperty(\"" + RESULT + "\", \"ran\" + value); }");
        runner().run(script, "x");
        assertThat(result()).isEqualTo(main.contains("args") ? "ranx" : "ran");
    }

    @Test
    void importsTheLibraryAsAModule() throws Exception {
        runner().run(
                script("Uses.java", "import module dev.jacobian.core;\nvoid main() { System.setProperty(\"" + RESULT
                        + "\", Shape.class.getName()); }"));
        assertThat(result()).isEqualTo("dev.jacobian.backend.Shape");
    }

    @Test
    void runsTheFirstClassOfAnOrdinaryFile() throws Exception {
        runner().run(script("Ordinary.java", "package some.where;\nclass First { static void main(String[] args) {"
                + " System.setProperty(\"" + RESULT + "\", new Second().toString()); } }\n"
                + "class Second { @Override public String toString() { return \"second\"; } }"));
        assertThat(result()).isEqualTo("second");
    }

    @Test
    void compilesOnceUntilSomethingChanges() throws Exception {
        Path script = script("Once.java", "void main() { System.setProperty(\"" + RESULT + "\", \"a\"); }");
        runner().run(script);
        runner().run(script);
        assertThat(compiled).hasSize(1);

        Files.writeString(script, Files.readString(script).replace("\"a\"", "\"b\""));
        runner().run(script);
        assertThat(compiled).hasSize(2);
        assertThat(result()).isEqualTo("b");

        stamp = "two";
        runner().run(script);
        assertThat(compiled).hasSize(3);
    }

    @Test
    void leavesOnlyWholeEntries() throws Exception {
        runner().run(script("Whole.java", "void main() { }"));
        try (Stream<Path> entries = Files.list(cache())) {
            List<Path> found = entries.toList();
            assertThat(found).hasSize(1);
            assertThat(found.getFirst().getFileName().toString()).hasSize(64);
            assertThat(found.getFirst().resolve("Whole.class")).exists();
        }
    }

    @Test
    void compilesAgainWhatAnInterruptedProgramLeft() throws Exception {
        Path script = script("Again.java", "void main() { }");
        runner().run(script);
        try (Stream<Path> entries = Files.list(cache())) {
            Files.delete(entries.findFirst().orElseThrow().resolve(ScriptCache.MAIN));
        }
        runner().run(script);
        assertThat(compiled).hasSize(2);
    }

    @Test
    void dropsTheEntriesThatWereLongestUnused() throws Exception {
        for (int i = 0; i < 70; i++) {
            Path old = Files.createDirectories(cache().resolve("old" + i));
            Files.writeString(old.resolve(ScriptCache.MAIN), "Old");
            Files.setLastModifiedTime(old, FileTime.fromMillis(1000L * i));
        }
        Path abandoned = Files.createDirectories(cache().resolve(".new123"));
        Files.setLastModifiedTime(abandoned, FileTime.fromMillis(1000));
        Path inWork = Files.createDirectories(cache().resolve(".new124"));
        runner().run(script("Fresh.java", "void main() { }"));
        assertThat(abandoned).doesNotExist();
        assertThat(inWork).exists();
        Files.delete(inWork);
        try (Stream<Path> entries = Files.list(cache())) {
            List<String> names = entries.map(path -> path.getFileName().toString()).toList();
            assertThat(names).hasSize(64).doesNotContain("old0", "old6").contains("old7", "old69");
        }
    }

    @Test
    void runsWithoutACacheFolder() throws Exception {
        Files.writeString(cache(), "a file in the folder's place");
        runner().run(script("Without.java", "void main() { System.setProperty(\"" + RESULT + "\", \"ran\"); }"));
        assertThat(result()).isEqualTo("ran");
        assertThat(compiled).hasSize(1);
    }

    @Test
    void showsCompilerErrorsWithTheScriptsLines() throws IOException {
        Path script = script("Wrong.java", "void main() {\n    int x = \"one\";\n    y = 2;\n}\n");
        assertThatThrownBy(() -> runner().run(script)).isInstanceOf(Failure.class)
                .hasMessageContaining("Wrong.java:2: error: incompatible types")
                .hasMessageContaining("    int x = \"one\";\n            ^")
                .hasMessageContaining("Wrong.java:3: error:")
                .hasMessageEndingWith("2 errors in Wrong.java");
        assertThat(cache()).isEmptyDirectory();
    }

    @Test
    void showsSyntaxErrors() throws IOException {
        Path script = script("Broken.java", "void main() {\n    int x = ;\n}\n");
        assertThatThrownBy(() -> runner().run(script)).isInstanceOf(Failure.class)
                .hasMessageContaining("Broken.java:2: error: illegal start of expression");
    }

    @Test
    void namesWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> runner().run(folder.resolve("None.java"))).isInstanceOf(Failure.class)
                .hasMessageMatching("run: no file .*None.java");
        assertThatThrownBy(() -> runner().run(folder)).isInstanceOf(Failure.class).hasMessageContaining("is a folder");
        Path script = script("NoMain.java", "class NoMain { private static void main() { } }");
        assertThatThrownBy(() -> runner().run(script)).isInstanceOf(Failure.class)
                .hasMessageContaining("has no main method");
        Path closed = script("Closed.java", "class Closed { Closed(int x) { } void main() { } }");
        assertThatThrownBy(() -> runner().run(closed)).isInstanceOf(Failure.class)
                .hasMessageContaining("Closed has no constructor without arguments");
    }

    @Test
    void showsTheScriptsOwnFramesOfAnException() throws IOException {
        Path script = script("Throws.java",
                "void main() {\n    deeper();\n}\nvoid deeper() {\n    List.of(1).get(7);\n}\n");
        assertThatThrownBy(() -> runner().run(script)).isInstanceOf(ScriptException.class)
                .hasCauseInstanceOf(IndexOutOfBoundsException.class).message()
                .satisfies(message -> assertThat(message.lines().skip(1)).startsWith("    at deeper (Throws.java:5)",
                        "    at main (Throws.java:2)"));
    }

    @Test
    void printsAMessageOnceThatAWrapperTookOver() throws IOException {
        Path same = script("Same.java", "void main() {\n    throw"
                + " new IllegalStateException(\"no sheep\", new IllegalArgumentException(\"no sheep\"));\n}\n");
        assertThatThrownBy(() -> runner().run(same)).isInstanceOf(ScriptException.class)
                .hasMessage("IllegalStateException: no sheep\n    at main (Same.java:2)");

        Path deeper = script("Deeper.java", """
                void main() {
                    try {
                        count();
                    } catch (IllegalArgumentException e) {
                        throw new IllegalStateException(e.getMessage(), e);
                    }
                }
                void count() {
                    throw new IllegalArgumentException("no sheep", new IOException("no meadow"));
                }
                """);
        assertThatThrownBy(() -> runner().run(deeper)).isInstanceOf(ScriptException.class).hasMessage("""
                IllegalStateException: no sheep
                    at main (Deeper.java:5)
                  caused by IllegalArgumentException
                    at count (Deeper.java:9)
                    at main (Deeper.java:3)
                  caused by IOException: no meadow
                    at count (Deeper.java:9)
                    at main (Deeper.java:3)""");
    }

    @Test
    void givesTheScriptItsOwnClassLoaderAndTakesItBack() throws Exception {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        runner().run(script("Loader.java",
                "void main() { System.setProperty(\"" + RESULT
                        + "\", \"\" + (Thread.currentThread().getContextClassLoader() == getClass().getClassLoader())); }"));
        assertThat(result()).isEqualTo("true");
        assertThat(Thread.currentThread().getContextClassLoader()).isSameAs(before);
    }
}
