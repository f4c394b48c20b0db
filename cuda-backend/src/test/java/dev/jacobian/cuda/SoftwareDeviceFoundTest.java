package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Device;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Where the build made a software device, it is found: else every test that needs one would be skipped in silence. */
final class SoftwareDeviceFoundTest {
    @Test
    void theDeviceThatTheBuildMadeIsFound() {
        Path driver = Path.of(System.getProperty("jacobian.cuda.libraries", "none")).resolve("libcuda.so.1");
        assumeThat(driver).as("the software device's driver").exists();
        assertThat(Cuda.devices()).as("CUDA devices: %s", Device.diagnosis()).isNotEmpty();
    }
}
