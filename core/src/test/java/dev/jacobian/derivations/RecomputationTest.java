package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Checkpoint;
import dev.jacobian.nn.ELU;
import dev.jacobian.nn.GELU;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.SiLU;
import dev.jacobian.nn.Sigmoid;
import dev.jacobian.nn.Softplus;
import dev.jacobian.nn.Tanh;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/derivations/recomputation.md states: gradients from pre-activations alone, and what blocks cost. */
final class RecomputationTest {
    private MemoryScope scope;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        Rng.seed(4);
    }

    @AfterEach
    void close() {
        scope.close();
        Rng.seed(0);
    }

    private static Tensor normal(int... shape) {
        return Rng.normal(shape).to(DType.FLOAT64).requireGrad();
    }

    private static Tensor gaussian(Tensor s) {
        return s.square().div(-2).exp().div(Math.sqrt(2 * Math.PI));
    }

    /** f and its derivative as a function of the pre-activation. */
    static Stream<Arguments> activations() {
        UnaryOperator<Tensor> sigmoid = s -> s.neg().exp().add(1).reciprocal();
        return Stream.of(
                activation("gelu", Tensor::gelu,
                        s -> s.mul(Math.sqrt(0.5)).erf().add(1).div(2).add(s.mul(gaussian(s)))),
                activation("silu", Tensor::silu, s -> {
                    Tensor p = sigmoid.apply(s);
                    return p.add(s.mul(p).mul(p.neg().add(1)));
                }), activation("softplus", Tensor::softplus, sigmoid),
                activation("tanh", Tensor::tanh, s -> s.tanh().square().neg().add(1)));
    }

    private static Arguments activation(String name, UnaryOperator<Tensor> f, UnaryOperator<Tensor> slope) {
        return Arguments.of(name, f, slope);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("activations")
    void preActivationsAreEnough(String name, UnaryOperator<Tensor> f, UnaryOperator<Tensor> slope) {
        try (var _ = Device.of(new ReferenceBackend()).use()) {
            Tensor[] in = {normal(8, 5), normal(4, 5), normal(4), normal(3, 4), normal(3)};
            UnaryOperator<Tensor> s2 = s1 -> f.apply(s1).matmul(in[1].transpose()).add(in[2]);
            UnaryOperator<Tensor> s3 = s -> f.apply(s).matmul(in[3].transpose()).add(in[4]);
            Tensor kept1 = in[0];
            Tensor kept2 = s2.apply(kept1);
            Tensor kept3 = s3.apply(kept2);
            f.apply(kept3).square().mean().backward();
            try (var _ = Autograd.noGrad()) {
                Tensor delta3 = f.apply(kept3).mul(2.0 / kept3.size()).mul(slope.apply(kept3));
                Tensor delta2 = delta3.matmul(in[3]).mul(slope.apply(kept2));
                Tensor delta1 = delta2.matmul(in[1]).mul(slope.apply(kept1));
                List<Tensor> byHand = List.of(delta1, delta2.transpose().matmul(f.apply(kept1)),
                        delta2.sum(0), delta3.transpose().matmul(f.apply(kept2)), delta3.sum(0));
                for (int i = 0; i < in.length; i++) {
                    assertThat(byHand.get(i).toDoubleArray())
                            .containsExactly(in[i].grad().toDoubleArray(), within(1e-13));
                }
            }
            GradientCheck.of(s -> f.apply(s3.apply(s2.apply(s))).square().mean(), in[0]).orThrow();
        }
    }

    @Test
    void someDerivativesAreFunctionsOfTheActivation() {
        try (var _ = Device.of(new ReferenceBackend()).use()) {
            Tensor s = normal(50);
            Tensor relu = s.relu().detach();
            Tensor tanh = s.tanh().detach();
            Tensor sigmoid = s.sigmoid().detach();
            assertThat(slope(Tensor::relu, s)).containsExactly(relu.gt(0).to(DType.FLOAT64).toDoubleArray());
            assertThat(slope(Tensor::tanh, s)).containsExactly(tanh.square().neg().add(1).toDoubleArray(),
                    within(1e-15));
            assertThat(slope(Tensor::sigmoid, s)).containsExactly(
                    sigmoid.mul(sigmoid.neg().add(1)).toDoubleArray(), within(1e-15));
            // GELU falls and rises again: two pre-activations have the same result and other slopes
            Tensor two = Tensor.of(-0.5, -1.049293125892);
            assertThat(two.gelu().toDoubleArray()[0]).isCloseTo(two.gelu().toDoubleArray()[1], within(1e-9));
            double[] slopes = slope(Tensor::gelu, two);
            assertThat(slopes[0]).isPositive();
            assertThat(slopes[1]).isNegative();
        }
    }

    private static double[] slope(UnaryOperator<Tensor> f, Tensor s) {
        return Autograd.grad(v -> f.apply(v).sum(), s).toDoubleArray();
    }

    // ---- what blocks cost

    private static final int WIDTH = 16;

    /** Counts products. */
    private static final class Counting extends DelegatingBackend {
        private int products;

        Counting() {
            super(new FusedBackend());
        }

        @Override
        public void matmul(View a, View b, View out, boolean accumulate) {
            products++;
            super.matmul(a, b, out, accumulate);
        }
    }

    /** In activations: between the passes, and at most; and the products of a training step. */
    private record Cost(double kept, double peak, int products) {}

    private static Sequential chain(int count, UnaryOperator<Layer> block) {
        var chain = new Sequential();
        for (int i = 0; i < count; i++) {
            chain.add(block.apply(new Sequential(new GELU(), new Linear(WIDTH, WIDTH, false))));
        }
        return chain;
    }

    private static Cost cost(UnaryOperator<Layer> inner, int layers, int each) {
        var backend = new Counting();
        Device device = Device.of(backend);
        MemoryPool pool = MemoryPool.of(device);
        try (var _ = device.use(); var _ = MemoryScope.open()) {
            var model = new Sequential();
            for (int i = 0; i < layers; i += each) {
                model.add(each == 0 ? chain(layers, inner) : Checkpoint.of(chain(each, inner)));
                if (each == 0) {
                    break;
                }
            }
            Cost cost = null;
            for (int step = 0; step < 2; step++) { // the gradients' own memory is there from the first step on
                model.parameters().forEach(Tensor::zeroGrad);
                try (var _ = MemoryScope.open()) {
                    Tensor x = Rng.normal(WIDTH, WIDTH);
                    long before = pool.stats().active();
                    pool.resetPeak();
                    backend.products = 0;
                    Tensor y = model.call(x);
                    double unit = WIDTH * WIDTH * 4;
                    double kept = (pool.stats().active() - before) / unit;
                    y.backward(y);
                    cost = new Cost(kept, (pool.stats().peak() - before) / unit, backend.products);
                }
            }
            return cost;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 16, 18, 32})
    void blocksKeepTheirInputsAndOneBlockIsThereAtATime(int n) {
        assertThat(cost(layer -> layer, n, 0)).as("everything kept").isEqualTo(new Cost(2 * n, 2 * n + 1, 3 * n - 1));
        double least = Double.POSITIVE_INFINITY;
        for (int k : IntStream.rangeClosed(1, n).filter(each -> n % each == 0).toArray()) {
            int blocks = n / k;
            int products = 3 * n - 1 + n - blocks;
            Cost cost = cost(layer -> layer, n, k);
            assertThat(cost).as("blocks of %d", k).isEqualTo(new Cost(blocks, blocks + 2 * k, products));
            least = Math.min(least, cost.peak());
            assertThat(cost(Checkpoint::of, n, k)).as("nested in blocks of %d", k)
                    .isEqualTo(new Cost(blocks, blocks + k + 1, products));
        }
        assertThat(cost(_ -> pair(new Linear(WIDTH, WIDTH, false), new GELU()), n, 1).products())
                .as("cut behind the activations").isEqualTo(3 * n - 1 + n);
        double bound = 2 * Math.sqrt(2 * n);
        assertThat(least).isGreaterThanOrEqualTo(bound);
        double best = Math.sqrt(n / 2.0);
        if (best == Math.rint(best) && n % (int) best == 0) {
            assertThat(least).isEqualTo(bound);
        }
    }

    private static Layer pair(Layer first, Layer second) {
        return new Sequential(first, second);
    }

    /** How many units a chain of eight of them keeps, and at most; its result is one. */
    static Stream<Arguments> layers() {
        return Stream.of(Arguments.of(new ReLU(), 9, 9), Arguments.of(new Tanh(), 9, 9),
                Arguments.of(new Sigmoid(), 9, 9), Arguments.of(new GELU(), 16, 16), Arguments.of(new SiLU(), 17, 50),
                Arguments.of(new ELU(), 17, 50), Arguments.of(new Softplus(), 17, 50));
    }

    /** One for each layer where the slope is a function of the result, more than two for compositions; again, one. */
    @ParameterizedTest
    @MethodSource("layers")
    void whatActivationsKeep(Layer activation, int least, int most) {
        UnaryOperator<Layer> inner = _ -> pair(activation, new Linear(WIDTH, WIDTH, false));
        assertThat(cost(inner, 8, 0).kept()).isBetween((double) least, (double) most);
        assertThat(cost(inner, 8, 1).kept()).isEqualTo(8);
    }
}
