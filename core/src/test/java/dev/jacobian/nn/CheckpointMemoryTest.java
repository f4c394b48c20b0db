package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.FusedBackend;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What blocks that are computed again keep, and what they compute. Activations are 1 KiB each, and so is a weight. */
final class CheckpointMemoryTest {
    private static final int WIDTH = 16;
    private static final long BLOCK = WIDTH * WIDTH * 4;

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

    private final Counting backend = new Counting();
    private final Device device = Device.of(backend);
    private final MemoryPool pool = MemoryPool.of(device);
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
    }

    /** What one training step held, in blocks: between the passes beside the input, and at most, beside the state. */
    private record Use(double kept, double peak, int products) {}

    private Use step(Layer model) {
        Use use = null;
        for (int i = 0; i < 2; i++) { // gradients have their memory from the first step on
            try (var _ = MemoryScope.open("of a step")) {
                Tensor x = Rng.normal(WIDTH, WIDTH);
                long before = pool.stats().active();
                pool.resetPeak();
                Tensor y = model.call(x);
                long kept = pool.stats().active() - before;
                backend.products = 0;
                y.backward(y);
                model.parameters().forEach(Tensor::useUpGrad);
                use = new Use((double) kept / BLOCK, (double) (pool.stats().peak() - before) / BLOCK, backend.products);
            }
        }
        return use;
    }

    private static Sequential repeated(int times, Supplier<Layer> block) {
        var chain = new Sequential();
        for (int i = 0; i < times; i++) {
            chain.add(block.get());
        }
        return chain;
    }

    private static Layer linear() {
        return new Linear(WIDTH, WIDTH, false);
    }

    private static Layer with(Layer activation) {
        return new Sequential(linear(), activation);
    }

    private static Sequential before(Layer activation) {
        return new Sequential(activation, linear());
    }

    private static Layer block(Layer inner) {
        return Checkpoint.of(inner);
    }

    /** An output that its own rule needs is the one that the next product needs: both hold the same memory. */
    @Test
    void activationsOfTheirOutputKeepOneBufferForEachLayer() {
        for (Supplier<Layer> activation : List.<Supplier<Layer>>of(ReLU::new, Tanh::new, Sigmoid::new)) {
            assertThat(step(repeated(16, () -> with(activation.get())))).isEqualTo(new Use(16, 18, 31));
        }
    }

    /** GELU keeps what it is given, and the next product what it returns; compositions keep more. */
    @Test
    void otherActivationsKeepTwoBuffersOrMore() {
        assertThat(step(repeated(16, () -> with(new GELU())))).isEqualTo(new Use(32, 33, 31));
        assertThat(step(repeated(16, () -> with(new SiLU()))).kept()).isEqualTo(48);
        assertThat(step(repeated(16, () -> with(new ELU()))).kept()).isEqualTo(36); // 1/4 is a mask
        assertThat(step(repeated(16, () -> with(new Softplus()))).kept()).isEqualTo(36);
    }

    /** What follows is not computed again: as many products as without. */
    @Test
    void activationsThatAreComputedAgainKeepOneBuffer() {
        assertThat(step(repeated(16, () -> block(before(new GELU()))))).isEqualTo(new Use(16, 18, 31));
        for (Supplier<Layer> activation : List.<Supplier<Layer>>of(SiLU::new, ELU::new, Softplus::new)) {
            Use use = step(repeated(16, () -> block(before(activation.get()))));
            assertThat(use.kept()).isEqualTo(16);
            assertThat(use.products()).isEqualTo(31);
        }
    }

    /** What only passes gradients on ends a block as if it were not there. */
    @Test
    void aProductBeforeASumIsNotComputedAgain() {
        int kept = step(repeated(4, () -> new Residual(before(new GELU())))).products();
        assertThat(step(repeated(4, () -> block(new Residual(before(new GELU()))))).products()).isEqualTo(kept);
    }

    /** A function needs no layer around it. */
    @Test
    void aFunctionKeepsItsInputAlone() {
        Tensor x = Rng.normal(WIDTH, WIDTH).requireGrad();
        long before = pool.stats().active();
        Tensor y = Autograd.checkpoint(v -> v.tanh().exp().tanh().exp().tanh(), x);
        assertThat(pool.stats().active() - before).isEqualTo(BLOCK);
        y.backward(y);
        assertThat(x.grad()).isNotNull();
    }

    @Test
    void aBlockThatEndsInAnActivationComputesItsProductsAgain() {
        assertThat(step(repeated(16, () -> block(with(new GELU()))))).isEqualTo(new Use(16, 18, 31 + 16));
    }

    /** Four blocks of four: three inputs beside the model's own, and the eight buffers of one block. */
    @Test
    void oneBlockIsThereAtATime() {
        Supplier<Layer> pair = () -> before(new GELU());
        assertThat(step(repeated(16, pair))).isEqualTo(new Use(32, 33, 31));
        assertThat(step(repeated(4, () -> block(repeated(4, pair))))).isEqualTo(new Use(4, 12, 31 + 4 * 3));
        assertThat(step(block(repeated(16, pair)))).isEqualTo(new Use(1, 33, 31 + 15));
    }

    /** Inside a block that is computed again, the inner ones keep their inputs only. */
    @Test
    void nestedBlocksAreThereOneAtATime() {
        Use use = step(repeated(4, () -> block(repeated(4, () -> block(before(new GELU()))))));
        assertThat(use).isEqualTo(new Use(4, 9, 31 + 4 * 3));
    }

    /** The operations of a block that no gradient reaches hold nothing either. */
    @Test
    void whatNoGradientReachesIsLetGo() {
        Layer idle = new Layer() {
            @Override
            protected Tensor forward(Tensor x) {
                x.exp().mul(x).mul(x);
                return x.tanh();
            }
        };
        Use use = step(repeated(4, () -> block(new Sequential(idle, new Tanh(), linear()))));
        assertThat(use.kept()).isEqualTo(4);
        assertThat(use.peak()).isLessThanOrEqualTo(4 + 7);
    }

    /** A walk that may be repeated lets go as well, and computes again the next time. */
    @Test
    void severalWalksHoldOneBlockAtATime() {
        Layer model = repeated(4, () -> block(before(new GELU())));
        Tensor x = Rng.normal(WIDTH, WIDTH);
        Autograd.jacobian(v -> model.call(v).sum(), x);
        long before = pool.stats().active();
        pool.resetPeak();
        Autograd.jacobian(v -> model.call(v).slice(0, 0, 1).slice(1, 0, 2), x);
        assertThat(pool.stats().peak() - before).isLessThanOrEqualTo(16 * BLOCK);
    }

    @Test
    void withoutATapeNothingIsSpecial() {
        Layer model = repeated(4, () -> block(before(new GELU())));
        Tensor x = Rng.normal(WIDTH, WIDTH);
        try (var _ = Autograd.noGrad()) {
            long before = pool.stats().active();
            Tensor y = model.call(x);
            assertThat(y.requiresGrad()).isFalse();
            assertThat(pool.stats().active() - before).isEqualTo(BLOCK);
        }
        Tensor frozen = model.freeze().call(x);
        assertThat(frozen.requiresGrad()).isFalse();
        assertThat(x.storage().isHeldOnce()).isTrue();
    }

    /** Outside of scopes, the collector finds an abandoned tape, and the inputs that it holds. */
    @Test
    void anAbandonedTapeIsReclaimed() throws InterruptedException {
        Layer model = repeated(4, () -> block(before(new GELU())));
        scope.close();
        long before = pool.stats().active();
        model.call(Rng.normal(WIDTH, WIDTH)).sum();
        assertThat(pool.stats().active()).isGreaterThan(before);
        for (int i = 0; i < 100 && pool.stats().active() > before; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(pool.stats().active()).isLessThanOrEqualTo(before);
    }
}
