package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Products are those of float32 unless the user asks for TF32, which keeps 10 bits of each factor's fraction. */
class Tf32Test {
    private static final int FIRST_WITH_TF32 = 80;

    @TempDir
    Path folder;

    private double errorOfAProduct(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        Stream.of("jacobian.cuda.libraries", "jacobian.cache").filter(name -> System.getProperty(name) != null)
                .map(name -> "-D" + name + "=" + System.getProperty(name)).forEach(all::add);
        String text = ChildProcess.run(Tf32Program.class, folder, all, Map.of(), List.of());
        String line = text.lines().filter(each -> each.startsWith("error: ")).findFirst().orElseThrow();
        return Double.parseDouble(line.substring("error: ".length()));
    }

    @Test
    void itIsKnownBeforeADeviceIsOpened() {
        String before = System.getProperty("jacobian.tf32");
        try {
            System.setProperty("jacobian.tf32", "true");
            assertThat(CudaContext.tf32()).isTrue();
            System.clearProperty("jacobian.tf32");
            assertThat(CudaContext.tf32()).isFalse();
        } finally {
            if (before != null) {
                System.setProperty("jacobian.tf32", before);
            }
        }
    }

    @Test
    void factorsAreRoundedOnlyIfAskedFor() throws Exception {
        assumeThat(TestDevice.device().computeCapability()).as("compute capability")
                .isGreaterThanOrEqualTo(FIRST_WITH_TF32);
        assertThat(errorOfAProduct()).isLessThan(1e-6);
        assertThat(errorOfAProduct("-Djacobian.tf32=false")).isLessThan(1e-6);
        assertThat(errorOfAProduct("-Djacobian.tf32=true")).isBetween(1e-5, 1e-2);
    }
}
