package dev.jacobian.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.op.BatchNorm;
import dev.jacobian.op.Dropout;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.FusedBackend;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where gradients are written: to where a leaf keeps its own, over what nobody reads any more, and nowhere else. */
final class GradientMemoryTest {
    /** Counts copies. */
    private static final class Counting extends DelegatingBackend {
        private int copies;

        Counting() {
            super(new FusedBackend());
        }

        @Override
        public void copy(View x, View out) {
            copies++;
            super.copy(x, out);
        }
    }

    private final Counting backend = new Counting();
    private final Device device = Device.of(backend);
    private final MemoryPool pool = MemoryPool.of(device);
    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = device.use();
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    /** A function of leaves of these shapes. */
    record Call(String name, Function<List<Tensor>, Tensor> function, List<Shape> leaves) {
        static Call of(String name, Function<List<Tensor>, Tensor> function, int[]... leaves) {
            return new Call(name, function, Stream.of(leaves).map(Shape::of).toList());
        }

        static Call ofMatrix(String name, UnaryOperator<Tensor> function) {
            return of(name, x -> function.apply(x.getFirst()), new int[] {4, 6});
        }

        static Call ofImages(String name, UnaryOperator<Tensor> function) {
            return of(name, x -> function.apply(x.getFirst()), new int[] {2, 3, 6, 6});
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Tensor labels() {
        return Tensor.of(0, 5, 2, 1);
    }

    static Stream<Call> calls() {
        int[] heads = {2, 2, 5, 4};
        return Stream.of(Call.ofMatrix("relu", Tensor::relu), Call.ofMatrix("tanh", Tensor::tanh),
                Call.ofMatrix("sigmoid", Tensor::sigmoid), Call.ofMatrix("gelu", Tensor::gelu),
                Call.ofMatrix("softmax", x -> x.softmax(1)), Call.ofMatrix("log softmax", x -> x.logSoftmax(0)),
                Call.ofMatrix("cross entropy", x -> x.crossEntropy(labels(), -100, 0.1)),
                Call.ofMatrix("softmax margin", x -> x.softmaxMargin(labels(), 0.2)),
                Call.ofMatrix("dropout", x -> Autograd.apply(new Dropout(0.4, 1, 2), x,
                        Tensor.full(x.device(), DType.INT32, Shape.SCALAR, 3))),
                Call.ofMatrix("index select", x -> x.indexSelect(0, Tensor.of(3, 1, 3))),
                Call.ofImages("max pool", x -> x.maxPool2d(Window2d.of(2, 2))),
                Call.ofImages("average pool", x -> x.avgPool2d(Window2d.of(3, 3), true)),
                Call.of("layer norm", x -> x.get(0).layerNorm(new int[] {6}, x.get(1), x.get(2), 1e-5),
                        new int[] {4, 6}, new int[] {6}, new int[] {6}),
                Call.of("batch norm",
                        x -> Autograd.apply(new BatchNorm(1e-5, 0.1, null, null, Activation.NONE), x.get(0), x.get(1),
                                x.get(2)),
                        new int[] {4, 6}, new int[] {6}, new int[] {6}),
                Call.of("convolution", x -> x.get(0).conv2d(x.get(1), x.get(2), 1, 1), new int[] {2, 3, 6, 6},
                        new int[] {4, 3, 3, 3}, new int[] {4}),
                Call.of("linear", x -> x.get(0).linear(x.get(1), x.get(2)), new int[] {4, 6}, new int[] {3, 6},
                        new int[] {3}),
                Call.of("product", x -> x.get(0).matmul(x.get(1)), new int[] {4, 6}, new int[] {6, 3}),
                Call.of("products", x -> x.get(0).matmul(x.get(1)), new int[] {2, 4, 6}, new int[] {2, 6, 3}),
                Call.of("attention", x -> x.get(0).scaledDotProductAttention(x.get(1), x.get(2), true), heads, heads,
                        heads),
                Call.of("self-attention", x -> x.getFirst().selfAttention(2, true), new int[] {2, 5, 24}));
    }

    private static List<Tensor> leaves(Call call) {
        Rng.seed(7);
        return call.leaves.stream().map(shape -> Rng.normal(shape.toArray()).requireGrad()).toList();
    }

    private static Tensor normalLike(Tensor y) {
        return Rng.normal(y.shape().toArray());
    }

    @ParameterizedTest
    @MethodSource("calls")
    void noGradientOfALeafIsCopied(Call call) {
        List<Tensor> leaves = leaves(call);
        Tensor y = call.function.apply(leaves);
        Tensor dy = normalLike(y);
        backend.copies = 0;
        y.backward(dy);
        assertThat(backend.copies).isZero();
    }

    /** No step keeps a byte more than the first, nor does the third need more, at its highest, than the second. */
    @ParameterizedTest
    @MethodSource("calls")
    void stepsNeedNoMoreMemoryAsTheyGo(Call call) {
        List<Tensor> leaves = leaves(call);
        long[] active = new long[3];
        long[] peak = new long[3];
        List<Tensor> kept = null;
        for (int i = 0; i < 3; i++) {
            pool.resetPeak();
            try (var _ = MemoryScope.open("step")) {
                Tensor y = call.function.apply(leaves);
                y.backward(y.onesLike());
            }
            List<Tensor> gradients = leaves.stream().map(Tensor::grad).toList();
            assertThat(gradients).as("outlive the step").allMatch(Tensor::isAlive);
            assertThat(kept == null ? gradients : kept).as("the same buffers").isEqualTo(gradients);
            kept = gradients;
            active[i] = pool.stats().active();
            peak[i] = pool.stats().peak();
            leaves.forEach(i == 0 ? Tensor::useUpGrad : Tensor::zeroGrad);
        }
        assertThat(active).containsOnly(active[0]);
        assertThat(peak[2]).isEqualTo(peak[1]);
    }

    /** The gradients are those of the copies that a call among others makes, and twice that when they are added to. */
    @ParameterizedTest
    @MethodSource("calls")
    void gradientsAreWhatTheyAreElsewhere(Call call) {
        List<Tensor> leaves = leaves(call);
        Tensor y = call.function.apply(leaves.stream().map(Tensor::copy).toList());
        Tensor dy = normalLike(y);
        float[] given = dy.toArray();
        y.mul(1).backward(dy);
        List<float[]> want = leaves.stream().map(leaf -> leaf.grad().toArray()).toList();
        leaves.forEach(Tensor::useUpGrad);
        for (int times = 1; times <= 2; times++) {
            call.function.apply(leaves).backward(dy);
            for (int i = 0; i < want.size(); i++) {
                assertThat(leaves.get(i).grad().div(times).toArray()).isEqualTo(want.get(i));
            }
        }
        assertThat(dy.toArray()).as("what backward was given").isEqualTo(given);
    }

    /** Gradients that are asked for by name go to their caller, and are no leaf's. */
    @ParameterizedTest
    @MethodSource("calls")
    void gradientsThatAreReturnedAreNotKept(Call call) {
        List<Tensor> leaves = leaves(call);
        Tensor first = leaves.getFirst();
        call.function.apply(leaves).sum().backward();
        float[] want = first.grad().toArray();
        first.useUpGrad();
        Tensor returned = Autograd.grad(call.function.apply(leaves).sum(), first).getFirst();
        assertThat(returned.toArray()).isEqualTo(want);
        assertThat(returned.storage()).isNotSameAs(first.grad().storage());
        assertThat(first.grad().toArray()).isEqualTo(want);
    }

    @Test
    void oneLeafInSeveralPlacesAddsUp() {
        Tensor x = Rng.normal(2, 2, 5, 4).requireGrad();
        Tensor q = x.detach().requireGrad();
        Tensor k = x.detach().requireGrad();
        Tensor v = x.detach().requireGrad();
        q.scaledDotProductAttention(k, v, true).square().sum().backward();
        float[] want = q.grad().add(k.grad()).add(v.grad()).toArray();
        for (int i = 0; i < 2; i++) {
            x.scaledDotProductAttention(x, x, true).square().sum().backward();
            assertThat(x.grad().toArray()).containsExactly(want, offset(1e-5f));
            x.useUpGrad();
        }
    }

    @Test
    void whatTwoRulesAreGivenIsOverwrittenByNeither() {
        Tensor a = Tensor.of(1f, -2, 3).requireGrad();
        Tensor b = Tensor.of(-1f, 2, 3).requireGrad();
        // Both ReLUs get the one gradient of the sum, and none is a leaf's.
        a.mul(2).relu().add(b.mul(3).relu()).mul(5).sum().backward();
        assertThat(a.grad().toArray()).containsExactly(10, 0, 10);
        assertThat(b.grad().toArray()).containsExactly(0, 15, 15);
        Tensor x = Tensor.of(1f, -2, 3).requireGrad();
        Tensor y = x.mul(2);
        y.relu().add(y).mul(5).sum().backward();
        assertThat(x.grad().toArray()).as("through and past").containsExactly(20, 10, 20);
        Tensor parts = Tensor.of(1f, -2, 3, -4).requireGrad();
        Tensor doubled = parts.mul(2);
        Tensor.concat(0, doubled.slice(0, 0, 2).relu(), doubled.slice(0, 2, 4).neg().relu()).mul(3).sum().backward();
        assertThat(parts.grad().toArray()).as("two views of one gradient").containsExactly(6, 0, 0, -6);
    }

    @Test
    void repeatedGradientsAreMadeDense() {
        Tensor x = Tensor.of(1f, -2, 3).requireGrad();
        x.relu().sum().backward(); // one number, repeated
        assertThat(x.grad().toArray()).containsExactly(1, 0, 1);
        x.useUpGrad();
        x.mul(2).relu().sum().backward();
        assertThat(x.grad().toArray()).containsExactly(2, 0, 2);
        x.useUpGrad();
        Tensor rows = Tensor.of(1f, -2, 3, -1, 2, -3).reshape(2, 3).requireGrad();
        rows.mul(2).relu().sum(0).mul(5).sum().backward(); // a row that the walk made, repeated
        assertThat(rows.grad().toArray()).containsExactly(10, 0, 10, 0, 10, 0);
        x.unsqueeze(0).expand(2, 3).relu().sum().backward(); // the leaf is what is repeated
        assertThat(x.grad().toArray()).containsExactly(2, 0, 2);
        x.useUpGrad();
        x.mul(Tensor.of(1f, 2).reshape(2, 1)).relu().sum().backward();
        assertThat(x.grad().toArray()).containsExactly(3, 0, 3);
    }

    @Test
    void viewsOfALeafHaveNoBufferOfTheirOwn() {
        Tensor x = Rng.normal(4, 6).requireGrad();
        x.transpose().softmax(1).slice(0, 1, 4).square().sum().backward();
        Tensor alone = x.detach().transpose().copy().requireGrad();
        alone.softmax(1).slice(0, 1, 4).square().sum().backward();
        assertThat(x.grad().toArray()).containsExactly(alone.grad().transpose().toArray(), offset(1e-6f));
        Tensor transposed = x.detach().transpose().requireGrad();
        transposed.softmax(1).slice(0, 1, 4).square().sum().backward();
        assertThat(transposed.grad().toArray()).as("a leaf that is a view").isEqualTo(alone.grad().toArray());
    }

    /** A gradient that is still read, by its tape or as what a walk begins with, is not written over before that. */
    @Test
    void gradientsInUseAreNotOverwritten() {
        Param w = Param.of("w", Tensor.of(1f, -2, 3));
        w.mul(4).sum().backward();
        Tensor gradient = w.grad();
        w.useUpGrad();
        w.relu().mul(gradient).backward(Tensor.of(1f, 2, 3));
        assertThat(w.grad().toArray()).as("saved by the tape").containsExactly(4, 0, 12);
        w.useUpGrad();
        w.relu().backward(gradient);
        assertThat(w.grad().toArray()).as("what the walk begins with").containsExactly(4, 0, 12);
        w.useUpGrad();
        w.tanh().relu().backward(gradient.detach());
        assertThat(w.grad().toArray()[2]).as("another name of it")
                .isEqualTo(12 * (float) (1 - Math.pow(Math.tanh(3), 2)), offset(1e-5f));
        w.useUpGrad();
        w.relu().mul(3).sum().backward();
        w.zeroGrad();
        w.mul(2).relu().backward(gradient.reshape(3));
        assertThat(gradient).isSameAs(w.grad());
        assertThat(gradient.toArray()).containsExactly(6, 0, 6);
    }

    @Test
    void whatIsComputedAgainGivesTheSameGradients() {
        Tensor x = Rng.normal(4, 6).requireGrad();
        Param w = Param.of("w", Rng.normal(6, 6));
        UnaryOperator<Tensor> function = v -> v.relu().matmul(w).gelu().softmax(1);
        for (int i = 0; i < 2; i++) {
            function.apply(x).square().sum().backward();
            float[] dx = x.grad().toArray();
            float[] dw = w.grad().toArray();
            x.useUpGrad();
            w.useUpGrad();
            Autograd.checkpoint(function, x).square().sum().backward();
            assertThat(x.grad().toArray()).isEqualTo(dx);
            assertThat(w.grad().toArray()).isEqualTo(dw);
            x.useUpGrad();
            w.useUpGrad();
        }
    }

    /** A recorded backward pass keeps its gradients for the next: none is written over, nor into a leaf's. */
    @Test
    void secondDerivativesWriteOverNothing() {
        Tensor x = Tensor.of(0.5f, -1, 2).requireGrad();
        x.mul(7).sum().backward();
        x.useUpGrad();
        try (var _ = Autograd.higherOrder()) {
            Tensor first = Autograd.grad(x.tanh().sigmoid().relu().pow(2).sum(), x).getFirst();
            float[] before = first.toArray();
            Tensor second = Autograd.grad(first.sum(), x).getFirst();
            assertThat(first.toArray()).isEqualTo(before);
            assertThat(x.grad().toArray()).containsExactly(7, 7, 7);
            GradientCheck.secondOrder(v -> v.tanh().sigmoid().relu().pow(2), x.detach()).orThrow();
            assertThat(second.shape()).isEqualTo(x.shape());
        }
    }
}
