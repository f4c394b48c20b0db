package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.AnomalyException;
import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Node;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Chains compute a layer and its activation at once where the backend can, and nobody can tell but by the tape. */
final class ActivationFusingTest {
    private final Device device = Device.of(new FusedBackend());
    private Device.Use use;
    private MemoryScope scope;

    @BeforeEach
    void open() {
        use = device.use();
        scope = MemoryScope.open("of a test");
        Rng.seed(5);
    }

    @AfterEach
    void close() {
        scope.close();
        use.close();
    }

    static Stream<Sequential> chains() {
        return Stream.of(new Sequential(new Linear(4, 6), new ReLU()), new Sequential(new Linear(4, 6), new Tanh()),
                new Sequential(new Linear(4, 6), new Sigmoid()), new Sequential(new BatchNorm(4), new ReLU()));
    }

    private static Node history(Layer model, Tensor x) {
        return model.call(x).history();
    }

    private static HookHandle watched(Layer layer) {
        return layer.addForwardHook((_, _, output) -> output);
    }

    /** The result, the input's gradient, and those of the parameters, of a function of the result with all signs. */
    private static List<double[]> outcome(Sequential model, Tensor input) {
        Tensor x = input.detach().requireGrad();
        Tensor y = model.call(x);
        y.mul(Tensor.linspace(-1, 2, (int) y.size()).reshape(y.shape())).sum().backward();
        List<double[]> all = new ArrayList<>(List.of(y.toDoubleArray(), x.grad().toDoubleArray()));
        for (Param param : model.parameters()) {
            all.add(param.grad().toDoubleArray());
            param.zeroGrad();
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("chains")
    void fusedIsUnfused(Sequential model) {
        model.to(device);
        for (Tensor x : model.get(0) instanceof BatchNorm
                ? List.of(Rng.normal(5, 4), Rng.normal(2, 4, 3), Rng.normal(3, 5, 4).permute(0, 2, 1))
                : List.of(Rng.normal(5, 4), Rng.normal(2, 3, 4), Rng.normal(4, 5).permute(1, 0))) {
            List<double[]> fused = outcome(model, x);
            List<double[]> unfused;
            try (var _ = watched(model.get(1))) {
                unfused = outcome(model, x);
            }
            for (int i = 0; i < fused.size(); i++) {
                assertThat(fused.get(i)).containsExactly(unfused.get(i), within(2e-6));
            }
            assertThat(Arrays.stream(fused.getFirst()).max().orElseThrow()).as("not all zero").isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource("chains")
    void trainingTakesTheFusedPathUnlessSomebodyLooks(Sequential model) {
        model.to(device);
        Tensor x = Rng.normal(5, 4);
        Node fused = history(model, x);
        assertThat(fused.isFused()).isTrue();
        assertThat(fused.op().name()).contains(" with ");
        assertThat(fused.layer()).isEqualTo("0");
        assertThat(fused.inputs()).contains(x).containsAll(model.parameters());
        for (Layer layer : model.children().values()) {
            try (var _ = watched(layer)) {
                assertThat(history(model, x).layer()).isEqualTo("1");
            }
            try (var _ = layer.addForwardPreHook((_, input) -> input.mul(1))) {
                assertThat(history(model, x).layer()).isEqualTo("1");
            }
            assertThat(history(model, x).layer()).as("the hook is gone").isEqualTo("0");
        }
        try (var _ = Autograd.higherOrder()) {
            assertThat(history(model, x).isFused()).isFalse();
            assertThat(history(model, x).layer()).isEqualTo("1");
        }
        Device plain = Device.of(new ReferenceBackend());
        model.to(plain);
        assertThat(history(model, x.to(plain)).layer()).as("without kernels").isEqualTo("1");
        model.to(device).to(DType.FLOAT64);
        assertThat(history(model, x.to(DType.FLOAT64)).layer()).as("kernels are for float32").isEqualTo("1");
    }

    @Test
    void batchNormIsFusedInTrainingOnlyAndMovesItsStatistics() {
        Sequential model = new Sequential(new BatchNorm(4), new ReLU());
        Sequential apart = new Sequential(new BatchNorm(4), new ReLU());
        watched(apart.get(0));
        Tensor x = Rng.normal(5, 4);
        model.call(x);
        apart.call(x);
        assertThat(model.stateDict().keySet()).containsExactlyElementsOf(apart.stateDict().keySet());
        model.stateDict().forEach((name, param) -> assertThat(param.toDoubleArray()).as(name)
                .containsExactly(apart.stateDict().get(name).toDoubleArray()));
        assertThat(model.stateDict().get("0.num_batches_tracked").item()).isEqualTo(1);
        model.eval();
        apart.eval();
        assertThat(history(model, x).layer()).isEqualTo("1");
        assertThat(model.call(x).toArray()).containsExactly(apart.call(x).toArray());
    }

    @Test
    void onlyAnActivationThatFollowsDirectlyIsFused() {
        for (Sequential model : List.of(new Sequential(new Linear(4, 4), new IdentityLayer(), new ReLU()),
                new Sequential(new Linear(4, 4, false), new ReLU()), new Sequential(new Linear(4, 4), new GELU()),
                new Sequential(new BatchNorm(4), new Tanh()), new Sequential(new Tanh(), new ReLU()))) {
            assertThat(history(model, Rng.normal(5, 4).requireGrad()).op().name()).doesNotContain("with");
        }
        Sequential longer = new Sequential(new Linear(4, 4), new ReLU(), new ReLU(), new Linear(4, 4), new Tanh());
        Node last = history(longer, Rng.normal(5, 4));
        assertThat(last.op().name()).isEqualTo("linear with tanh");
        assertThat(last.layer()).isEqualTo("3");
        Node before = last.inputs().getFirst().history();
        assertThat(before.op().name()).isEqualTo("relu");
        assertThat(before.inputs().getFirst().history().op().name()).isEqualTo("linear with relu");
    }

    @Test
    void evaluationWithoutATapeIsFusedToo() {
        Sequential model = new Sequential(new Linear(4, 6), new Tanh());
        Tensor x = Rng.normal(5, 4);
        float[] recorded = model.call(x).toArray();
        try (var _ = Autograd.noGrad(); var _ = Autograd.detectAnomaly()) {
            assertThat(model.call(x).toArray()).containsExactly(recorded);
            Tensor broken = x.mul(Double.POSITIVE_INFINITY); // the sum of both infinities is no number
            assertThatThrownBy(() -> model.call(broken)).isInstanceOf(AnomalyException.class)
                    .hasMessageContaining("linear with tanh").hasMessageContaining("in layer 0");
        }
        assertThatThrownBy(() -> model.call(Rng.normal(5, 3))).hasMessageContaining("linear: input of shape [5, 3]")
                .hasMessageEndingWith("(in layer 0, Linear)");
    }

    /** Both rules are given the same memory as their gradient, and may not write into it. */
    @Test
    void aGradientThatOthersReadIsNotOverwritten() {
        Sequential left = new Sequential(new Linear(4, 6), new ReLU());
        Sequential right = new Sequential(new Linear(4, 6), new Tanh());
        Tensor x = Rng.normal(5, 4);
        List<double[]> gradients = new ArrayList<>();
        for (boolean fused : new boolean[] {true, false}) {
            List<HookHandle> hooks = fused ? List.of() : List.of(watched(left.get(0)), watched(right.get(0)));
            Tensor sum = left.call(x).add(right.call(x));
            sum.mul(sum).sum().backward();
            for (Sequential side : List.of(left, right)) {
                for (Param param : side.parameters()) {
                    gradients.add(param.grad().toDoubleArray());
                    param.zeroGrad();
                }
            }
            hooks.forEach(HookHandle::close);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(gradients.get(i)).containsExactly(gradients.get(i + 4), within(1e-5));
        }
        Tensor given = Tensor.ones(5, 6);
        left.call(x).backward(given);
        assertThat(given.toArray()).as("the caller's own").containsOnly(1);
    }

    /** One backward pass for each element of the result: nothing may be let go of before the last. */
    @Test
    void aTapeThatIsWalkedAgainKeepsWhatItSaved() {
        Sequential model = new Sequential(new Linear(3, 2), new Tanh());
        Tensor x = Rng.normal(2, 3);
        float[] fused = Autograd.jacobian(model::call, x).toArray();
        watched(model.get(0));
        assertThat(fused).containsExactly(Autograd.jacobian(model::call, x).toArray(), within(1e-6f));
    }

    private long peak(Sequential model, Tensor x) {
        MemoryPool pool = MemoryPool.of(device);
        for (int i = 0; i < 2; i++) { // the first time makes gradients
            pool.resetPeak();
            try (var _ = MemoryScope.open("of a step")) {
                model.call(x).square().sum().backward();
            }
        }
        return pool.stats().peak();
    }

    @Test
    void takesNoMoreMemory() {
        Sequential model = new Sequential();
        for (int i = 0; i < 4; i++) {
            model.add(new Linear(32, 32)).add(i % 2 == 0 ? new ReLU() : new Tanh()).add(new BatchNorm(32))
                    .add(new ReLU());
        }
        Tensor x = Rng.normal(256, 32);
        long fused = peak(model, x);
        model.children().values().forEach(ActivationFusingTest::watched);
        long unfused = peak(model, x);
        assertThat(fused).isLessThanOrEqualTo(unfused);
    }
}
