package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.Device;
import dev.jacobian.graph.Graph;
import dev.jacobian.graph.GraphNode;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What docs/derivations/softmax-steps.md states: the rules of exp, division and sum, and softmax made of them. */
final class SoftmaxStepsTest {
    private MemoryScope scope;
    private Device.Use use;
    private Tensor x;
    private Tensor dz;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        x = Tensor.of(1, 2, 3, 0.5);
        dz = Tensor.of(0.3, -1, 0.2, 0.8);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static void equal(Tensor got, Tensor want) {
        assertThat(got.shape()).isEqualTo(want.shape());
        assertThat(got.toDoubleArray()).containsExactly(want.toDoubleArray(), within(1e-14));
    }

    @Test
    void exp() {
        equal(Autograd.vjp(Tensor::exp, x, dz), dz.mul(x.exp()));
        assertThat(Autograd.vjp(Tensor::exp, x, dz).sub(dz.mul(x)).abs().max().item())
                .as("the slope of exp is exp, not x").isGreaterThan(0.1);
        GradientCheck.of(Tensor::exp, x).orThrow();
    }

    @Test
    void division() {
        Tensor y = Tensor.of(2, -1, 0.7, 3);
        equal(Autograd.vjp(v -> v.div(y), x, dz), dz.div(y));
        equal(Autograd.vjp(v -> x.div(v), y, dz), dz.mul(x).div(y.mul(y)).neg());
        GradientCheck.of(v -> v.get(0).div(v.get(1)), x, y).orThrow();
    }

    @Test
    void divisionByANumberThatAllEntriesShareSums() {
        Tensor s = Tensor.of(2.5);
        equal(Autograd.vjp(v -> x.div(v), s, dz), dz.mul(x).sum().div(2.5 * 2.5).neg().reshape(1));
        GradientCheck.of(v -> x.div(v), s).orThrow();
    }

    @Test
    void sum() {
        Tensor gradient = Tensor.of(1.7).reshape();
        equal(Autograd.vjp(Tensor::sum, x, gradient), x.onesLike().mul(1.7));
        GradientCheck.of(v -> v.sum(), x).orThrow();
    }

    /** exp, sum and division, and the shift in front; exp leads to two of them. */
    @Test
    void theGraph() {
        try (var _ = Device.of(new FusedBackend()).use(); var _ = Autograd.higherOrder()) {
            Graph graph = Graph.of(Param.of("x", Tensor.of(1f, 2, 3)).softmax(0));
            assertThat(graph.nodes().stream().filter(GraphNode.Operation.class::isInstance).map(GraphNode::name))
                    .containsExactly("sub", "exp", "sum", "div");
            assertThat(graph.edges().stream()
                    .map(edge -> graph.nodes().get(edge.from()).name() + " " + graph.nodes().get(edge.to()).name()))
                    .containsExactlyInAnyOrder("x sub", "input sub", "sub exp", "exp sum", "exp div", "sum div");
        }
    }

    private Tensor byThePartsOf(Tensor q, Tensor s) {
        Tensor ds = dz.mul(q).div(s.square()).neg().sum();
        return dz.div(s).add(ds).mul(q);
    }

    @Test
    void theRulesTogetherAreTheClosedFormAndTheGradient() {
        Tensor q = x.exp();
        Tensor s = q.sum();
        Tensor z = q.div(s);
        Tensor dx = byThePartsOf(q, s);
        equal(dx, z.mul(dz.sub(dz.mul(z).sum())));
        equal(dx, Tensor.diag(z).sub(z.reshape(4, 1).matmul(z.reshape(1, 4))).matmul(dz));
        equal(dx, Autograd.vjp(v -> v.exp().div(v.exp().sum()), x, dz));
        equal(dx, Autograd.vjp(v -> v.softmax(0), x, dz));
        assertThat(dx.sum().item()).isCloseTo(0, within(1e-15));
        GradientCheck.of(v -> v.softmax(0), x).orThrow();
        try (var _ = Device.of(new FusedBackend()).use()) {
            Tensor leaf = Tensor.of(1f, 2, 3, 0.5f).requireGrad();
            Tensor fused = leaf.softmax(0);
            assertThat(fused.history().isFused()).isTrue();
            fused.backward(Tensor.of(0.3f, -1, 0.2f, 0.8f));
            assertThat(leaf.grad().toDoubleArray()).containsExactly(dx.toDoubleArray(), within(1e-7));
        }
    }

    /** exp(x) is used twice, above and below the line: either path alone is not the gradient. */
    @Test
    void bothPathsAdd() {
        Tensor q = x.exp();
        Tensor s = q.sum();
        Tensor above = dz.div(s).mul(q);
        Tensor below = dz.mul(q).div(s.square()).neg().sum().mul(q);
        Tensor dx = Autograd.vjp(v -> v.softmax(0), x, dz);
        equal(above.add(below), dx);
        equal(above, Autograd.vjp(v -> v.exp().div(v.exp().sum().detach()), x, dz));
        equal(below, Autograd.vjp(v -> v.exp().detach().div(v.exp().sum()), x, dz));
        assertThat(above.sub(dx).abs().max().item()).isGreaterThan(0.01);
        assertThat(below.sub(dx).abs().max().item()).isGreaterThan(0.01);
    }

    @Test
    void aShiftChangesNeitherValueNorGradient() {
        for (double m : new double[] {-2, 3, 40}) {
            Tensor q = x.sub(m).exp();
            equal(q.div(q.sum()), x.softmax(0));
            equal(byThePartsOf(q, q.sum()), Autograd.vjp(v -> v.softmax(0), x, dz));
        }
        // By the shift itself the gradient is −Σ dx = 0: so it makes no difference that the library detaches the maximum.
        Tensor byShift = Autograd.vjp(m -> x.sub(m).exp().div(x.sub(m).exp().sum()), Tensor.of(3.0), dz);
        assertThat(byShift.item()).isCloseTo(0, within(1e-15));
        equal(Autograd.vjp(v -> v.sub(v.max(0, true)).exp().div(v.sub(v.max(0, true)).exp().sum()), x, dz),
                Autograd.vjp(v -> v.softmax(0), x, dz));
    }

    @Test
    void theShiftKeepsLargeInputsFinite() {
        Tensor large = x.add(1000);
        assertThat(large.exp().div(large.exp().sum()).toDoubleArray()).containsOnly(Double.NaN);
        equal(large.softmax(0), x.softmax(0));
        Tensor small = x.sub(1000);
        assertThat(small.exp().div(small.exp().sum()).toDoubleArray()).containsOnly(Double.NaN);
        equal(small.softmax(0), x.softmax(0));
    }
}
