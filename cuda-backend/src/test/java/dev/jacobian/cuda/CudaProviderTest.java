package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whether a card is offered. */
@Tag("software-device")
final class CudaProviderTest {
    @Test
    void aFullCardIsNotOffered() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            software.fail("alloc-", 1);
            CudaProvider full = new CudaProvider();
            assertThat(full.backends()).isEmpty();
            assertThat(full.explanation()).startsWith("cuda:0: allocate ").contains("not enough device memory")
                    .contains("end what else uses the device");
            assertThat(full.diagnosis()).anySatisfy(line -> assertThat(line).startsWith("libcuda.so.1"));
        }
        assertThat(new CudaProvider().backends()).isNotEmpty();
    }
}
