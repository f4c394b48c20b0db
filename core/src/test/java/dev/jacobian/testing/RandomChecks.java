package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/** Random numbers are the reference's, bit for bit. */
final class RandomChecks {
    private final Device device;

    RandomChecks(Device device) {
        this.device = device;
    }

    void check(List<Integer> lengths) {
        for (Distribution distribution : Distribution.values()) {
            for (int length : lengths) {
                check(distribution, length, 0, 0, 0);
                check(distribution, length, 0x1234_5678_9ABC_DEF0L, -1, Integer.MAX_VALUE);
                check(distribution, length, -1, 0x8000_0000_0000_0001L, -7);
            }
        }
    }

    private void check(Distribution distribution, int length, long seed, long stream, int step) {
        assertThat(draw(device, DType.FLOAT32, distribution, length, seed, stream, step))
                .as("%s, %d numbers", distribution, length)
                .isEqualTo(draw(OpChecks.REFERENCE, DType.FLOAT32, distribution, length, seed, stream, step));
        if (device.backend().supports(DType.FLOAT64)) {
            assertThat(draw(device, DType.FLOAT64, distribution, length, seed, stream, step))
                    .isEqualTo(draw(OpChecks.REFERENCE, DType.FLOAT64, distribution, length, seed, stream, step));
        }
    }

    private static double[] draw(
            Device on, DType dtype, Distribution distribution, int length, long seed, long stream, int step) {
        try (var _ = MemoryScope.open("of a draw"); var _ = on.use()) {
            Tensor at = Tensor.full(on, DType.INT32, Shape.SCALAR, 0).add(step);
            Tensor out = Tensor.empty(on, dtype, Shape.of(length));
            on.backend().random(distribution, new RandomKey(seed, stream, at.view()), out.view());
            return out.toDoubleArray();
        }
    }

    /** The same seed gives the same numbers on this device and on the reference. */
    void checkSeeds() {
        assertThat(seeded(device)).isDeepEqualTo(seeded(OpChecks.REFERENCE));
    }

    private static float[][] seeded(Device on) {
        try (var _ = MemoryScope.open("of a draw"); var _ = on.use()) {
            Rng.seed(11);
            return new float[][] {Rng.uniform(3, 5).toArray(), Rng.normal(17).toArray(), Rng.uniform(2).toArray()};
        }
    }
}
