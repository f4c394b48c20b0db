package dev.jacobian.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who holds memory, and when it goes back. Sizes are multiples of 256 bytes, so that the arithmetic is exact. */
final class MemoryScopeTest {
    private static final int FLOATS = 256;
    private static final long BLOCK = FLOATS * 4L;

    private final Device device = Device.of(new ReferenceBackend());
    private final MemoryPool pool = MemoryPool.of(device);
    private Device.Use use;

    @BeforeEach
    void use() {
        use = device.use();
    }

    @AfterEach
    void close() {
        use.close();
        assertThat(MemoryScope.current()).as("every scope was closed").isSameAs(MemoryScope.root());
    }

    private long blocks() {
        return pool.stats().active() / BLOCK;
    }

    private static Tensor block() {
        return Tensor.ones(FLOATS);
    }

    /** Leaves nothing behind that the garbage collector could give back while a test counts. */
    private static Param param(int... shape) {
        try (var _ = MemoryScope.open("of initial values")) {
            return Param.of("w", Tensor.ones(shape));
        }
    }

    @Test
    void scopesNest() {
        try (var outer = MemoryScope.open("outer")) {
            Tensor a = block();
            try (var inner = MemoryScope.open("inner")) {
                assertThat(MemoryScope.current()).isSameAs(inner);
                Tensor b = a.add(1);
                assertThat(blocks()).isEqualTo(2);
                assertThat(b.storage().scope()).isSameAs(inner).hasToString("memory scope inner");
            }
            assertThat(MemoryScope.current()).isSameAs(outer);
            assertThat(blocks()).isEqualTo(1);
            assertThat(a.isAlive()).isTrue();
        }
        assertThat(blocks()).isZero();
    }

    @Test
    void keepHandsATensorToTheOuterScope() {
        try (var outer = MemoryScope.open("outer")) {
            Tensor kept;
            Tensor lost;
            try (var _ = MemoryScope.open("inner")) {
                lost = block();
                kept = MemoryScope.keep(lost.add(1));
            }
            assertThat(kept.toArray()).containsOnly(2);
            assertThat(kept.storage().scope()).isSameAs(outer);
            assertThat(lost.isAlive()).isFalse();
            assertThat(blocks()).isEqualTo(1);
        }
        assertThat(blocks()).isZero();
    }

    @Test
    void viewsKeepTheirStorage() {
        try (var _ = MemoryScope.open("outer")) {
            Tensor view;
            try (var _ = MemoryScope.open("inner")) {
                view = MemoryScope.keep(block().slice(0, 3, 9));
            }
            assertThat(view.toArray()).containsOnly(1).hasSize(6);
            assertThat(blocks()).isEqualTo(1);
        }
        assertThat(blocks()).isZero();
    }

    @Test
    void keepInTheRootScopeIsNothing() {
        Tensor x = Tensor.of(1f);
        assertThat(MemoryScope.keep(x)).isSameAs(x);
        assertThat(x.storage().scope()).isSameAs(MemoryScope.root());
    }

    @Test
    void aKeptResultBringsItsHistoryAlong() {
        Param w = param(FLOATS);
        try (var _ = MemoryScope.open("outer")) {
            Tensor loss;
            try (var _ = MemoryScope.open("inner")) {
                loss = MemoryScope.keep(w.exp().square().sum());
            }
            loss.backward();
            assertThat(w.grad().toArray()[0]).isEqualTo((float) (2 * Math.exp(2)), offset(1e-4f));
        }
    }

    @Test
    void aClosedScopeTakesItsTapeAlong() {
        Param w = param(FLOATS);
        try (var _ = MemoryScope.open("outer")) {
            Tensor y;
            try (var _ = MemoryScope.open("inner")) {
                y = w.exp();
                y.storage().moveTo(MemoryScope.root());
            }
            assertThatIllegalStateException().isThrownBy(() -> y.backward(block())).withMessageContaining("exp")
                    .withMessageContaining("memory scope of the forward pass was closed");
        }
    }

