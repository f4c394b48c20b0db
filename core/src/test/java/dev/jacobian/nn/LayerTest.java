package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jacobian.autograd.AnomalyException;
import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LayerTest {
    /** A network of two levels, with a parameter of its own and a layer without parameters. */
    private static final class Network extends Layer {
        final Sequential body = register("body", new Sequential(new Linear(2, 3), new Tanh()));
        final Param scale = parameter("scale", Initializer.ones(), 1);
        final Linear head = register("head", new Linear(3, 1));

        @Override
        protected Tensor forward(Tensor x) {
            return head.call(body.call(x)).mul(scale);
        }
    }

    /** A layer whose call takes two tensors. */
    private static final class Pair extends Layer {
        Tensor call(Tensor a, Tensor b) {
            return run(() -> a.matmul(b));
        }
    }

    /** A layer that computes whatever it is given. */
    private static final class Of extends Layer {
        private final UnaryOperator<Tensor> function;

        Of(UnaryOperator<Tensor> function) {
            this.function = function;
        }

        @Override
        protected Tensor forward(Tensor x) {
            return function.apply(x);
        }
    }

    /** Exposes what layers do to themselves. */
    private static final class Open extends Layer {
        void add(String name, Layer child) {
            register(name, child);
        }

        void addParameter(String name) {
            parameter(name, Tensor.ones(2));
        }

        void addBuffer(String name) {
            buffer(name, Tensor.ones(2));
        }
    }

    @BeforeEach
    void seed() {
        Rng.seed(11);
    }

    @Test
    void namesParametersAsPyTorchDoes() {
        Network network = new Network();
        assertThat(network.namedParameters().keySet())
                .containsExactly("scale", "body.0.weight", "body.0.bias", "head.weight", "head.bias");
        assertThat(network.parameters()).containsExactlyElementsOf(network.namedParameters().values());
        assertThat(network.parameterCount()).isEqualTo(1 + 6 + 3 + 3 + 1);
        assertThat(network.children()).containsOnlyKeys("body", "head").containsEntry("head", network.head);
    }

    @Test
    void printsATree() {
        assertThat(new Network()).hasToString("""
                Network(
                  (body): Sequential(
                    (0): Linear(in_features=2, out_features=3, bias=true)
                    (1): Tanh()
                  )
                  (head): Linear(in_features=3, out_features=1, bias=true)
                )""");
    }

    @Test
    void countsSharedLayersOnce() {
        Linear shared = new Linear(2, 2);
        Sequential twice = new Sequential(shared, new ReLU(), shared);
        assertThat(twice.parameters()).containsExactly(shared.weight(), shared.bias());
        assertThat(twice.stateDict().keySet()).containsExactly("0.weight", "0.bias", "2.weight", "2.bias");
        twice.call(Tensor.ones(1, 2)).sum().backward();
        assertThat(LayerGradients.check(twice, Rng.normal(2, 2))).isEqualTo(4 + 6);
    }

    @Test
    void switchesModesAndFreezesAllBelow() {
        Network network = new Network();
        assertThat(network.isTraining()).isTrue();
        assertThat(network.eval()).isSameAs(network);
        assertThat(network.body.get(0).isTraining()).isFalse();
        network.train();
        assertThat(network.head.isTraining()).isTrue();

        network.body.freeze();
        assertThat(network.body.parameters()).noneMatch(Tensor::requiresGrad);
        assertThat(network.head.parameters()).allMatch(Tensor::requiresGrad);
        network.call(Tensor.ones(1, 2)).sum().backward();
        assertThat(network.namedParameters().get("body.0.weight").grad()).isNull();
        assertThat(network.head.weight().grad()).isNotNull();
        network.unfreeze();
        assertThat(network.parameters()).allMatch(Tensor::requiresGrad);
    }

    @Test
    void convertsInPlace() {
        Sequential model = new Sequential(new Linear(2, 2), new BatchNorm(2));
        List<Param> before = model.parameters();
        model.to(DType.FLOAT64).to(Device.current());
        assertThat(model.parameters()).containsExactlyElementsOf(before);
        assertThat(model.parameters()).allMatch(param -> param.dtype() == DType.FLOAT64);
        assertThat(model.stateDict().get("1.running_var").dtype()).isEqualTo(DType.FLOAT64);
        assertThat(model.stateDict().get("1.num_batches_tracked").dtype()).isEqualTo(DType.INT32);
        assertThat(model.call(Tensor.ones(3, 2).to(DType.FLOAT64)).dtype()).isEqualTo(DType.FLOAT64);
        assertThatIllegalArgumentException().isThrownBy(() -> model.to(DType.INT32))
                .withMessage("to: type int32, expected float32 or float64");
    }

    @Test
    void refusesNamesThatAreTakenOrNotNames() {
        Open layer = new Open();
        layer.add("a", new Tanh());
        layer.addParameter("b");
        layer.addBuffer("c");
        for (String taken : List.of("a", "b", "c")) {
            String message = "register: Open has a layer, parameter or buffer named " + taken
                    + " already; choose another name";
            assertThatIllegalArgumentException().isThrownBy(() -> layer.add(taken, new Tanh())).withMessage(message);
            assertThatIllegalArgumentException().isThrownBy(() -> layer.addParameter(taken)).withMessage(message);
            assertThatIllegalArgumentException().isThrownBy(() -> layer.addBuffer(taken)).withMessage(message);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> layer.add("x.y", new Tanh()))
                .withMessage(
                        "register: name 'x.y', expected a name that is not empty and has no dots; dots separate the"
                                + " names in a path");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.addParameter(""));
        Open outer = new Open();
        outer.add("inner", layer);
        assertThatIllegalArgumentException().isThrownBy(() -> layer.add("outer", outer))
                .withMessageContaining("contains the layer that it is registered in");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.add("self", layer));
    }

    @Test
    void namesTheInnermostLayerInErrors() {
        Sequential model = new Sequential(new Flatten(), new Sequential(new ReLU(), new Linear(4, 2)));
        assertThatIllegalArgumentException().isThrownBy(() -> model.call(Tensor.ones(2, 3)))
                .withMessage(
                        "linear: input of shape [2, 3], expected [..., 4] for weight of shape [2, 4]; flatten the input,"
                                + " or change inFeatures (in layer 1.1, Linear)")
                .withCauseInstanceOf(IllegalArgumentException.class);
        assertThat(Autograd.layer()).isEmpty();
        assertThat(MemoryScope.current()).isSameAs(MemoryScope.root());

        Sequential lookup = new Sequential(new Of(x -> x.gather(0, Tensor.of(7))));
        Sequential outer = new Sequential(lookup);
        var failure = catchThrowableOfType(IndexRangeException.class, () -> outer.call(Tensor.ones(2)));
        assertThat(failure).hasMessageContaining("index 7 at element 0 out of range; expected 0..1");
        assertThat(failure.getSuppressed()).singleElement().isInstanceOf(LayerArgumentException.class)
                .hasToString("dev.jacobian.nn.LayerArgumentException: in layer 0.0, Of");
    }

    @Test
    void anonymousLayersHaveTheNameOfTheClassAbove() {
        Layer anonymous = new Layer() {
            @Override
            protected Tensor forward(Tensor x) {
                return x.matmul(x);
            }
        };
        assertThat(anonymous).hasToString("Layer()");
        assertThatThrownBy(() -> anonymous.call(Tensor.ones(2, 3))).isInstanceOf(LayerArgumentException.class)
                .hasMessageEndingWith(" (in Layer)");
        assertThatThrownBy(() -> new Sequential(anonymous).call(Tensor.ones(2, 3)))
                .isInstanceOf(LayerArgumentException.class).hasMessageEndingWith(" (in layer 0, Layer)");
    }

    @Test
    void namesTheLayerOfANaN() {
        Sequential model = new Sequential(new ReLU(), new Sequential(new Of(x -> x.sub(5).log())));
        try (var _ = Autograd.detectAnomaly()) {
            assertThatThrownBy(() -> model.call(Tensor.ones(2))).isInstanceOf(AnomalyException.class)
                    .hasMessageContaining("layer 1.0");
        }
    }

    @Test
    void asksForForward() {
        assertThatIllegalStateException().isThrownBy(() -> new Pair().call(Tensor.ones(1)))
                .withMessage("Pair: has no forward(Tensor); override it, or call the layer with the arguments that it"
                        + " declares");
        assertThatIllegalStateException().isThrownBy(() -> new Of(_ -> null).call(Tensor.ones(1)))
                .withMessage("forward: returned null in Of, expected a tensor");
    }

    @Test
    void lendsItsEntryToCallsOfOtherArity() {
        Pair pair = new Pair();
        Tensor product;
        try (var _ = MemoryScope.open()) {
            product = MemoryScope.keep(pair.call(Tensor.eye(2), Tensor.of(new float[][] {{1, 2}, {3, 4}})));
        }
        assertThat(product.toArray()).containsExactly(1, 2, 3, 4);
        assertThatIllegalArgumentException().isThrownBy(() -> pair.call(Tensor.ones(2, 3), Tensor.ones(2, 3)))
                .withMessageStartingWith("matmul: shapes [2, 3] and [2, 3] do not fit")
                .withMessageEndingWith("(in Pair)");
    }

    @Test
    void runsHooksInOrderUntilTheyAreClosed() {
        List<String> calls = new ArrayList<>();
        Sequential model = new Sequential(new Tanh());
        HookHandle pre = model.addForwardPreHook((_, input) -> {
            calls.add("pre " + input.item());
            return input.mul(0);
        });
        HookHandle first = model.get(0).addForwardHook((layer, input, output) -> {
            calls.add(layer + " " + input.item() + " " + output.item());
            return output.add(2);
        });
        HookHandle second = model.get(0).addForwardHook((_, _, output) -> output.mul(3));
        assertThat(model.call(Tensor.scalar(5)).item()).isEqualTo(6);
        assertThat(calls).containsExactly("pre 5.0", "Tanh() 0.0 0.0");
        pre.close();
        first.close();
        second.close();
        assertThat(model.call(Tensor.scalar(0)).item()).isZero();
        assertThat(calls).hasSize(2);
    }

    @Test
    void letsGoOfWhatItMadeOnTheWay() {
        List<Tensor> made = new ArrayList<>();
        Of layer = new Of(x -> {
            Tensor between = x.add(1);
            made.add(between);
            return between.mul(2);
        });
        try (var _ = MemoryScope.open()) {
            Tensor y = layer.call(Tensor.ones(3));
            assertThat(y.toArray()).containsExactly(4, 4, 4);
            assertThat(made.getFirst().isAlive()).isFalse();
        }
        assertThatIllegalStateException().isThrownBy(() -> made.getFirst().toArray())
                .withMessageContaining("memory scope of Of");
    }

    @Test
    void evaluatesOnManyThreadsAtATime() throws Exception {
        Sequential model = new Sequential(new Linear(4, 8), new BatchNorm(8), new ReLU(), new Dropout(0.5),
                new Linear(8, 2));
        model.eval();
        Tensor x = Rng.normal(5, 4);
        float[] expected = model.call(x).toArray();
        List<Callable<float[]>> tasks = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            tasks.add(() -> {
                try (var _ = MemoryScope.open(); var _ = Autograd.noGrad()) {
                    return model.call(x).toArray();
                }
            });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (Future<float[]> result : threads.invokeAll(tasks)) {
                assertThat(result.get()).containsExactly(expected);
            }
        }
    }

    @Test
    void keepsTheResultWithItsTapeForBackward() {
        Network network = new Network();
        try (var _ = MemoryScope.open()) {
            Tensor y = network.call(Rng.normal(4, 2));
            assertThat(y.shape()).isEqualTo(Shape.of(4, 1));
            y.sum().backward();
        }
        assertThat(network.parameters()).allMatch(Tensor::hasFreshGrad);
        assertThat(LayerGradients.check(network, Rng.normal(3, 2))).isEqualTo(6 + 14);
    }
}
