package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.BackendProvider;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.SoftmaxKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class CpuProviderTest {
    @Test
    void isFoundAsAService() {
        assertThat(ServiceLoader.load(BackendProvider.class).stream().map(ServiceLoader.Provider::type))
                .contains(CpuProvider.class);
    }

    @Test
    void saysWhatItIsAndWhatWouldHelp() {
        CpuProvider provider = new CpuProvider();
        assertThat(provider.name()).isEqualTo("cpu");
        assertThat(provider.priority()).isZero();
        assertThat(provider.backends()).hasSize(1).isEqualTo(provider.backends());
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        assertThat(provider.explanation())
                .matches("cpu \\(\\d+ threads?, " + (vectors ? "\\d+-bit vectors\\)" : "scalar\\); --add-modules .*"));
    }

    @Test
    void threadSettingsAreChecked() {
        assertThat(CpuProvider.threads("jacobian.threads", "3")).isEqualTo(3);
        for (String bad : new String[] {"0", "-2", "many", "1.5"}) {
            assertThatThrownBy(() -> CpuProvider.threads("jacobian.threads", bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("jacobian.threads: got '" + bad + "', expected a number of threads");
        }
    }

    @Test
    void bytesGoToTheDeviceAndBack() {
        CpuBackend backend = Tensors.backend(1);
        DeviceBuffer buffer = backend.allocate(16);
        backend.upload(MemorySegment.ofArray(new int[] {1, 2}), buffer, 4);
        int[] back = new int[3];
        backend.download(buffer, 4, MemorySegment.ofArray(back));
        backend.synchronize();
        assertThat(back).containsExactly(1, 2, 0);
        backend.free(buffer);
        MemorySegment freed = ((HostBuffer) buffer).segment();
        assertThatThrownBy(() -> freed.get(ValueLayout.JAVA_INT, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fusedKernelsAreThereForFloat32() {
        CpuBackend backend = Tensors.backend(1);
        assertThat(backend.kernel(SoftmaxKernel.class, DType.FLOAT32)).isSameAs(backend);
        assertThat(backend.kernel(BatchNormKernel.class, DType.FLOAT64)).isNull();
        assertThat(backend.supports(DType.BOOL)).isTrue();
        assertThat(backend.name()).isEqualTo("cpu");
    }
}