    @Test
    void framesHandTheTapeOnAndNothingElse() {
        Param w = param(FLOATS);
        long before = blocks();
        try (var _ = MemoryScope.open("step")) {
            Tensor y;
            try (var _ = MemoryScope.openFrame("layer")) {
                Tensor saved = w.exp(); // saves its result
                Tensor passing = saved.add(1); // saves nothing
                y = MemoryScope.keepResult(passing.square()); // saves its input
                assertThat(blocks() - before).isEqualTo(3);
            }
            assertThat(blocks() - before).as("exp's result, square's input and result").isEqualTo(3);
            try (var _ = MemoryScope.openFrame("layer 2")) {
                Tensor doubled = y.mul(2);
                y = MemoryScope.keepResult(doubled.add(3).neg());
                assertThat(blocks() - before).isEqualTo(6);
            }
            assertThat(blocks() - before).as("of the second layer the result alone").isEqualTo(4);
            y.backward(block());
            assertThat(w.grad().toArray()[0]).isNegative();
        }
        w.zeroGrad();
        assertThat(blocks() - before).as("the gradient's buffer").isEqualTo(1);
    }

    @Test
    void theWalkGivesBackWhatItHasUsed() {
        Param w = param(FLOATS);
        long before = blocks();
        try (var _ = MemoryScope.open("step")) {
            Tensor loss;
            try (var _ = MemoryScope.openFrame("layers")) {
                Tensor x = w;
                for (int i = 0; i < 10; i++) {
                    x = x.sin();
                }
                loss = MemoryScope.keepResult(x.sum());
            }
            assertThat(blocks() - before).as("nine saved inputs beside the parameter").isEqualTo(9);
            loss.backward();
            assertThat(blocks() - before).as("the gradient of the parameter").isEqualTo(1);
        }
    }

    @Test
    void activeBytesReturnToTheSameNumberAfterEveryStep() {
        Param w = param(8, 8);
        long active = -1;
        for (int step = 0; step < 4; step++) {
            try (var _ = MemoryScope.open("step")) {
                Tensor x = Tensor.ones(5, 8);
                x.linear(w, null).relu().linear(w, null).logSoftmax(1).mean().backward();
                try (var _ = Autograd.noGrad()) {
                    w.set(w.sub(w.grad().mul(0.1)));
                }
                w.useUpGrad();
            }
            assertThat(pool.stats().active()).isEqualTo(active < 0 ? pool.stats().active() : active);
            active = pool.stats().active();
        }
        assertThat(pool.stats().reclaimed()).as("blocks that only the collector could give back").isZero();
    }

    @Test
    void closingAnOuterScopeClosesInnerOnes() {
        MemoryScope outer = MemoryScope.open("outer");
        MemoryScope inner = MemoryScope.open("inner");
        Tensor x = block();
        outer.close();
        assertThat(x.isAlive()).isFalse();
        assertThat(MemoryScope.current()).isSameAs(MemoryScope.root());
        inner.close();
        outer.close();
        assertThat(blocks()).isZero();
    }

    @Test
    void scopesCloseOnTheThreadThatOpenedThem() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (var scope = MemoryScope.open("mine")) {
            Thread other = new Thread(() -> {
                try {
                    assertThat(MemoryScope.current()).isSameAs(MemoryScope.root());
                    assertThatIllegalStateException().isThrownBy(scope::close).withMessageContaining("thread");
                } catch (AssertionError wrong) {
                    failure.set(wrong);
                }
            });
            other.start();
            other.join();
            assertThat(failure.get()).isNull();
            assertThat(MemoryScope.current()).isSameAs(scope);
        }
    }

    @Test
    void parametersAndGradientsLiveInTheRootScope() {
        Param w;
        try (var _ = MemoryScope.open("making a model")) {
            w = Param.of("w", block());
            w.mul(2).sum().backward();
        }
        assertThat(w.toArray()).containsOnly(1);
        assertThat(w.grad().toArray()).containsOnly(2);
        assertThat(w.storage().scope()).isSameAs(MemoryScope.root());
        w.convertTo(DType.FLOAT64);
        assertThat(w.grad()).isNull();
        assertThat(w.shape()).isEqualTo(Shape.of(FLOATS));
        assertThat(w.toDoubleArray()).containsOnly(1);
    }
}
