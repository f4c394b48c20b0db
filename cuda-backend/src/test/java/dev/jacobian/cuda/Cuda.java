package dev.jacobian.cuda;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Device;
import java.util.List;

/** The devices of tests: the software device's, or a real card's. */
final class Cuda {
    private Cuda() {}

    /** All there are. */
    static List<Device> devices() {
        return Device.available().stream().filter(device -> device.backend() instanceof CudaBackend).toList();
    }

    /**
     * The one that the system property {@code jacobian.test.device} names, else the first; a test that asks for it
     * where there is none is skipped.
     */
    static Device device() {
        assumeThat(devices()).as("CUDA devices: %s", Device.explanation()).isNotEmpty();
        String chosen = System.getProperty("jacobian.test.device");
        return chosen == null ? devices().getFirst() : Device.of(chosen);
    }

    /** The processor, to compare with. */
    static Device cpu() {
        return Device.of("cpu");
    }
}
