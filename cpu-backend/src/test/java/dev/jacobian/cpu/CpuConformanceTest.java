package dev.jacobian.cpu;

import dev.jacobian.backend.Device;
import dev.jacobian.testing.BackendConformanceTest;
import java.util.List;

/** The CPU does what every backend must do, with vectors or without, and with any number of threads. */
final class CpuConformanceTest extends BackendConformanceTest {
    private static final Device TWO_THREADS = Device.of(Tensors.backend(2));
    private static final Device ONE_THREAD = Device.of(Tensors.backend(1));
    private static final Device THREE_THREADS = Device.of(Tensors.backend(3));

    @Override
    protected Device device() {
        return TWO_THREADS;
    }

    @Override
    protected Iterable<Device> sameBitsDevices() {
        return List.of(ONE_THREAD, THREE_THREADS);
    }
}
