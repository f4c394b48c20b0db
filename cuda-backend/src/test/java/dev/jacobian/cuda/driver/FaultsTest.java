package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.DeviceLostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the device refuses is an error of one call; what spoils it, of every call after. */
class FaultsTest {
    @TempDir
    Path folder;

    @Test
    void aRefusedCallLeavesTheDeviceUsable() {
        TestDevice.device();
        Faults faults = new Faults("cuda:3");
        faults.check(CUresult.CUDA_SUCCESS, "nothing");
        assertThatThrownBy(() -> faults.check(CUresult.CUDA_ERROR_INVALID_VALUE, "copying"))
                .isExactlyInstanceOf(DeviceException.class)
                .hasMessageStartingWith("cuda:3: copying failed with CUDA_ERROR_INVALID_VALUE");
        assertThat(faults.isLost()).isFalse();
        faults.ensureAlive();
    }

    @Test
    void whatSpoilsTheDeviceHasItsName() {
        TestDevice.device();
        assertThat(IntStream.of(226, 700, 719, 721, 810, 911).mapToObj(Faults::isFatal)).containsOnly(true);
        assertThat(Faults.describe(226)).startsWith("CUDA_ERROR_CONTAINED");
        assertThat(Faults.describe(721)).startsWith("CUDA_ERROR_TENSOR_MEMORY_LEAK");
        assertThat(Faults.isFatal(CUresult.CUDA_ERROR_OUT_OF_MEMORY)).isFalse();
        assertThat(Faults.isFatal(CUresult.CUDA_ERROR_DEINITIALIZED)).as("the end of the process").isFalse();
    }

    @Test
    void aLostDeviceRepeatsTheFirstMessage() {
        TestDevice.device();
        Faults faults = new Faults("cuda:0");
        assertThatThrownBy(() -> faults.check(CUresult.CUDA_ERROR_LAUNCH_FAILED, "launch of relu"))
                .isInstanceOf(DeviceLostException.class).hasMessageContaining("cuda:0: launch of relu failed with")
                .hasMessageContaining("CUDA_ERROR_LAUNCH_FAILED").hasMessageContaining("CUDA_LAUNCH_BLOCKING=1")
                .hasMessageEndingWith("restart");
        assertThatThrownBy(() -> faults.check(CUresult.CUDA_ERROR_UNKNOWN, "something else"))
                .isInstanceOf(DeviceLostException.class).hasMessageContaining("launch of relu");
        assertThatThrownBy(faults::ensureAlive).isInstanceOf(DeviceLostException.class)
                .hasMessageContaining("launch of relu").hasCauseInstanceOf(DeviceLostException.class);
    }

    @Test
    void aKernelThatStraysLosesTheDeviceAndNotTheProcess() throws Exception {
        TestDevice.device();
        List<String> options = Stream.of("jacobian.cuda.libraries", "jacobian.cache")
                .filter(name -> System.getProperty(name) != null)
                .map(name -> "-D" + name + "=" + System.getProperty(name)).toList();
        String text = ChildProcess.run(LostDeviceProgram.class, folder, options, Map.of(), List.of());
        String lost = text.lines().filter(line -> line.contains("DeviceLostException: ")).findFirst().orElseThrow();
        assertThat(lost).contains("cuda:0: ").contains("CUDA_ERROR_ILLEGAL_ADDRESS").contains("the device is lost");
        String message = lost.substring(lost.indexOf("DeviceLostException"));
        assertThat(text).contains("free before: done").contains("synchronize: " + message)
                .contains("allocate: " + message).contains("upload: " + message).contains("download: " + message)
                .contains("scratch: " + message).contains("product: " + message).contains("again: " + message)
                .contains("free: done").endsWith("alive\n");
    }
}
