package dev.jacobian.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Shape;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Residual;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.Tanh;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class GraphTest {
    private static final Sequential MODEL = new Sequential(new Linear(4, 3),
            new Residual(new Sequential(new Linear(3, 3), new Tanh())));

    private static Tensor loss() {
        return MODEL.call(Tensor.ones(2, 4)).square().sum();
    }

    @Test
    void hasWhatTheTapeHas() {
        Param w = Param.of("w", Tensor.of(2f, -1f));
        Tensor x = Tensor.of(3f, 4f);
        Graph graph = Graph.of(w.mul(x).sum().square(), Map.of("x", x));
        assertThat(graph.nodes()).extracting(GraphNode::name).containsExactly("w", "x", "mul", "sum", "square");
        assertThat(graph.nodes()).extracting(GraphNode::shape).containsExactly(Shape.of(2), Shape.of(2), Shape.of(2),
                Shape.SCALAR, Shape.SCALAR);
        assertThat(graph.edges()).extracting(edge -> edge.from() + ">" + edge.to() + "." + edge.input())
                .containsExactly("0>2.0", "1>2.1", "2>3.0", "3>4.0");
        assertThat(graph.groups()).isEmpty();
    }

    @Test
    void groupsByLayers() {
        Graph graph = Graph.of(loss(), MODEL);
        assertThat(graph.groups()).extracting(GraphGroup::path).containsExactly("0", "1", "1.block", "1.block.0",
                "1.block.1");
        assertThat(graph.groups()).extracting(GraphGroup::title).containsExactly("0 · Linear", "1 · Residual",
                "block · Sequential", "0 · Linear", "1 · Tanh");
        assertThat(graph.nodes()).filteredOn(GraphNode.Parameter.class::isInstance).extracting(GraphNode::name)
                .containsExactly("0.weight", "0.bias", "1.block.0.weight", "1.block.0.bias");
        assertThat(graph.depth()).isEqualTo(3);
    }

    @Test
    void closesLayers() {
        Graph closed = Graph.of(loss(), MODEL).depth(0);
        assertThat(closed.nodes()).extracting(GraphNode::name).containsExactly("input", "0", "1", "square", "sum");
        assertThat(closed.nodes().get(1)).isInstanceOfSatisfying(GraphNode.Closed.class,
                linear -> assertThat(linear.parameters()).isEqualTo(15));
        assertThat(closed.depth()).isZero();
    }

    @Test
    void saysWhatItNeeds() {
        try (var _ = Autograd.noGrad()) {
            Tensor unrecorded = loss();
            assertThatIllegalArgumentException().isThrownBy(() -> Graph.of(unrecorded))
                    .withMessageContaining("noGrad()");
        }
    }
}
