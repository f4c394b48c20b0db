package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thread that goes from one device to another takes each one's context with it. */
class TwoDevicesTest {
    @TempDir
    Path folder;

    @Test
    void oneThreadServesBothInTurn() throws Exception {
        TestDevice.device();
        List<String> options = Stream.of("jacobian.cuda.libraries", "jacobian.cache")
                .filter(name -> System.getProperty(name) != null)
                .map(name -> "-D" + name + "=" + System.getProperty(name)).toList();
        String text = ChildProcess.run(TwoDevicesProgram.class, folder, options, Map.of("SOFTCUDA_DEVICES", "2"),
                List.of());
        Assumptions.assumeFalse(text.contains("devices: 1\n"), "one device only");
        assertThat(text).contains("cuda:0: 90\n").contains("cuda:1: 100\n");
    }
}
