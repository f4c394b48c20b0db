package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The check runs to its end, on whatever card there is or on the software device, and writes what it found. */
final class GpuCheckTest {
    @Test
    void measuresEverythingThereIs(@TempDir Path folder) throws IOException {
        assumeThat(Device.available()).as("devices: %s", Device.explanation())
                .anyMatch(d -> d.toString().equals("cuda:0"));

        int code = new CommandLine(new GpuCheck()).execute("--quick", "--no-conformance", "--out", folder.toString());

        assertThat(code).isZero();
        JsonNode report = new JsonMapper().readTree(folder.resolve("gpu-check.json").toFile());
        assertThat(report.get("mnist").get("accuracy").asDouble()).isGreaterThan(0.8);
        assertThat(report.get("copyBytesPerSecond").asDouble()).isPositive();
        assertThat(report.get("cublasFlopsPerSecond").asDouble()).isPositive();
        assertThat(report.get("kernels").size()).isGreaterThan(45);
        for (JsonNode kernel : report.get("kernels")) {
            assertThat(kernel.get("seconds").asDouble()).as(kernel.get("name").asString()).isPositive();
        }
        assertThat(report.get("steps").size()).isEqualTo(Workload.ALL.size());
        assertThat(Files.readString(folder.resolve("gpu-check.md"))).contains("| softmax |", "W1 MLP", "| matmul ");
    }
}
