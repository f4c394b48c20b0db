package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.AnomalyException;
import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Computed again, everything is as if it had been kept, but for the memory. */
final class CheckpointTest {
    private final Device device = Device.of(new ReferenceBackend());
    private Device.Use use;
    private MemoryScope scope;

    @BeforeEach
    void open() {
        use = device.use();
        scope = MemoryScope.open("of a test");
    }

    @AfterEach
    void close() {
        scope.close();
        use.close();
        assertThat(MemoryScope.current()).as("every scope was closed").isSameAs(MemoryScope.root());
        assertThat(Autograd.layer()).isEmpty();
        assertThat(Autograd.isRecording()).isTrue();
        assertThat(Autograd.isRecomputing()).isFalse();
        Rng.seed(0);
    }

    // ---- the same numbers

    /** Makes a model out of blocks that are wrapped or not. */
    interface Model extends Function<UnaryOperator<Layer>, Layer> {}

    private static Arguments model(String name, Model model, int... input) {
        return Arguments.of(name, model, Shape.of(input));
    }

    private static Sequential chain(Layer... layers) {
        return new Sequential(layers);
    }

    /** Calls a layer twice, and uses its input outside of it as well. */
    private static final class Twice extends Layer {
        private final Layer block;

        Twice(Layer block) {
            this.block = register("block", block);
        }

        @Override
        protected Tensor forward(Tensor x) {
            return block.call(block.call(x).add(x)).mul(x);
        }
    }

    /** Draws numbers that do not go by the training step. */
    private static final class Noise extends Layer {
        @Override
        protected Tensor forward(Tensor x) {
            return x.mul(Rng.normal(x.shape().toArray()));
        }
    }

    /** Computes something that it does not return, and lets go of it itself. */
    private static final class Watching extends Layer {
        @Override
        protected Tensor forward(Tensor x) {
            Tensor y = x.sigmoid();
            try (var _ = MemoryScope.open("of a look")) {
                assertThat(x.square().sum().item()).isPositive();
                y.square();
            }
            return y.mul(x);
        }
    }

    /** Catches what ends a second run early. */
    private static final class Catching extends Layer {
        private final boolean wraps;

        Catching(boolean wraps) {
            this.wraps = wraps;
        }

        @Override
        protected Tensor forward(Tensor x) {
            try {
                return x.tanh();
            } catch (Error e) {
                if (wraps) {
                    throw new IllegalStateException("wrapped", e);
                }
                return x.sigmoid();
            }
        }
    }

    /** One parameter in several operations, in and outside of blocks. */
    private static Layer shared(UnaryOperator<Layer> block) {
        Linear linear = new Linear(6, 6);
        return chain(linear, new Tanh(), block.apply(chain(linear, new GELU(), linear)), block.apply(linear), linear);
    }

    private static Layer frozen(UnaryOperator<Layer> block) {
        Layer first = new Linear(6, 6).freeze();
        Linear second = new Linear(6, 6);
        second.bias().freeze();
        return chain(block.apply(chain(first, new Softplus(), second)), block.apply(chain(new Tanh(), first)));
    }

