package dev.jacobian.cuda;

import dev.jacobian.backend.Device;
import dev.jacobian.testing.BackendConformanceTest;
import dev.jacobian.testing.Grid;
import java.util.List;
import org.junit.jupiter.api.Tag;

/** A card does what every backend must do, and a second one gives the same bits. */
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
        List<Device> all = Cuda.devices();
        return all.subList(Math.min(1, all.size()), Math.min(2, all.size()));
    }
}
