package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Shape;
import dev.jacobian.graph.Graph;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SequentialTest {
    @BeforeEach
    void seed() {
        Rng.seed(5);
    }

    @Test
    void handsEachResultToTheNextLayer() {
        Linear first = new Linear(3, 4);
        Linear second = new Linear(4, 2);
        Tensor x = Rng.normal(5, 3);
        Sequential model = new Sequential(first, new ReLU()).add(second);
        assertThat(model.call(x).toArray()).containsExactly(second.call(first.call(x).relu()).toArray());
        assertThat(model.size()).isEqualTo(3);
        assertThat(model.get(2)).isSameAs(second);
        assertThat(model.children()).containsOnlyKeys("0", "1", "2");
        assertThat(LayerGradients.check(model, x)).isEqualTo(15 + 12 + 4 + 8 + 2);
    }

    @Test
    void isTheIdentityWhenEmpty() {
        Tensor x = Rng.normal(2, 3);
        assertThat(new Sequential().call(x).toArray()).containsExactly(x.toArray());
    }

    @Test
    void saysHowManyLayersThereAre() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Sequential(new Tanh()).get(1))
                .withMessage("sequential: layer 1 out of range; there are 1, counted from 0");
    }

    @Test
    void letsGoOfEachResultOnceItWasRead() {
        List<Tensor> results = new ArrayList<>();
        List<Boolean> alive = new ArrayList<>();
        Sequential model = new Sequential();
        for (int i = 0; i < 3; i++) {
            Linear linear = new Linear(4, 4);
            linear.addForwardHook((_, _, output) -> {
                alive.add(results.stream().limit(Math.max(0, results.size() - 1)).anyMatch(Tensor::isAlive));
                results.add(output);
                return output;
            });
            model.add(linear);
        }
        try (var _ = MemoryScope.open(); var _ = Autograd.noGrad()) {
            Tensor y = model.call(Rng.normal(2, 4));
            assertThat(alive).containsExactly(false, false, false);
            assertThat(results).extracting(Tensor::isAlive).containsExactly(false, false, true);
            assertThat(y.isAlive()).isTrue();
        }
    }

    @Test
    void keepsWhatViewsAndTheTapeNeed() {
        Sequential views = new Sequential(new Linear(4, 6), new Flatten(), new IdentityLayer(), new Flatten(0, -1));
        try (var _ = MemoryScope.open()) {
            Tensor x = Rng.normal(2, 2, 4);
            Tensor y = views.call(x);
            assertThat(y.shape()).isEqualTo(Shape.of(24));
            assertThat(y.toArray()).containsExactly(views.get(0).call(x).toArray());
            y.square().sum().backward();
            assertThat(((Linear) views.get(0)).weight().hasFreshGrad()).isTrue();
        }
        Tensor input = Rng.normal(3, 4);
        assertThat(new Sequential(new IdentityLayer(), new Tanh()).call(input).isAlive()).isTrue();
        assertThat(input.isAlive()).isTrue();
    }

    @Test
    void poolsBeforeARelu() {
        float[] values = Rng.normal(2 * 3 * 7 * 6).toArray();
        Arrays.fill(values, 0, 20, -1);
        Arrays.fill(values, 40, 60, 2);
        values[25] = Float.NaN;
        values[70] = Float.NEGATIVE_INFINITY;
        for (MaxPool2d pool : List.of(new MaxPool2d(2), new MaxPool2d(3).stride(2).padding(1), new MaxPool2d(2, 3))) {
            Param seen = Param.of("seen", Tensor.of(values).reshape(2, 3, 7, 6));
            Param plain = Param.of("plain", Tensor.of(values).reshape(2, 3, 7, 6));
            Tensor y = new Sequential(new IdentityLayer(), new ReLU(), pool).call(seen);
            Tensor expected = pool.call(new ReLU().call(plain));
            assertThat(y.toArray()).containsExactly(expected.toArray());
            assertThat(lastOperation(y)).isEqualTo("relu");
            Tensor dy = Rng.normal(y.shape().toArray());
            y.mul(dy).sum().backward();
            expected.mul(dy).sum().backward();
            assertThat(seen.grad().toArray()).containsExactly(plain.grad().toArray());
        }
    }

    @Test
    void keepsTheOrderThatHooksSee() {
        List<String> order = new ArrayList<>();
        Sequential model = new Sequential(new ReLU(), new MaxPool2d(2));
        model.get(1).addForwardHook((layer, input, output) -> {
            order.add(layer.typeName() + input.shape());
            return output;
        });
        Tensor y = model.call(Param.of("x", Rng.normal(1, 1, 4, 4)));
        assertThat(order).containsExactly("MaxPool2d[1, 1, 4, 4]");
        assertThat(lastOperation(y)).isNotEqualTo("relu");
    }

    private static String lastOperation(Tensor y) {
        return Graph.of(y).nodes().getLast().name();
    }
}