    static Stream<Arguments> models() {
        return Stream.of(
                model("one layer", block -> block.apply(new Linear(6, 3)), 4, 6),
                model("product last", block -> chain(new Linear(6, 5), block.apply(chain(new GELU(), new Linear(5, 5))),
                        block.apply(chain(new SiLU(), new Linear(5, 2)))), 4, 6),
                model("activation last", block -> chain(block.apply(chain(new Linear(6, 5), new ReLU())),
                        block.apply(chain(new Linear(5, 5), new ELU(), new Linear(5, 2), new Sigmoid()))), 4, 6),
                model("fused with what follows", block -> chain(block.apply(new Linear(6, 5)), new ReLU(),
                        block.apply(new BatchNorm(5)), new ReLU(), new Linear(5, 4), block.apply(new Tanh())), 4, 6),
                model("dropout", block -> chain(new Dropout(0.3),
                        block.apply(chain(new Linear(6, 6), new Dropout(0.4), new Dropout(0.2), new Linear(6, 6))),
                        new Dropout(), block.apply(new Dropout(1))), 4, 6),
                model("other random numbers", block -> chain(new Noise(), block.apply(chain(new Noise(), new Tanh())),
                        new Noise(), new Linear(6, 2)), 4, 6),
                model("batch norm", block -> chain(block.apply(
                        chain(new Linear(6, 5), new BatchNorm(5), new ReLU(), new BatchNorm(5))), new BatchNorm(5)), 4,
                        6),
                model("frozen parameters", CheckpointTest::frozen, 4, 6),
                model("shared parameters", CheckpointTest::shared, 4, 6),
                model("several calls", block -> new Twice(block.apply(
                        chain(new Linear(6, 6), new Dropout(0.2), new BatchNorm(6), new Tanh()))), 4, 6),
                model("nested", block -> block.apply(chain(new Linear(6, 6), new Dropout(0.3),
                        block.apply(chain(new GELU(), block.apply(chain(new Tanh(), new Linear(6, 6))), new Dropout())),
                        block.apply(chain(new BatchNorm(6), new Linear(6, 3))))), 4, 6),
                model("nested last",
                        block -> block.apply(block.apply(block.apply(chain(new Linear(6, 6), new Tanh())))),
                        4, 6),
                model("nested twice", block -> block.apply(new Twice(block.apply(
                        chain(new Linear(6, 6), new Dropout(0.2), new BatchNorm(6), new Tanh())))), 4, 6),
                model("residual", block -> chain(new Conv2d(2, 3, 3).padding(1), block.apply(new Residual(chain(
                        new Conv2d(3, 4, 3).stride(2).padding(1), new BatchNorm(4), new ReLU(),
                        new Conv2d(4, 4, 3).padding(1), new BatchNorm(4)))
                        .shortcut(chain(new Conv2d(3, 4, 1).stride(2), new BatchNorm(4))).activation(new ReLU())),
                        block.apply(new MaxPool2d(2)), new Flatten()), 2, 2, 4, 4),
                model("transformer", block -> chain(block.apply(new TransformerBlock(4, 2, true)),
                        block.apply(new TransformerBlock(4, 2)), new LayerNorm(4)), 2, 3, 4),
                model("nothing inside", block -> chain(block.apply(new IdentityLayer()), new Linear(6, 2)), 4, 6),
                model("nothing in two blocks", block -> chain(new Linear(6, 6),
                        block.apply(block.apply(new IdentityLayer())), new Linear(6, 2)), 4, 6),
                model("nothing to compute again", block -> chain(new Linear(6, 6), block.apply(new Flatten()),
                        new Linear(6, 2)), 4, 6),
                model("a scope inside", block -> chain(new Linear(6, 6), block.apply(new Watching()), new Tanh()), 4,
                        6),
                model("errors caught inside", block -> chain(new Linear(6, 6), block.apply(chain(new Catching(false),
                        block.apply(new Catching(true)))), new Tanh()), 4, 6));
    }

    /** All that two steps of two micro-batches leave behind: results, gradients, state, and what is drawn next. */
    private static Map<String, double[]> training(Layer model, Shape input, DType dtype, boolean inputGradient) {
        model.to(dtype);
        Map<String, double[]> all = new LinkedHashMap<>();
        var optimizer = new Sgd(model.parameters(), 0.1).momentum(0.9);
        for (int step = 0; step < 2; step++) {
            for (int part = 0; part < 2; part++) {
                String when = step + "." + part + " ";
                try (var _ = MemoryScope.open("of a step")) {
                    Tensor x = Rng.normal(input.toArray()).to(dtype);
                    if (inputGradient) {
                        x.requireGrad();
                    }
                    Tensor y = model.call(x);
                    all.put(when + "result", y.toDoubleArray());
                    y.mul(Tensor.linspace(-1, 2, (int) y.size()).reshape(y.shape()).to(dtype)).sum().backward();
                    if (inputGradient) {
                        all.put(when + "input", x.grad().toDoubleArray());
                    }
                }
                model.namedParameters().forEach((name, param) -> all.put(when + "gradient of " + name,
                        param.grad() == null ? new double[0] : param.grad().toDoubleArray()));
            }
            optimizer.step();
            for (var entry : model.stateDict().entrySet()) {
                all.put(step + " " + entry.getKey(), entry.getValue().toDoubleArray());
            }
        }
        all.put("drawn next", Rng.normal(3).toDoubleArray());
        return all;
    }

