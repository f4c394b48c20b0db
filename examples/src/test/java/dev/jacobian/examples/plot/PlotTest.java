package dev.jacobian.examples.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

class PlotTest {

    private static final double[] STEPS = IntStream.range(1, 51).asDoubleStream().toArray();
    private static final double[] LOSSES = Arrays.stream(STEPS).map(step -> Math.exp(-step / 5)).toArray();

    @TempDir
    Path folder;

    private static Plot plot() {
        return Plot.of("Loss", "step", "loss");
    }

    private String saved(Plot plot) throws IOException {
        Path file = folder.resolve("p.svg");
        assertThat(plot.save(file)).isEqualTo(file);
        return Files.readString(file);
    }

    @Test
    void isAPictureOfTheWholeSeries() throws IOException, ParserConfigurationException, SAXException {
        saved(plot().line("SGD", STEPS, LOSSES).points("Adam", STEPS, LOSSES));
        Element picture = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(folder.resolve("p.svg").toFile())
                .getDocumentElement();
        assertThat(picture.getTagName()).isEqualTo("svg");
        assertThat(picture.getAttribute("viewBox")).isEqualTo("0 0 720 420");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).as("nothing but the file").hasSize(1);
        }
        assertThat(lines(Files.readString(folder.resolve("p.svg")))).contains(STEPS.length);
    }

    /** The numbers of points of the lines. */
    private static List<Integer> lines(String picture) {
        return Pattern.compile("points=\"([^\"]*)\"").matcher(picture).results()
                .map(found -> found.group(1).split(" ", -1).length).toList();
    }

    @Test
    void linesDifferInMoreThanTheirColour() throws IOException {
        Plot plot = plot();
        for (String name : List.of("a", "b", "c", "d")) {
            plot.line(name, STEPS, LOSSES);
        }
        assertThat(Pattern.compile("<polyline style=\"([^\"]*)\"").matcher(saved(plot)).results()
                .map(found -> found.group(1)).filter(style -> style.contains("stroke-width:2"))
                .map(style -> style.replaceAll("stroke:rgb[^;]*;", "")).distinct()).hasSize(4);
    }

    /** How wide a label is drawn depends on the fonts; that it is drawn at all does not. */
    @ParameterizedTest
    @CsvSource({"0.9, 1.1", "0.2, 30", "1e-5, 1", "1e-300, 1e300", "3, 3"})
    void logarithmicAxesHaveLabels(double low, double high) {
        Axis axis = Axis.of("y", true, List.of(new double[] {low, high}));
        double[] inside = axis.positions(new double[] {low, high});
        assertThat(inside[0]).isGreaterThan(axis.min());
        assertThat(inside[1]).isLessThan(axis.max());
        assertThat(plot().line("a", new double[] {low, high}, new double[] {low, high}).logX().logY()
                .save(folder.resolve("p.svg"))).isNotEmptyFile();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "3, 3", "-1e-300, 1e-300", "1e300, 1.1e300", "1, 1.0000000000000002", "-5, 1e6"})
    void linearAxesShowAllThereIs(double low, double high) {
        Axis axis = Axis.of("y", false, List.of(new double[] {low}, new double[] {high}));
        assertThat(axis.min()).isLessThan(low);
        assertThat(axis.max()).isGreaterThan(high);
        assertThat(plot().points("a", new double[] {low, high}, new double[] {low, high}).save(folder.resolve("p.svg")))
                .isNotEmptyFile();
    }

    @Test
    void doesNotDependOnTheUsersLanguage() throws IOException {
        String plain = saved(plot().line("a", STEPS, LOSSES));
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            assertThat(saved(plot().line("a", STEPS, LOSSES)).replaceAll("clip\\d+", ""))
                    .isEqualTo(plain.replaceAll("clip\\d+", ""));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void staysSmall() {
        double[] x = IntStream.range(0, Plot.MOST_POINTS).asDoubleStream().toArray();
        double[] y = Arrays.stream(x).map(at -> Math.sin(at * at)).toArray();
        assertThat(plot().points("a", x, y).line("b", x, y).save(folder.resolve("p.svg"))).satisfies(
                file -> assertThat(Files.size(file)).isLessThan(2_000_000));
        assertThatThrownBy(() -> plot().line("loss", new double[100_000], new double[100_000]))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'loss' has 100000 points");
    }

    @Test
    void whatCannotBeDrawnIsRefused() {
        double[] two = {1, 2};
        assertThatThrownBy(() -> plot().line("a", two, new double[3])).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plot: 'a' has 2 numbers x and 3 numbers y");
        assertThatThrownBy(() -> plot().line("a", new double[0], new double[0]))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("has 0 points");
        assertThatThrownBy(() -> plot().points("a", two, new double[] {1, Double.NaN}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plot: y[1] of 'a' is NaN, expected a finite number");
        assertThatThrownBy(() -> plot().line("a", new double[] {Double.NEGATIVE_INFINITY, 0}, two))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("x[0] of 'a' is -Infinity");
        assertThatThrownBy(() -> plot().line("a", two, two).points("a", two, two))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("the name 'a'");
        Plot tooWide = plot().line("a", new double[] {-1e308, 1e308}, two);
        assertThatThrownBy(() -> tooWide.save(folder.resolve("p.svg"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("plot: x from -1.0E308 to 1.0E308");
        assertThatThrownBy(() -> plot().save(folder.resolve("p.svg"))).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'Loss' has no series");
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1})
    void logarithmicAxesRefuseWhatIsNotPositive(double number) {
        double[] two = {1, 2};
        Plot x = plot().line("good", two, two).line("a", new double[] {1, number}, two).logX();
        assertThatThrownBy(() -> x.save(folder.resolve("p.svg"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plot: x[1] of 'a' is " + number + ", expected a number above 0 on a logarithmic axis");
        Plot y = plot().logY().line("a", two, new double[] {number, 1});
        assertThatThrownBy(() -> y.save(folder.resolve("p.svg"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("y[0] of 'a'");
    }

    @Test
    void aFileThatCannotBeWrittenIsAnError() {
        Plot plot = plot().line("a", STEPS, LOSSES);
        assertThatThrownBy(() -> plot.save(folder.resolve("p.png"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(".svg");
        Path file = plot.save(folder.resolve("p.svg"));
        assertThatThrownBy(() -> plot.save(file.resolve("below").resolve("p.svg")))
                .isInstanceOf(UncheckedIOException.class).hasMessageContaining("cannot make the folder " + file);
    }

    @Test
    void aMissingFolderIsMade() {
        Path file = folder.resolve("none").resolve("yet").resolve("p.svg");
        assertThat(plot().line("a", STEPS, LOSSES).save(file)).isNotEmptyFile();
    }
}
