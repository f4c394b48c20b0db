package dev.jacobian.backend;

import dev.jacobian.testing.BackendConformanceTest;
import dev.jacobian.testing.Grid;
import dev.jacobian.testing.ReferenceBackend;

/** The reference in float32 agrees with itself in float64: so the tolerances leave room for rounding. */
final class ReferenceConformanceTest extends BackendConformanceTest {
    private final Device device = Device.of(new ReferenceBackend());

    @Override
    protected Device device() {
        return device;
    }

    @Override
    protected Grid grid() {
        return Grid.SMALL;
    }
}
