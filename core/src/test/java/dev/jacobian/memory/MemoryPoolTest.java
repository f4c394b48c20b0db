package dev.jacobian.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Blocks: rounded, kept, used again, given back when nobody can use them, and refused in words. */
final class MemoryPoolTest {
    private static final long MIB = 1 << 20;

    /** A backend with so much memory and no more, which counts. */
    private static final class Limited extends DelegatingBackend {
        private final long limit;
        private final Set<DeviceBuffer> out = new HashSet<>();
        private int allocations;

        Limited(long limit) {
            super(new ReferenceBackend());
            this.limit = limit;
        }

        private long used() {
            return out.stream().mapToLong(DeviceBuffer::bytes).sum();
        }

        @Override
        public synchronized DeviceBuffer allocate(long bytes) {
            if (used() + bytes > limit) {
                throw new OutOfMemoryError("limit");
            }
            allocations++;
            DeviceBuffer buffer = super.allocate(bytes);
            out.add(buffer);
            return buffer;
        }

        @Override
        public synchronized void free(DeviceBuffer buffer) {
            assertThat(out.remove(buffer)).as("given back once").isTrue();
            super.free(buffer);
        }
    }

    @Test
    void sizesAreRoundedToQuartersOfPowersOfTwo() {
        assertThat(MemoryPool.roundUp(0)).isEqualTo(256);
        assertThat(MemoryPool.roundUp(256)).isEqualTo(256);
        assertThat(MemoryPool.roundUp(257)).isEqualTo(320);
        assertThat(MemoryPool.roundUp(1025)).isEqualTo(1280);
        for (long bytes = 256; bytes < 1L << 40; bytes = bytes * 21 / 20 + 3) {
            long rounded = MemoryPool.roundUp(bytes);
            assertThat(rounded).isGreaterThanOrEqualTo(bytes).isLessThanOrEqualTo(bytes + bytes / 4);
            assertThat(MemoryPool.roundUp(rounded)).isEqualTo(rounded);
        }
    }

    @Test
    void blocksAreUsedAgain() {
        Limited backend = new Limited(64 * MIB);
        Device device = Device.of(backend);
        MemoryPool pool = MemoryPool.of(device);
        for (int step = 0; step < 5; step++) {
            try (var _ = device.use(); var _ = MemoryScope.open("step")) {
                Tensor.ones(100, 100).add(1).mul(2);
            }
        }
        assertThat(backend.allocations).isEqualTo(3);
        assertThat(pool.stats().active()).isZero();
        assertThat(pool.stats().cached()).isEqualTo(3 * MemoryPool.roundUp(40_000));
        assertThat(pool.stats().peak()).isEqualTo(3 * MemoryPool.roundUp(40_000));
        pool.resetPeak();
        assertThat(pool.stats().peak()).isZero();
        pool.flush();
        assertThat(pool.stats().cached()).isZero();
        assertThat(backend.used()).isZero();
    }

    @Test
    void aFullDeviceGivesBackWhatItKeptBeforeItFails() {
        Limited backend = new Limited(4 * MIB);
        Device device = Device.of(backend);
        try (var _ = device.use()) {
            try (var _ = MemoryScope.open("first")) {
                Tensor.ones(3 << 18);
            }
            try (var _ = MemoryScope.open("second")) {
                Tensor.ones(1 << 19); // does not fit beside the 3 MiB that are kept
            }
        }
        assertThat(backend.used()).isEqualTo(2 * MIB);
    }

    @Test
    void outOfMemoryListsTheLargestHolders() {
        Device device = Device.of(new Limited(5 * MIB));
        try (var _ = device.use(); var _ = MemoryScope.open("full")) {
            Tensor small = Tensor.ones(64, 4);
            Tensor large = Tensor.ones(1 << 10, 1 << 10);
            assertThatExceptionOfType(OutOfDeviceMemoryException.class).isThrownBy(() -> large.add(1))
                    .withMessageContaining("reference: out of memory for 4194304 bytes of float32 [1024, 1024]")
                    .withMessageContaining("largest holders float32 [1024, 1024] (4194304 bytes), float32 [64, 4]")
                    .withMessageContaining("smaller batch").withCauseInstanceOf(OutOfMemoryError.class);
            assertThat(small.add(1).toArray()).as("work goes on").containsOnly(2);
        }
        assertThat(MemoryPool.of(device).stats().active()).isZero();
    }

    @Test
    void theCollectorReclaimsWhatNoScopeHolds() throws InterruptedException {
        Device device = Device.of(new Limited(64 * MIB));
        MemoryPool pool = MemoryPool.of(device);
        try (var _ = device.use()) {
            for (int i = 0; i < 20; i++) {
                Tensor.ones(1000).requireGrad().exp().sum();
            }
        }
        for (int round = 0; round < 200 && pool.stats().active() > 0; round++) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(pool.stats().active()).isZero();
        assertThat(pool.stats().reclaimed()).isGreaterThanOrEqualTo(40);
    }

    @Test
    void pressureHasTheCollectorKeepUp() {
        Limited backend = new Limited(2048 * MIB);
        Device device = Device.of(backend);
        try (var _ = device.use()) {
            for (int i = 0; i < 400; i++) {
                Tensor.empty(device, DType.FLOAT32, Shape.of(1 << 20));
            }
        }
        assertThat(MemoryPool.of(device).stats().peak()).as("of 1600 MiB in all").isLessThan(1200 * MIB);
        assertThat(MemoryPool.of(device).stats().reclaimed()).isPositive();
    }

    /**
     * An MLP of 12 layers of 64 units, at 128 rows: the tape saves each product's input, which is the result of the ReLU
     * before it, and the ReLU saves its result, the same. The peak comes with the last layer's backward rule, when nothing
     * of the layers before it is used up: beside what is saved there are the gradients of its product and of its input.
     * That of its weight is written to where it is kept.
     */
    @Test
    void aDeepNetworksPeakIsWhatTheTapeSaves() {
        Device device = Device.of(new Limited(64 * MIB));
        MemoryPool pool = MemoryPool.of(device);
        int layers = 12;
        long activation = 128 * 64 * 4;
        long weight = 64 * 64 * 4;
        try (var _ = device.use()) {
            Param[] weights = new Param[layers];
            try (var _ = MemoryScope.open("initialisation")) {
                for (int i = 0; i < layers; i++) {
                    weights[i] = Param.of("w" + i, Tensor.linspace(-0.1, 0.1, 64 * 64).reshape(64, 64));
                }
            }
            assertThat(pool.stats().active()).isEqualTo(layers * weight);
            for (int step = 0; step < 2; step++) {
                pool.resetPeak();
                step(weights);
            }
            long saved = (1 + layers) * activation;
            long scalars = 2 * MemoryPool.roundUp(4); // the loss, and its gradient
            assertThat(pool.stats().peak())
                    .isEqualTo(2L * layers * weight + saved + 2 * activation + scalars);
            assertThat(pool.stats().active()).isEqualTo(2L * layers * weight);
        }
    }

    private static void step(Param[] weights) {
        try (var _ = MemoryScope.open("step")) {
            Tensor x = Tensor.ones(128, 64);
            for (Param w : weights) {
                try (var _ = MemoryScope.openFrame("layer")) {
                    x = MemoryScope.keepResult(x.linear(w, null).relu());
                }
            }
            x.sum().backward();
            for (Param w : weights) {
                w.useUpGrad();
            }
        }
    }
}
