package dev.jacobian.cuda;

import dev.jacobian.backend.Device;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.testing.BackendConformanceTest;
import dev.jacobian.testing.Grid;
import org.junit.jupiter.api.Tag;

/** A card does what every backend must do, and a second one of its model gives the same bits. */
@Tag("software-device")
final class CudaConformanceTest extends BackendConformanceTest {
    @Override
    protected Device device() {
        return Cuda.device();
    }

    /** The checked device is slow. */
    @Override
    protected Grid grid() {
        return "small".equals(System.getProperty("jacobian.test.grid")) ? Grid.SMALL : Grid.FULL;
    }

    @Override
    protected Iterable<Device> sameBitsDevices() {
        Device checked = device();
        return Cuda.devices().stream().filter(other -> other != checked && sameModel(other, checked)).limit(1).toList();
    }

    private static boolean sameModel(Device one, Device other) {
        CudaContext a = ((CudaBackend) one.backend()).context();
        CudaContext b = ((CudaBackend) other.backend()).context();
        return a.computeCapability() == b.computeCapability() && a.multiprocessors() == b.multiprocessors();
    }
}
