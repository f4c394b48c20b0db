package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.SAXException;

/** The derivations: each page has its script and its test, shows what the script prints, and can be read on GitHub. */
class LearnTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path PAGES = ROOT.resolve("docs/derivations");
    private static final Path PICTURES = PAGES.resolve("img");
    private static final Path SCRIPTS = ROOT.resolve("examples/learn");
    private static final Path TESTS = ROOT.resolve("core/src/test/java/dev/jacobian/derivations");

    private static final Pattern PRINTED = Pattern.compile("^```text\\n\\$ ./jacobian learn (\\S+)\\n(.*?)^```$",
            Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern PICTURE = Pattern.compile("!\\[[^\\]]+\\]\\(img/([^)]+\\.svg)\\)");
    /** But not formulas that are written $`…`$. */
    private static final Pattern CODE = Pattern.compile("^```.*?^```$|(?<!\\$)`[^`\\n]*`(?!\\$)",
            Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern BLOCK = Pattern.compile("\\$\\$(.*?)\\$\\$", Pattern.DOTALL);

    @TempDir
    static Path folder;

    @BeforeAll
    static void tellHome() {
        System.setProperty("jacobian.home", ROOT.toString());
    }

    @AfterAll
    static void forgetHome() {
        System.clearProperty("jacobian.home");
    }

    /** Their names, without {@code .md}. */
    private static List<String> pages() throws IOException {
        return files(PAGES).filter(name -> name.endsWith(".md") && !name.equals("README.md"))
                .map(name -> name.replace(".md", "")).sorted().toList();
    }

    private static Stream<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList().stream();
        }
    }

    private static String page(String name) throws IOException {
        return Files.readString(PAGES.resolve(name + ".md"));
    }

    private static List<String> pictures(String page) {
        return PICTURE.matcher(page).results().map(found -> found.group(1)).toList();
    }

    /** {@code EmExponential} for {@code em-exponential}. */
    private static String type(String page) {
        return Arrays.stream(page.split("-", -1)).map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                .collect(Collectors.joining());
    }

    @Test
    void everyScriptHasAPage() throws IOException {
        assertThat(Lesson.all(SCRIPTS)).extracting(Lesson::name).containsExactlyElementsOf(pages());
    }

    @TestFactory
    Stream<DynamicTest> everyPageHasItsScriptAndItsTest() throws IOException {
        String overview = Files.readString(PAGES.resolve("README.md"));
        return pages().stream().map(name -> DynamicTest.dynamicTest(name, () -> {
            Path script = SCRIPTS.resolve(type(name) + ".java");
            Path test = TESTS.resolve(type(name) + "Test.java");
            assertThat(script).exists();
            assertThat(Lesson.of(script).summary()).hasSizeBetween(20, 100).endsWith(".");
            assertThat(test).content().containsPattern("@Test\\b");
            assertThat(overview).contains("](" + name + ".md)", "](" + PAGES.relativize(script) + ")",
                    "](" + PAGES.relativize(test) + ")");
        }));
    }

    @TestFactory
    Stream<DynamicTest> pagesShowWhatTheirScriptsPrint() throws IOException {
        return pages().stream().map(name -> DynamicTest.dynamicTest(name, () -> {
            Path written = Files.createDirectories(folder.resolve(name));
            Cli ran = Cli.run("learn", name, written.toString());
            assertThat(ran.err()).isEmpty();
            assertThat(ran.code()).isZero();
            List<MatchResult> shown = PRINTED.matcher(page(name)).results().toList();
            assertThat(shown).as("blocks that begin with $ ./jacobian learn").hasSize(1);
            assertThat(shown.getFirst().group(1)).isEqualTo(name);
            assertThat(ran.out().lines()).containsExactlyElementsOf(shown.getFirst().group(2).lines().toList());
            assertThat(pictures(page(name))).as("pictures").containsAll(files(written).toList());
            for (String picture : files(written).toList()) {
                // Plots have letters as outlines, and those depend on this system's fonts.
                if (Files.readString(written.resolve(picture)).contains(" data-depth=")) {
                    assertThat(PICTURES.resolve(picture)).hasSameTextualContentAs(written.resolve(picture));
                }
            }
        }));
    }

    @Test
    void everyPictureIsShownAndIsOne() throws IOException, ParserConfigurationException, SAXException {
        List<String> shown = new ArrayList<>();
        for (String name : pages()) {
            shown.addAll(pictures(page(name)));
        }
        List<String> there = Files.exists(PICTURES) ? files(PICTURES).toList() : List.of();
        assertThat(there).containsExactlyInAnyOrderElementsOf(shown.stream().distinct().toList());
        DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        for (String picture : there) {
            assertThat(parser.parse(PICTURES.resolve(picture).toFile()).getDocumentElement().getTagName()).as(picture)
                    .isEqualTo("svg");
        }
    }

    /** What GitHub takes for mathematics, and can set. */
    @TestFactory
    Stream<DynamicTest> formulasAreWhatGitHubSets() throws IOException {
        return pages().stream().map(name -> DynamicTest.dynamicTest(name, () -> {
            String text = CODE.matcher(page(name)).replaceAll("");
            assertThat(text).doesNotContain("\\operatorname", "\\newcommand", "\\def\\", "\\label");
            List<String> formulas = new ArrayList<>(
                    BLOCK.matcher(text).results().map(found -> found.group(1)).toList());
            assertThat(formulas).as("blocks have no empty line").noneMatch(block -> block.strip().contains("\n\n"));
            String rest = BLOCK.matcher(text).replaceAll("");
            assertThat(rest).as("$$ come in pairs").doesNotContain("$$");
            for (String paragraph : rest.split("\n\n", -1)) {
                List<String> parts = List.of(paragraph.replace("\\$", "").split("\\$", -1));
                assertThat(parts.size() % 2).as("$ come in pairs in: " + paragraph).isEqualTo(1);
                for (int i = 1; i < parts.size(); i += 2) {
                    formulas.add(parts.get(i));
                }
            }
            assertThat(formulas).as("Markdown comes first: write \\cr for \\\\, \\lbrace for \\{, \\thinspace for \\,, "
                    + "}_ {i} for }_{i}, \\ast for *, and begin no line like that of a list")
                    .noneMatch(formula -> formula.matches(
                            "(?s).*(\\\\[^A-Za-z\\s]|[^A-Za-z0-9\\s]_\\S|\\*|\\n[-+>#] ).*"));
            assertThat(formulas).as("< before a letter begins a tag: write a space or \\lt")
                    .noneMatch(formula -> formula.matches("(?s).*<[A-Za-z/!].*"));
        }));
    }
}
