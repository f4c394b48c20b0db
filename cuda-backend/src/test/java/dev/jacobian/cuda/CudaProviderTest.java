package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.DeviceLostException;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import dev.jacobian.tensor.Tensor;
import java.util.List;
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

    @Test
    void theNextCardStandsInForAFullOne() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            int cards = Cuda.devices().size();
            assumeThat(cards).as("cards").isGreaterThan(1);
            software.fail("alloc:2", 1); // the first try, and that after all work has run
            CudaProvider provider = new CudaProvider();
            assertThat(provider.backends()).hasSize(cards - 1).first().returns("cuda:1", Backend::name);
            assertThat(provider.explanation()).contains("; not used: cuda:0: allocate ");
        }
    }

    @Test
    void opensNoCardWhereAnotherDeviceIsNamed() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            long streams = software.count("streams");
            CudaProvider provider = looked("cpu");
            assertThat(provider.backends()).hasSameSizeAs(Cuda.devices());
            assertThat(provider.diagnosis()).noneSatisfy(line -> assertThat(line).endsWith("free"));
            assertThat(software.count("streams")).isEqualTo(streams);
            assertThat(looked(" Auto ").diagnosis()).filteredOn(line -> line.endsWith("MiB free")).hasSize(1);
            assertThat(software.count("streams")).isGreaterThan(streams);
        }
    }

    /** A provider that has looked for cards while a device was chosen by its property. */
    private static CudaProvider looked(String device) {
        String before = System.getProperty("jacobian.device");
        System.setProperty("jacobian.device", device);
        try {
            CudaProvider provider = new CudaProvider();
            provider.backends();
            return provider;
        } finally {
            if (before == null) {
                System.clearProperty("jacobian.device");
            } else {
                System.setProperty("jacobian.device", before);
            }
        }
    }

    @Test
    void tellsTheMemoryThatIsFreeNow() {
        try (SoftwareDevice _ = SoftwareDevice.open()) {
            Backend card = Cuda.device().backend();
            List<String> before = Device.diagnosis();
            DeviceBuffer block = card.allocate(64 << 20);
            assertThat(Device.diagnosis()).isNotEqualTo(before).hasSameSizeAs(before);
            card.free(block);
        }
    }

    @Test
    void tellsThatACardIsLost() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            CudaProvider provider = looked("cuda");
            Device card = Device.of(provider.backends().getFirst());
            software.fail("lose", 1);
            assertThatExceptionOfType(DeviceLostException.class)
                    .isThrownBy(() -> Tensor.full(card, DType.FLOAT32, Shape.of(9), 1).item());
            assertThat(provider.diagnosis()).last().asString().startsWith("cuda:0: ").contains("failed with");
        }
    }

    @Test
    void aCardThatIsFullAtFirstUseIsOutOfMemory() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            Device device = software.fresh();
            software.fail("alloc-", 1);
            assertThatExceptionOfType(OutOfDeviceMemoryException.class).isThrownBy(device::synchronize)
                    .withMessageStartingWith("cuda:0: allocate ");
            software.fail("reset", 0);
            device.synchronize();
        }
    }
}
