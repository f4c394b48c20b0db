package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What the documentation shows is run, and prints what it says. */
class DocsTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern BLOCK = Pattern.compile("^```java\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern PRINTED = Pattern.compile("println\\(.*\\);\\s*// (.*)$", Pattern.MULTILINE);

    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#]+)[^)]*\\)");
    private static final Pattern CODE_OR_FORMULA = Pattern.compile("^```.*?^```$|`[^`\\n]*`|\\$\\$.*?\\$\\$",
            Pattern.MULTILINE | Pattern.DOTALL);

    @TempDir
    Path folder;

    private static List<String> blocks(String document) throws IOException {
        List<String> blocks = new ArrayList<>();
        Matcher found = BLOCK.matcher(Files.readString(ROOT.resolve(document)));
        while (found.find()) {
            blocks.add(found.group(1));
        }
        return blocks;
    }

    @TestFactory
    Stream<DynamicTest> guide() throws IOException {
        List<String> blocks = blocks("docs/guide.md");
        assertThat(blocks).hasSizeGreaterThan(10);
        return Stream.iterate(0, i -> i < blocks.size(), i -> i + 1)
                .map(i -> DynamicTest.dynamicTest("block " + (i + 1), () -> run("Guide" + (i + 1), blocks.get(i))));
    }

    /** Files that a piece writes belong into a folder of the test. */
    private void run(String name, String block) throws IOException {
        String source = block.contains("void main(")
                ? block
                : "import module dev.jacobian.core;\n\nvoid main() {\n" + block + "}\n";
        source = source.replace("Path.of(\"", "Path.of(\"" + folder.toString().replace('\\', '/') + "/");
        Matcher declared = Pattern.compile("^public class (\\w+)", Pattern.MULTILINE).matcher(source);
        Path script = Files.writeString(folder.resolve((declared.find() ? declared.group(1) : name) + ".java"), source);
        Rng.seed(0); // as in a process of its own: other tests share this one's
        Cli ran = Cli.run("run", script.toString());
        assertThat(ran.err()).isEmpty();
        assertThat(ran.code()).isZero();
        List<String> promised = PRINTED.matcher(block).results().map(found -> found.group(1).strip()).toList();
        assertThat(ran.out().lines().toList()).containsSubsequence(promised);
        if (block.contains("\"graph.svg\"")) {
            assertThat(folder.resolve("graph.svg")).hasSameTextualContentAs(ROOT.resolve("docs/graph.svg"));
        }
    }

    @Test
    void theReadmesScriptIsTheOneThatIsTested() throws IOException {
        assertThat(blocks("README.md")).containsExactly(Files.readString(Path.of("scripts", "Mnist.java")));
    }

    @TestFactory
    Stream<DynamicTest> linksLeadSomewhere() throws IOException {
        try (Stream<Path> top = Files.list(ROOT); Stream<Path> below = Files.walk(ROOT.resolve("docs"))) {
            List<Path> documents = Stream.concat(top, below).filter(file -> file.toString().endsWith(".md")).toList();
            assertThat(documents).hasSizeGreaterThan(10);
            return documents.stream().map(document -> DynamicTest.dynamicTest(ROOT.relativize(document).toString(),
                    () -> followLinks(document)));
        }
    }

    /** Those to files, outside of code and formulas, where brackets may mean something else. */
    private static void followLinks(Path document) throws IOException {
        String text = CODE_OR_FORMULA.matcher(Files.readString(document)).replaceAll("");
        assertThat(LINK.matcher(text).results().map(found -> found.group(1)))
                .allSatisfy(target -> assertThat(document.resolveSibling(target)).exists());
    }
}
