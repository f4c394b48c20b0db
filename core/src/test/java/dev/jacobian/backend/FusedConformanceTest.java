package dev.jacobian.backend;

import dev.jacobian.testing.BackendConformanceTest;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.Grid;

/** Fused operations by kernels agree with their decompositions, and training takes the kernels. */
final class FusedConformanceTest extends BackendConformanceTest {
    private final Device device = Device.of(new FusedBackend());

    @Override
    protected Device device() {
        return device;
    }

    @Override
    protected Grid grid() {
        return Grid.SMALL;
    }
}
