package dev.jacobian.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class GraphFormatsTest {
    private static final List<String> ODD = List.of("end", "a\"b'c", "<script>alert(1)</script>", "&amp; & #quot;",
            "[x](y){z}|w|", "line\nbreak\r\tand tab", "back\\slash\\n", "]]>", "--> <!-- ;", "наука 数学 😀",
            "\u0000\u0007",
            "half \ud83d pair", "`**bold**` $x$ ~", "%%{init}%%", "x".repeat(300));

    @TempDir
    private Path folder;

    /** Odd names wherever a name can be. */
    private static Graph odd() {
        Tensor y = Tensor.of(1f).requireGrad();
        for (String name : ODD) {
            try (var _ = Autograd.enterLayer(name.replace('.', '_'))) {
                y = y.mul(Param.of(name, Tensor.of(2f)));
            }
        }
        return Graph.of(y, Map.of("result \"<&>\n", y));
    }

    private static List<Graph> graphs() {
        List<Graph> graphs = new ArrayList<>(List.of(odd(), odd().depth(0)));
        GraphModels.all().values().forEach(
                graph -> IntStream.rangeClosed(0, graph.depth()).mapToObj(graph::depth).forEach(graphs::add));
        return graphs;
    }

    // ---- SVG

    private static Document parse(String svg) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static List<Element> elements(Element in, String name) {
        NodeList found = in.getElementsByTagName(name);
        return IntStream.range(0, found.getLength()).mapToObj(i -> (Element) found.item(i)).toList();
    }

    private static List<Element> ofClass(Element in, String part) {
        return elements(in, "g").stream().filter(g -> List.of(g.getAttribute("class").split(" ", -1)).contains(part))
                .toList();
    }

    private static Element seen(Document document) {
        return elements(document.getDocumentElement(), "g").stream()
                .filter(g -> g.hasAttribute("data-depth") && !g.hasAttribute("display")).findFirst().orElseThrow();
    }

    @Test
    void svgHasAllNodesAndLayers() throws Exception {
        for (Graph graph : graphs()) {
            Element drawing = seen(parse(graph.toSvg()));
            List<Element> nodes = ofClass(drawing, "node");
            assertThat(nodes).hasSameSizeAs(graph.nodes());
            for (GraphNode node : graph.nodes()) {
                Label label = Label.of(node, graph);
                List<String> lines = new ArrayList<>(List.of(label.head()));
                lines.addAll(label.body());
                assertThat(elements(nodes.get(node.id()), "text")).extracting(Element::getTextContent).isEqualTo(lines);
                assertThat(elements(nodes.get(node.id()), "title").getFirst().getTextContent())
                        .isEqualTo(String.join("\n", label.details()));
            }
            assertThat(nodes.getLast().getAttribute("class")).contains("result");
            assertThat(ofClass(drawing, "open")).hasSameSizeAs(graph.groups());
        }
    }

    /** One drawing for each depth; each click leads to one that is there. */
    @Test
    void svgOpensAndClosesLayers() throws Exception {
        Graph graph = GraphModels.residual();
        Element svg = parse(graph.depth(2).toSvg()).getDocumentElement();
        List<Element> drawings = elements(svg, "g").stream().filter(g -> g.hasAttribute("data-depth")).toList();
        assertThat(drawings).extracting(g -> g.getAttribute("data-depth")).containsExactly("0", "1", "2");
        assertThat(drawings).extracting(g -> g.getAttribute("display")).containsExactly("none", "none", "");
        assertThat(drawings.getLast().getAttribute("data-size"))
                .isEqualTo(svg.getAttribute("width") + " " + svg.getAttribute("height"));
        for (int levels = 0; levels <= 2; levels++) {
            Element drawing = drawings.get(levels);
            String deeper = levels == 2 ? "" : Integer.toString(levels + 1);
            int most = levels;
            assertThat(ofClass(drawing, "closed")).extracting(g -> g.getAttribute("data-show")).containsOnly(deeper);
            assertThat(ofClass(drawing, "open")).extracting(g -> Integer.parseInt(g.getAttribute("data-show")))
                    .allMatch(shown -> shown < most);
        }
        assertThat(elements(svg, "script")).hasSize(1);
        assertThat(GraphModels.gradientOfSoftmax().toSvg()).doesNotContain("<script>");
    }

    /** Not all have one if they are large: then a click leads past those that are missing, or nowhere. */
    @Test
    void svgLeadsToNoDrawingThatIsMissing() throws Exception {
        Tensor y = Tensor.of(1f).requireGrad();
        for (int outer = 0; outer < 200; outer++) {
            try (var _ = Autograd.enterLayer("outer" + outer % 2)) {
                for (int inner = 0; inner < 6; inner++) {
                    try (var _ = Autograd.enterLayer("inner" + inner)) {
                        y = y.neg().exp();
                    }
                }
            }
        }
        Graph graph = Graph.of(y);
        for (Graph shown : List.of(graph, graph.depth(1), graph.depth(2), graph.depth(3))) {
            Element svg = parse(shown.toSvg()).getDocumentElement();
            List<String> drawn = elements(svg, "g").stream().map(g -> g.getAttribute("data-depth"))
                    .filter(depth -> !depth.isEmpty()).toList();
            assertThat(elements(svg, "g").stream().map(g -> g.getAttribute("data-show")).filter(show -> !show.isEmpty())
                    .distinct()).containsExactlyInAnyOrderElementsOf(drawn.size() == 1 ? List.of() : drawn);
        }
    }

    @Test
    void svgIsLegibleInTheDark() {
        assertThat(GraphModels.perceptron().toSvg()).contains("prefers-color-scheme: dark", "class='paper'");
    }

    // ---- DOT

    private static final Pattern DOT_STRING = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");

    @Test
    void dotIsBalanced() {
        for (Graph graph : graphs()) {
            String bare = DOT_STRING.matcher(graph.toDot()).replaceAll("S");
            assertThat(bare).doesNotContain("\"").startsWith("digraph {").endsWith("}\n");
            assertThat(bare.chars().filter(c -> c == '{').count())
                    .isEqualTo(bare.chars().filter(c -> c == '}').count());
            assertThat(bare.lines().filter(line -> line.matches(" *n\\d+ \\[label=S, tooltip=S.*]")).count())
                    .isEqualTo(graph.nodes().size());
            assertThat(bare.lines().filter(line -> line.contains("subgraph cluster_")).count())
                    .isEqualTo(graph.groups().size());
        }
    }

    @Test
    void dotKeepsWhatLooksLikeHtml() {
        Tensor x = Tensor.of(1f).requireGrad();
        assertThat(Graph.of(x.neg(), Map.of("&lt;", x)).toDot()).contains("\"&amp;lt;\\n");
    }

    @Test
    void graphvizReadsIt() throws IOException, InterruptedException {
        assumeTrue(isInstalled("dot"), "Graphviz is not installed");
        for (Graph graph : List.of(odd(), odd().depth(0), GraphModels.residual(), GraphModels.recurrent())) {
            Path log = folder.resolve("log");
            Process dot = new ProcessBuilder("dot", "-Tsvg", "-o", folder.resolve("out.svg").toString(),
                    graph.save(folder.resolve("graph.dot")).toString()).redirectErrorStream(true)
                    .redirectOutput(log.toFile()).start();
            assertThat(dot.waitFor()).as(Files.readString(log)).isZero();
            assertThat(Files.readString(folder.resolve("out.svg"))).contains("<svg");
        }
    }

    private static boolean isInstalled(String program) {
        return Pattern.compile(Pattern.quote(java.io.File.pathSeparator)).splitAsStream(System.getenv("PATH"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
    }

    // ---- Mermaid

    @Test
    void mermaidHasNothingButWhatItShould() {
        String text = "\"(?! *\")(?:[^\"#;&<>`\\\\*_~$%]|#\\d+;|<br/>)*\"";
        Pattern line = Pattern.compile("flowchart TB| *classDef [a-z]+ [a-z0-9#:,-]+| *subgraph g\\d+\\[" + text + "]"
                + "| *end| *n\\d+(\\[/" + text + "/]|\\(\\[" + text + "]\\)|\\[\\[" + text + "]]|\\[" + text
                + "]):::[a-z]+| *n\\d+ -->(\\|" + text + "\\|)? n\\d+");
        for (Graph graph : graphs()) {
            String mermaid = graph.toMermaid();
            assertThat(mermaid.lines()).allMatch(found -> line.matcher(found).matches());
            assertThat(mermaid.lines().filter(found -> found.strip().equals("end")).count())
                    .isEqualTo(graph.groups().size())
                    .isEqualTo(mermaid.lines().filter(found -> found.strip().startsWith("subgraph")).count());
        }
    }

    // ---- all

    @Test
    void sameGraphSameText() {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Rng.seed(1);
            Graph graph = GraphModels.residual();
            texts.add(graph.toSvg() + graph.toDot() + graph.toMermaid());
        }
        assertThat(texts.getFirst()).isEqualTo(texts.getLast());
    }

    /** An operation of one's own. */
    private record Scale(double factor, List<Integer> axes, boolean inverse, String note, Tensor hidden) implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0].mul(factor);
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy.mul(factor));
        }
    }

    @Test
    void showsStaticParameters() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        Graph graph = Graph.of(Autograd.apply(new Scale(0.1 + 0.2, List.of(0), true, "deep", x), x));
        Label label = Label.of(graph.nodes().getLast(), graph);
        assertThat(label.head()).isEqualTo("scale");
        assertThat(label.body()).containsExactly("factor 0.3, axes [0], inverse, note…", "[2]");
        assertThat(label.details()).containsExactly("operation scale", "factor 0.3, axes [0], inverse, note deep",
                "result float32 [2]");
        Graph sliced = Graph.of(x.slice(0, 0, 1));
        assertThat(Label.of(sliced.nodes().getLast(), sliced).body()).containsExactly("axis 0, from 0, length 1",
                "[1]");
    }

    /** With what a picture is no place to fail for, and what would differ from run to run. */
    private record Odd(Object sizes, Runnable function, List<Tensor> tensors, Object broken,
            Object many) implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0].neg();
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy.neg());
        }
    }

    @Test
    void showsWhatItCanOfStaticParameters() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        Object broken = new Object() {
            @Override
            public String toString() {
                throw new IllegalStateException("closed");
            }
        };
        Op odd = new Odd(new int[] {1, 2}, () -> {}, List.of(x), broken, new double[][] {{0.1 + 0.2}, new double[30]});
        Graph graph = Graph.of(Autograd.apply(odd, x));
        assertThat(Label.of(graph.nodes().getLast(), graph).details()).containsExactly("operation odd",
                "sizes [1, 2], many [[0.3], [" + "0, ".repeat(20) + "…]]", "result float32 [2]");
    }

    @Test
    void savesByExtension() throws IOException {
        Graph graph = GraphModels.perceptron();
        assertThat(Files.readString(graph.save(folder.resolve("a.svg")))).isEqualTo(graph.toSvg());
        assertThat(Files.readString(graph.save(folder.resolve("a.DOT")))).isEqualTo(graph.toDot());
        assertThat(Files.readString(graph.save(folder.resolve("a.gv")))).isEqualTo(graph.toDot());
        assertThat(Files.readString(graph.save(folder.resolve("a.svg.mmd")))).isEqualTo(graph.toMermaid());
        for (String name : List.of("a.png", "svg", "a.")) {
            assertThatIllegalArgumentException().isThrownBy(() -> graph.save(folder.resolve(name)))
                    .withMessageContainingAll(name, ".svg", ".dot", ".gv", ".mmd");
        }
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> graph.save(folder.resolve("missing").resolve("a.svg")));
    }
}