    private static void isAsWithout(Model model, Shape input, DType dtype, boolean inputGradient) {
        Rng.seed(11);
        Map<String, double[]> plain = training(model.apply(layer -> layer), input, dtype, inputGradient);
        Rng.seed(11);
        Map<String, double[]> again = training(model.apply(Checkpoint::of), input, dtype, inputGradient);
        assertThat(again.keySet()).containsExactlyElementsOf(plain.keySet());
        plain.forEach((name, values) -> assertThat(again.get(name)).as(name).containsExactly(values));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void isAsWithout(String name, Model model, Shape input) {
        isAsWithout(model, input, DType.FLOAT64, true);
        try (var _ = Device.of(new FusedBackend()).use()) {
            isAsWithout(model, input, DType.FLOAT32, true);
            isAsWithout(model, input, DType.FLOAT32, false);
        }
    }

    @Test
    void countersOfRandomStreamsAreAsTheyWere() {
        Rng.seed(5);
        Layer model = chain(new Linear(6, 6), Checkpoint.of(chain(new Dropout(), new Noise(), new Tanh())));
        Tensor x = Rng.normal(3, 6);
        Tensor loss = model.call(x).sum();
        Rng.State before = Rng.state();
        loss.backward();
        assertThat(Rng.state()).isEqualTo(before);
    }

    @Test
    void masksAreOfTheStepOfTheForwardPass() {
        List<double[]> gradients = new ArrayList<>();
        for (UnaryOperator<Layer> block : List.<UnaryOperator<Layer>>of(layer -> layer, Checkpoint::of)) {
            Rng.seed(5);
            Layer model = block.apply(chain(new Linear(6, 6), new Dropout(), new Linear(6, 1)));
            Tensor loss = model.call(Rng.normal(3, 6)).sum();
            Rng.nextStep(); // of another model
            Rng.seed(6);
            loss.backward();
            assertThat(Rng.seed()).isEqualTo(6);
            gradients.add(model.namedParameters().get("0.weight").grad().toDoubleArray());
        }
        assertThat(gradients.get(1)).containsExactly(gradients.get(0));
    }

    @Test
    void modesAreThoseOfTheForwardPass() {
        List<double[]> gradients = new ArrayList<>();
        for (UnaryOperator<Layer> block : List.<UnaryOperator<Layer>>of(layer -> layer, Checkpoint::of)) {
            Rng.seed(5);
            Sequential inner = chain(new Linear(6, 6), new BatchNorm(6), new Dropout(), new Linear(6, 1));
            inner.get(2).eval();
            Layer model = block.apply(inner);
            Tensor loss = model.call(Rng.normal(3, 6)).sum();
            inner.eval();
            inner.get(0).train();
            loss.backward();
            assertThat(inner.isTraining()).isFalse();
            assertThat(inner.get(0).isTraining()).isTrue();
            gradients.add(model.namedParameters().get("0.weight").grad().toDoubleArray());
        }
        assertThat(gradients.get(1)).containsExactly(gradients.get(0));
    }

    // ---- names

    @Test
    void namesAreThoseOfTheLayerItself() {
        Supplier<Layer> block = () -> chain(new Linear(4, 4), new BatchNorm(4));
        Layer plain = chain(block.get(), block.get());
        Layer model = chain(Checkpoint.of(block.get()), Checkpoint.of(Checkpoint.of(block.get())));
        assertThat(model.stateDict().keySet()).containsExactlyElementsOf(plain.stateDict().keySet());
        assertThat(model.namedParameters().keySet()).containsExactlyElementsOf(plain.namedParameters().keySet());
        assertThat(model.loadStateDict(plain.stateDict(), true).isComplete()).isTrue();
        Checkpoint alone = Checkpoint.of(new Linear(2, 3));
        assertThat(alone.stateDict().keySet()).containsExactly("weight", "bias");
        assertThat(alone).hasToString("""
                Checkpoint(
                  Linear(in_features=2, out_features=3, bias=true)
                )""");
        assertThatThrownBy(() -> model.call(Tensor.ones(2, 3))).isInstanceOf(LayerArgumentException.class)
                .hasMessageEndingWith("(in layer 0.0, Linear)");
        List<String> paths = new ArrayList<>();
        Layer reporting = chain(new ReLU(), Checkpoint.of(chain(new Tanh(), new Reporting(paths))), new Linear(4, 1));
        reporting.call(Tensor.ones(1, 4).requireGrad()).sum().backward();
        assertThat(paths).containsExactly("1.1", "1.1");
    }

    /** Notes the path that it is called under. */
    private static final class Reporting extends Layer {
        private final List<String> paths;

        Reporting(List<String> paths) {
            this.paths = paths;
        }

        @Override
        protected Tensor forward(Tensor x) {
            paths.add(Autograd.layer());
            return x.square();
        }
    }

    @Test
    void layersFormATree() {
        var inner = new Sequential();
        Checkpoint outer = Checkpoint.of(inner);
        assertThatThrownBy(() -> inner.add(outer)).hasMessageContaining("layers form a tree");
        assertThatThrownBy(() -> Checkpoint.of(null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void hooksInsideRunAgainAndThoseOutsideDoNot() {
        List<String> calls = new ArrayList<>();
        Sequential inner = chain(new Tanh(), new Linear(4, 4));
        Checkpoint outer = Checkpoint.of(inner);
        inner.get(0).addForwardHook((_, _, y) -> {
            calls.add("inside");
            return y.mul(2);
        });
        inner.get(1).addForwardHook((_, _, y) -> {
            calls.add("behind the last operation");
            return y;
        });
        outer.addForwardPreHook((_, x) -> {
            calls.add("before");
            return x.mul(3);
        });
        outer.addForwardHook((_, _, y) -> {
            calls.add("after");
            return y.mul(5);
        });
        outer.call(Tensor.ones(1, 4)).sum().backward();
        assertThat(calls).containsExactly("before", "inside", "behind the last operation", "after", "inside");
    }

    @Test
    void anomaliesAreFoundWhereTheyAppear() {
        Layer model = chain(new Linear(2, 2), Checkpoint.of(chain(new Tanh(), new Root())));
        try (var _ = Autograd.detectAnomaly()) {
            assertThatThrownBy(() -> model.call(Tensor.ones(1, 2).mul(Double.NaN)))
                    .isInstanceOf(AnomalyException.class);
            model.parameters().forEach(CheckpointTest::clear); // √0 has an infinite slope, and tanh of it 0 · ∞
            Tensor y = model.call(Tensor.zeros(1, 2));
            assertThatThrownBy(() -> y.mul(0).sum().backward()).isInstanceOf(AnomalyException.class)
                    .hasMessageContaining("gradient of sqrt").hasMessageContaining("in layer 1.1");
        }
    }

    private static void clear(Param param) {
        try (var _ = Autograd.noGrad()) {
            param.set(param.zerosLike());
        }
    }

    private static final class Root extends Layer {
        @Override
        protected Tensor forward(Tensor x) {
            return x.sqrt();
        }
    }

    // ---- what can go wrong

    private static void doubleValues(Param param) {
        try (var _ = Autograd.noGrad()) {
            param.set(param.mul(2));
        }
    }

    @Test
    void whatWasChangedInPlaceSinceIsRefused() {
        Linear first = new Linear(4, 4);
        Linear second = new Linear(4, 4);
        Checkpoint block = Checkpoint.of(Checkpoint.of(chain(first, new Tanh(), second)));
        for (Param param : List.of(first.weight(), first.bias(), second.weight(), second.bias())) {
            Tensor loss = block.call(Tensor.ones(1, 4)).sum();
            doubleValues(param);
            assertThatThrownBy(loss::backward).isInstanceOf(IllegalStateException.class)
                    .hasMessage("checkpoint: a tensor of shape " + param.shape() + " that the recomputation of backward"
                            + " needs was changed in place since the forward pass; call backward before optimizer.step()"
                            + " or Param.set");
        }
        Param input = Param.of("input", Tensor.ones(1, 4));
        Tensor loss = block.call(input).sum();
        doubleValues(input);
        assertThatThrownBy(loss::backward).hasMessageContaining("changed in place");
        BatchNorm norm = new BatchNorm(4);
        norm.eval();
        Tensor other = Checkpoint.of(norm).call(Tensor.ones(1, 4).requireGrad()).sum();
        doubleValues(norm.stateDict().get("running_var"));
        assertThatThrownBy(other::backward).hasMessageContaining("changed in place");
    }

    @Test
    void whatIsGoneIsAnError() {
        Checkpoint block = Checkpoint.of(chain(new Linear(4, 4), new Tanh()));
        Tensor closed;
        Tensor late;
        try (var _ = MemoryScope.open()) {
            closed = Tensor.ones(1, 4);
            late = block.call(Tensor.ones(1, 4)).sum();
        }
        assertThatThrownBy(() -> block.call(closed)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was used after the memory scope of a script that held it was closed");
        assertThatThrownBy(() -> late.backward(Tensor.scalar(1))).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("what the tape saved is gone");
        Tensor twice = block.call(Tensor.ones(1, 4));
        twice.sum().backward();
        assertThatThrownBy(() -> twice.sum().backward()).hasMessageContaining("backward was called before");
        Tensor gone;
        try (var inner = MemoryScope.open()) {
            Tensor captured = Tensor.ones(1, 4);
            gone = Autograd.checkpoint(x -> x.mul(captured).tanh(), Tensor.ones(1, 4).requireGrad());
            gone.moveTo(inner, scope);
        }
        assertThatThrownBy(() -> gone.sum().backward()).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("mul: input 1: tensor of shape [1, 4] was used after");
    }

    /** Does something else, or fails, when it is computed again. */
    private static final class Moody extends Layer {
        private UnaryOperator<Tensor> now = Tensor::tanh;

        @Override
        protected Tensor forward(Tensor x) {
            return now.apply(x);
        }
    }

    @Test
    void anotherComputationIsRefused() {
        Moody moody = new Moody();
        Layer model = chain(new Linear(4, 4), Checkpoint.of(chain(moody, new Linear(4, 4))));
        for (var other : Map.<String, UnaryOperator<Tensor>>of("did sigmoid where it had done tanh", Tensor::sigmoid,
                "did add where it had done tanh", x -> x.add(1), "did linear where it had done tanh", x -> x,
                "ended before tanh", x -> x.detach(), "drew more random numbers", x -> {
                    Rng.seed();
                    return x.tanh();
                }).entrySet()) {
            moody.now = Tensor::tanh;
            Tensor loss = model.call(Tensor.ones(2, 4)).sum();
            moody.now = other.getValue();
            model.freeze();
            model.unfreeze();
            if (other.getKey().startsWith("ended")) {
                model.freeze();
            }
            assertThatThrownBy(loss::backward).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(other.getKey()).hasMessageContaining("in layer 1 ");
            model.unfreeze();
        }
    }

    @Test
    void aFailureLeavesEverythingAsItWas() {
        Rng.seed(5);
        Moody moody = new Moody();
        Sequential inner = chain(new Linear(4, 4), new BatchNorm(4), new Dropout(), moody, new Linear(4, 4));
        Layer model = Checkpoint.of(inner);
        Tensor x = Rng.normal(3, 4).requireGrad();
        long before = MemoryPool.of(device).stats().active();
        Tensor y = model.call(x);
        Map<String, double[]> state = new LinkedHashMap<>();
        model.stateDict().forEach((name, param) -> state.put(name, param.toDoubleArray()));
        Rng.State random = Rng.state();
        inner.eval();
        moody.now = _ -> {
            throw new IllegalArgumentException("moody");
        };
        Tensor dy = y.onesLike();
        long kept = MemoryPool.of(device).stats().active();
        assertThatThrownBy(() -> y.backward(dy)).hasMessage("moody (in layer 3, Moody)");
        assertThat(MemoryPool.of(device).stats().active()).isEqualTo(kept);
        assertThat(inner.isTraining()).isFalse();
        assertThat(Rng.state()).isEqualTo(random);
        model.stateDict().forEach((name, param) -> assertThat(param.toDoubleArray()).isEqualTo(state.get(name)));
        moody.now = Tensor::tanh; // so it can be tried again
        y.backward(dy);
        assertThat(x.grad()).isNotNull();
        assertThat(kept).isGreaterThan(before);
    }

    @Test
    void aFailureOfTheFirstRunLeavesEverythingAsItWas() {
        Moody moody = new Moody();
        moody.now = _ -> {
            throw new IllegalArgumentException("moody");
        };
        Layer model = Checkpoint.of(Checkpoint.of(chain(new Linear(64, 64), moody)));
        Tensor x = Tensor.ones(4, 64);
        long before = MemoryPool.of(device).stats().active();
        try (var _ = MemoryScope.open()) {
            assertThatThrownBy(() -> model.call(x)).hasMessage("moody (in layer 1, Moody)");
        }
        assertThat(MemoryPool.of(device).stats().active()).isEqualTo(before);
        assertThat(x.storage().isHeldOnce()).isTrue();
    }

    /** The last operation's input is not held, and so not let go of when its node ends first. */
    @Test
    void whatIsNotHeldIsNotReleased() {
        Tensor x = Tensor.ones(4).requireGrad();
        Tensor y = Autograd.checkpoint(v -> {
            try (var _ = MemoryScope.open()) {
                v.square();
            }
            return v.tanh();
        }, x);
        assertThat(x.storage().isHeldOnce()).isFalse();
        y.sum().backward();
        assertThat(x.storage().isAlive()).isTrue();
        assertThat(x.storage().isHeldOnce()).isTrue();
    }

    @Test
    void backwardInsideOfTheFunctionIsRefused() {
        Tensor x = Tensor.ones(4).requireGrad();
        assertThatThrownBy(() -> Autograd.checkpoint(v -> Autograd.grad(v.square().sum(), v).getFirst(), x))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("inside of the function");
    }

    // ---- derivatives

    private static Layer smooth(UnaryOperator<Layer> block) {
        Rng.seed(8);
        return chain(block.apply(chain(new Linear(3, 4), new Tanh())),
                block.apply(chain(new GELU(), new Linear(4, 2))));
    }

    @Test
    void jacobiansAndHessiansAreRight() {
        Layer plain = smooth(layer -> layer);
        Layer model = smooth(Checkpoint::of);
        Tensor x = Rng.normal(1, 3);
        assertThat(Autograd.jacobian(model::call, x).toDoubleArray())
                .containsExactly(Autograd.jacobian(plain::call, x).toDoubleArray());
        assertThat(Autograd.hessian(v -> model.call(v).square().sum(), x).toDoubleArray())
                .containsExactly(Autograd.hessian(v -> plain.call(v).square().sum(), x).toDoubleArray());
        assertThat(Autograd.grad(v -> Autograd.grad(u -> model.call(u).sum(), v).square().sum(), x).toDoubleArray())
                .containsExactly(
                        Autograd.grad(v -> Autograd.grad(u -> plain.call(u).sum(), v).square().sum(), x)
                                .toDoubleArray());
        Tensor input = x.detach().requireGrad();
        Tensor y = model.call(input).sum();
        try (var _ = Autograd.higherOrder()) {
            assertThatThrownBy(() -> Autograd.grad(y, input)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no second derivative").hasMessageContaining("higherOrder()");
        }
        try (var _ = Autograd.higherOrder()) {
            y.backward(); // once, it is computed again as it was computed
        }
        Tensor other = x.detach().requireGrad();
        plain.call(other).sum().backward();
        assertThat(input.grad().toDoubleArray()).containsExactly(other.grad().toDoubleArray());
    }

    /** Two results of one block, differentiated one after the other, which share no operation. */
    @Test
    void aBlockCanBeLeftInParts() {
        Linear left = new Linear(3, 2);
        Linear right = new Linear(3, 2);
        Tensor x = Rng.normal(2, 3);
        Tensor[] second = {null};
        UnaryOperator<Tensor> both = v -> {
            Tensor other = right.call(v).tanh();
            if (second[0] == null) {
                second[0] = MemoryScope.keep(other);
            }
            return left.call(v).tanh();
        };
        Tensor first = Autograd.checkpoint(both, x);
        first.sum().backward();
        second[0].sum().backward();
        List<double[]> again = List.of(left.weight().grad().toDoubleArray(), right.weight().grad().toDoubleArray());
        left.weight().zeroGrad();
        right.weight().zeroGrad();
        left.call(x).tanh().sum().backward();
        right.call(x).tanh().sum().backward();
        assertThat(again.get(0)).containsExactly(left.weight().grad().toDoubleArray());
        assertThat(again.get(1)).containsExactly(right.weight().grad().toDoubleArray());
    }
}
