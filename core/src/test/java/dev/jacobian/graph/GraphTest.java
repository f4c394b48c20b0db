package dev.jacobian.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Checkpoint;
import dev.jacobian.nn.Embedding;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Residual;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.Tanh;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class GraphTest {
    private final Sequential model = new Sequential(new Linear(4, 3),
            new Residual(new Sequential(new Linear(3, 3), new Tanh())));

    private Tensor loss() {
        return model.call(Tensor.ones(2, 4)).square().sum();
    }

    private static List<String> edges(Graph graph) {
        return graph.edges().stream().map(edge -> edge.from() + ">" + edge.to() + "." + edge.input()).toList();
    }

    private static <T extends GraphNode> List<T> nodes(Graph graph, Class<T> kind) {
        return graph.nodes().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** The path of the innermost group of a node. */
    private static String group(Graph graph, GraphNode node) {
        return node.group() < 0 ? "" : graph.groups().get(node.group()).path();
    }

    // ---- nodes and edges

    @Test
    void hasWhatTheTapeHas() {
        Param w = Param.of("w", Tensor.of(2f, -1f));
        Tensor x = Tensor.of(3f, 4f);
        Graph graph = Graph.of(w.mul(x).sum().square(), Map.of("x", x));
        assertThat(graph.nodes()).extracting(GraphNode::name).containsExactly("w", "x", "mul", "sum", "square");
        assertThat(graph.nodes()).extracting(GraphNode::shape).containsExactly(Shape.of(2), Shape.of(2), Shape.of(2),
                Shape.SCALAR, Shape.SCALAR);
        assertThat(graph.nodes().get(0)).isInstanceOf(GraphNode.Parameter.class);
        assertThat(graph.nodes().get(1)).isInstanceOf(GraphNode.Input.class);
        assertThat(edges(graph)).containsExactly("0>2.0", "1>2.1", "2>3.0", "3>4.0");
        assertThat(graph.edges()).extracting(GraphEdge::shape).containsExactly(Shape.of(2), Shape.of(2), Shape.of(2),
                Shape.SCALAR);
        assertThat(graph.groups()).isEmpty();
        assertThat(graph).hasToString("graph of 3 operations, 1 parameter, 1 input, 0 closed layers");
    }

    @Test
    void tellsLeavesApart() {
        Param frozen = Param.of("table", Tensor.of(1.0)).freeze();
        Tensor variable = Tensor.of(2.0).requireGrad();
        Graph graph = Graph.of(frozen.mul(variable).add(Tensor.of(3).to(DType.FLOAT64)));
        assertThat(graph.nodes()).extracting(GraphNode::name).containsExactly("table", "variable", "mul", "input",
                "add");
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(GraphNode.Parameter::requiresGrad)
                .containsExactly(false);
        assertThat(nodes(graph, GraphNode.Input.class)).extracting(GraphNode.Input::requiresGrad).containsExactly(true,
                false);
        assertThat(graph.nodes()).extracting(GraphNode::dtype).containsOnly(DType.FLOAT64);
    }

    @Test
    void hasWhatIsSharedOnce() {
        Param w = Param.of("w", Tensor.of(2f));
        Tensor square = w.mul(w);
        Graph graph = Graph.of(square.add(square).mul(w));
        assertThat(graph.nodes()).extracting(GraphNode::name).containsExactly("w", "mul", "add", "mul");
        assertThat(edges(graph)).containsExactly("0>1.0", "0>1.1", "1>2.0", "1>2.1", "2>3.0", "0>3.1");
    }

    @Test
    void namesViewsOfWhatHasAName() {
        Tensor x = Tensor.ones(2, 2, 2);
        Tensor y = new Sequential(new Flatten(), new Linear(4, 3)).call(x);
        assertThat(nodes(Graph.of(y, Map.of("x", x)), GraphNode.Input.class))
                .extracting(GraphNode::name, GraphNode::shape).containsExactly(tuple("view of x", Shape.of(2, 4)));
    }

    @Test
    void namesResults() {
        Tensor x = Tensor.of(1f).requireGrad();
        Tensor y = x.exp();
        Graph graph = Graph.of(y.log(), Map.of("x", x, "y", y));
        assertThat(nodes(graph, GraphNode.Operation.class)).extracting(GraphNode.Operation::label).containsExactly("y",
                "");
        assertThat(graph.nodes().getFirst().name()).isEqualTo("x");
    }

    @Test
    void isInTopologicalOrder() {
        SplittableRandom random = new SplittableRandom(5);
        Stream.concat(GraphModels.all().values().stream(), Stream.generate(() -> GraphModels.random(random)).limit(100))
                .forEach(graph -> {
                    for (int levels = graph.depth(); levels >= 0; levels--) {
                        Graph shown = graph.depth(levels);
                        assertThat(shown.edges()).allMatch(edge -> edge.from() < edge.to());
                        for (int i = 0; i < shown.nodes().size(); i++) {
                            assertThat(shown.nodes().get(i).id()).isEqualTo(i);
                        }
                        assertThat(shown.groups()).allMatch(group -> group.parent() < group.id());
                        HashSet<Integer> used = new HashSet<>();
                        shown.edges().forEach(edge -> used.add(edge.from()));
                        assertThat(used).as("all but the result are used").hasSize(shown.nodes().size() - 1);
                    }
                });
    }

    @Test
    void needsNeitherMemoryNorAnUnusedTape() {
        Tensor loss;
        String before;
        try (var _ = MemoryScope.open()) {
            loss = loss();
            before = Graph.of(loss, model).toDot();
            loss.backward();
            assertThat(Graph.of(loss, model).toDot()).isEqualTo(before);
        }
        assertThat(loss.isAlive()).isFalse();
        assertThat(Graph.of(loss, model).toDot()).isEqualTo(before);
    }

    @Test
    void saysWhatIsMissing() {
        try (var _ = Autograd.noGrad()) {
            Tensor unrecorded = loss();
            assertThatIllegalArgumentException().isThrownBy(() -> Graph.of(unrecorded))
                    .withMessageContaining("nothing was recorded").withMessageContaining("noGrad()");
        }
        Param alone = Param.of("alone", Tensor.of(1f));
        assertThat(Graph.of(alone).nodes()).extracting(GraphNode::name).containsExactly("alone");
        assertThat(Graph.of(alone).toSvg()).contains("alone");
    }

    // ---- layers

    @Test
    void groupsByLayers() {
        Graph graph = Graph.of(loss(), model);
        assertThat(graph.groups()).extracting(GraphGroup::path).containsExactly("0", "1", "1.block", "1.block.0",
                "1.block.1");
        assertThat(graph.groups()).extracting(GraphGroup::title).containsExactly("0 · Linear", "1 · Residual",
                "block · Sequential", "0 · Linear", "1 · Tanh");
        assertThat(graph.groups()).extracting(GraphGroup::parent).containsExactly(-1, -1, 1, 2, 2);
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(GraphNode::name)
                .containsExactly("0.weight", "0.bias", "1.block.0.weight", "1.block.0.bias");
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(node -> group(graph, node))
                .containsExactly("0", "0", "1.block.0", "1.block.0");
        assertThat(nodes(graph, GraphNode.Operation.class))
                .filteredOn(node -> node.name().equals("add") && group(graph, node).equals("1")).hasSize(1);
        assertThat(nodes(graph, GraphNode.Input.class)).extracting(GraphNode::group).containsExactly(-1);
        assertThat(graph.depth()).isEqualTo(3);
    }

    @Test
    void knowsPathsWithoutTheModel() {
        Graph graph = Graph.of(loss());
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(GraphNode::name)
                .containsExactly("0.weight", "0.bias", "1.block.0.weight", "1.block.0.bias");
        assertThat(graph.groups()).extracting(GraphGroup::title).containsExactly("0", "1", "block", "0", "1");
    }

    @Test
    void knowsTypesInsideOfCheckpoints() {
        var blocks = new Sequential(Checkpoint.of(Checkpoint.of(new Sequential(new Tanh(), new Linear(4, 3)))));
        Tensor result = blocks.call(Tensor.ones(2, 4).requireGrad());
        assertThat(Graph.of(result, blocks).groups()).extracting(GraphGroup::title).containsExactly("0 · Checkpoint",
                "0 · Tanh", "1 · Linear");
    }

    @Test
    void tellsCallsApart() {
        Graph graph = GraphModels.recurrent();
        assertThat(graph.groups()).extracting(GraphGroup::title).containsExactly("input · Linear",
                "input · Linear (call 2)", "state · Linear", "input · Linear (call 3)", "state · Linear (call 2)",
                "input · Linear (call 4)", "state · Linear (call 3)");
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(GraphNode::name).containsExactly("input.weight",
                "input.bias", "state.weight", "state.bias");
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(GraphNode::group).containsOnly(-1);
    }

    /** A table of embeddings that is the last layer's weight too. */
    private static final class Tied extends Layer {
        private final Embedding embedding = register("embedding", new Embedding(5, 4));

        @Override
        protected Tensor forward(Tensor x) {
            return embedding.call(x).matmul(embedding.weight().transpose(0, 1));
        }
    }

    @Test
    void putsWhatSeveralLayersUseOutsideOfThem() {
        Tied tied = new Tied();
        Graph graph = Graph.of(tied.call(Tensor.of(1, 2)).sum(), tied);
        assertThat(nodes(graph, GraphNode.Parameter.class)).extracting(GraphNode::name, GraphNode::group)
                .containsExactly(tuple("embedding.weight", -1));
        assertThat(nodes(graph.depth(0), GraphNode.Parameter.class)).hasSize(1);
    }

    @Test
    void putsWhatALayerHasMadeInside() {
        Graph graph = GraphModels.perceptron();
        assertThat(nodes(graph, GraphNode.Input.class)).filteredOn(node -> node.name().equals("constant")).isNotEmpty()
                .allMatch(node -> node.group() >= 0);
        assertThat(nodes(graph, GraphNode.Input.class)).filteredOn(node -> node.name().length() == 1)
                .extracting(GraphNode::name, GraphNode::group)
                .containsExactly(tuple("x", -1));
    }

    // ---- closed layers

    @Test
    void closesLayers() {
        Graph graph = Graph.of(loss(), model);
        Graph closed = graph.depth(0);
        assertThat(closed.nodes()).extracting(GraphNode::name).containsExactly("input", "0", "1", "square", "sum");
        assertThat(edges(closed)).containsExactly("0>1.0", "1>2.0", "2>3.0", "3>4.0");
        assertThat(nodes(closed, GraphNode.Closed.class)).extracting(GraphNode.Closed::parameters)
                .containsExactly(15L, 12L);
        assertThat(nodes(closed, GraphNode.Closed.class)).extracting(node -> node.layer().type())
                .containsExactly("Linear", "Residual");
        assertThat(nodes(closed, GraphNode.Closed.class)).extracting(GraphNode::shape).containsOnly(Shape.of(2, 3));
        assertThat(closed.depth()).isZero();
        assertThat(closed.groups()).isEmpty();
    }

    @Test
    void closesInStepsAsAtOnce() {
        Graph graph = GraphModels.residual();
        for (int levels = 0; levels < graph.depth(); levels++) {
            assertThat(graph.depth(levels + 1).depth(levels).toDot()).isEqualTo(graph.depth(levels).toDot());
            assertThat(graph.depth(levels).depth()).isEqualTo(levels);
        }
        assertThat(graph.depth(99).nodes()).isEqualTo(graph.nodes());
        assertThatIllegalArgumentException().isThrownBy(() -> graph.depth(-1)).withMessageContaining("at least 0");
    }

    @Test
    void losesNothingByClosing() {
        for (Graph graph : GraphModels.all().values()) {
            for (int levels = 0; levels <= graph.depth(); levels++) {
                Graph shown = graph.depth(levels);
                assertThat(sum(shown, GraphTest::isParameter)).isEqualTo(sum(graph, GraphTest::isParameter));
                int inside = nodes(shown, GraphNode.Closed.class).stream().mapToInt(GraphNode.Closed::operations).sum();
                assertThat(nodes(shown, GraphNode.Operation.class).size() + inside)
                        .isEqualTo(nodes(graph, GraphNode.Operation.class).size());
            }
        }
    }

    private static boolean isParameter(GraphNode node) {
        return node instanceof GraphNode.Parameter;
    }

    private static long sum(Graph graph, Predicate<GraphNode> counted) {
        return graph.nodes().stream()
                .mapToLong(node -> node instanceof GraphNode.Closed closed
                        ? closed.parameters()
                        : counted.test(node) ? node.shape().size() : 0)
                .sum();
    }

    // ---- size

    @Test
    void holdsOutWithADeepTape() {
        Tensor x = Tensor.of(1f).requireGrad();
        Tensor y = x;
        try (var _ = Autograd.enterLayer("deep")) {
            for (int i = 0; i < 100_000; i++) {
                y = y.mul(1.00001);
            }
        }
        Graph graph = Graph.of(y.exp());
        assertThat(graph.nodes()).hasSize(100_002);
        assertThat(graph.depth(0).nodes()).extracting(GraphNode::name).containsExactly("variable", "deep", "exp");
        assertThat(graph.toSvg()).contains("variable").hasSizeLessThan(10_000);
        assertThatIllegalArgumentException().isThrownBy(() -> graph.depth(1).toSvg())
                .withMessageContaining("100002 nodes").withMessageContaining("depth(n)");
        assertThat(graph.depth(1).toDot().lines().filter(line -> line.contains("->")).count()).isEqualTo(100_001);
    }

    @Test
    void showsNoMoreThanCanBeRead() {
        Graph graph = GraphModels.transformer();
        assertThat(graph.nodes()).hasSizeGreaterThan(Graph.LEGIBLE);
        assertThat(graph.legible().nodes()).hasSizeLessThanOrEqualTo(Graph.LEGIBLE);
        assertThat(graph.depth(graph.depth()).legible().nodes()).hasSameSizeAs(graph.nodes());
        Graph small = GraphModels.perceptron();
        assertThat(small.legible()).isSameAs(small);
    }
}
