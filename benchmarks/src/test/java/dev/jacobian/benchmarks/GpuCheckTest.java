package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The check runs to its end, on whatever card there is or the software device, and says in a line what it cannot. */
final class GpuCheckTest {
    @Test
    void measuresEverythingThereIs(@TempDir Path folder) throws IOException {
        assumeThat(Device.available()).as("devices: %s", Device.explanation())
                .anyMatch(d -> d.toString().equals("cuda:0"));

        int code = GpuCheck.commandLine().execute("--quick", "--no-conformance", "--out", folder.toString());

        assertThat(code).isZero();
        JsonNode report = new JsonMapper().readTree(folder.resolve("gpu-check.json").toFile());
        assertThat(report.get("mnist").get("accuracy").asDouble()).isGreaterThan(0.8);
        assertThat(report.get("copyBytesPerSecond").asDouble()).isPositive();
        assertThat(report.get("cublasFlopsPerSecond").asDouble()).isPositive();
        assertThat(report.get("kernels").size()).isGreaterThan(45);
        for (JsonNode kernel : report.get("kernels")) {
            assertThat(kernel.get("seconds").asDouble()).as(kernel.get("name").asString()).isPositive();
        }
        assertThat(report.get("steps").size()).isEqualTo(Workload.LIGHT.size());
        assertThat(Files.readString(folder.resolve("gpu-check.md"))).contains("| softmax |", "W1 MLP", "| matmul ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda:99", "cpu"})
    void whereThereIsNoSuchCardOneLineSaysSo(String device) {
        CommandLine check = GpuCheck.commandLine();
        StringWriter printed = new StringWriter();
        check.setErr(new PrintWriter(printed));

        int code = check.execute("--device", device);

        assertThat(code).isEqualTo(2);
        assertThat(printed.toString().lines()).singleElement().asString().startsWith("gpu-check: ");
    }

    @Test
    void pytorchSeesTheCheckedCardOnly() {
        assertThat(TorchRun.visible(null, "cuda:1")).isEqualTo("1");
        assertThat(TorchRun.visible(" ", "cuda:0")).isEqualTo("0");
        assertThat(TorchRun.visible("4, GPU-7", "cuda:1")).isEqualTo("GPU-7");
    }
}
