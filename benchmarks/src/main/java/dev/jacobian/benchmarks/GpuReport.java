package dev.jacobian.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What a check found, as it grows; written as JSON and as a Markdown table. */
final class GpuReport {
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final List<Map<String, Object>> kernels = new ArrayList<>();
    private final Map<String, Timing> steps = new LinkedHashMap<>();
    private double bytesPerSecond;
    private double flopsPerSecond;

    /** A report about a card, with what the system says of it, its driver and its libraries. */
    GpuReport(String device, List<String> diagnosis) {
        values.put("date", LocalDate.now(ZoneOffset.UTC).toString());
        values.put("device", device);
        values.put("diagnosis", diagnosis);
        values.put("java", Runtime.version().toString());
    }

    void put(String key, Object value) {
        values.put(key, value);
    }

    Object get(String key) {
        return values.get(key);
    }

    void limits(double bandwidth, double arithmetic) {
        bytesPerSecond = bandwidth;
        flopsPerSecond = arithmetic;
        values.put("copyBytesPerSecond", bandwidth);
        values.put("cublasFlopsPerSecond", arithmetic);
    }

    String limitsText() {
        return String.format(Locale.ROOT, "device-to-device copy %.0f GB/s, bare cuBLAS %.1f TFLOP/s",
                bytesPerSecond * 1e-9, flopsPerSecond * 1e-12);
    }

    /** Adds a kernel's time, and says it in one line. */
    String kernel(KernelCase kernel, Timing timing) {
        boolean memory = kernel.bytes() > 0;
        double rate = (memory ? kernel.bytes() : kernel.flops()) / timing.seconds();
        double share = rate / (memory ? bytesPerSecond : flopsPerSecond);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", kernel.name());
        row.put("seconds", timing.seconds());
        row.put("fastest", timing.fastest());
        row.put("slowest", timing.slowest());
        row.put(memory ? "bytesPerSecond" : "flopsPerSecond", rate);
        row.put("shareOfLimit", share);
        kernels.add(row);
        return String.format(Locale.ROOT, "%-36s %10.1f µs  %8.1f %s  %.2f", kernel.name(), timing.seconds() * 1e6,
                memory ? rate * 1e-9 : rate * 1e-12, memory ? "GB/s" : "TFLOP/s", share);
    }

    void step(Workload workload, Timing timing) {
        steps.put(workload.name(), timing);
    }

    /**
     * Writes both files.
     *
     * @param folder where
     * @return the Markdown file
     */
    Path write(Path folder) throws IOException {
        values.put("kernels", kernels);
        values.put("steps", steps);
        Files.createDirectories(folder);
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        Files.writeString(folder.resolve("gpu-check.json"), mapper.writeValueAsString(values));
        Path table = folder.resolve("gpu-check.md");
        Files.writeString(table, markdown());
        return table;
    }

    private String markdown() {
        Map<?, ?> torch = (Map<?, ?>) values.get("torch");
        StringBuilder text = new StringBuilder("# GPU check, ").append(values.get("date")).append("\n\n");
        text.append("- ").append(values.get("device")).append('\n');
        ((List<?>) values.get("diagnosis")).forEach(said -> text.append("- ").append(said).append('\n'));
        text.append("- conformance: ").append(values.get("conformance")).append("\n- MNIST: ")
                .append(values.get("mnist")).append("\n- ").append(limitsText()).append("\n- PyTorch: ")
                .append(torch.containsKey("missing") ? "none (" + torch.get("missing") + ")" : torch.get("torch"))
                .append("\n\n| training step | ms | range | PyTorch eager, ms | torch.compile, ms |\n|---|---|---|---|---|\n");
        Workload.ALL.stream().filter(workload -> steps.containsKey(workload.name()))
                .forEach(workload -> text.append(row(workload, torch)));
        text.append("\n| kernel | µs | GB/s or TFLOP/s | share of the limit | PyTorch, µs |\n|---|---|---|---|---|\n");
        for (Map<String, Object> kernel : kernels) {
            text.append(row(kernel, torch));
        }
        return text.toString();
    }

    private String row(Workload workload, Map<?, ?> torch) {
        Timing timing = steps.get(workload.name());
        return String.format(Locale.ROOT, "| %s | %.3f | %.3f to %.3f | %s | %s |%n", workload.title(),
                timing.seconds() * 1e3, timing.fastest() * 1e3, timing.slowest() * 1e3,
                torchTime(torch.get("eager"), workload.name(), 1e3),
                torchTime(torch.get("compiled"), workload.name(), 1e3));
    }

    private static String row(Map<String, Object> kernel, Map<?, ?> torch) {
        boolean memory = kernel.containsKey("bytesPerSecond");
        double rate = (double) kernel.get(memory ? "bytesPerSecond" : "flopsPerSecond");
        return String.format(Locale.ROOT, "| %s | %.1f | %.1f %s | %.2f | %s |%n", kernel.get("name"),
                (double) kernel.get("seconds") * 1e6, memory ? rate * 1e-9 : rate * 1e-12, memory ? "GB/s" : "TFLOP/s",
                (double) kernel.get("shareOfLimit"), torchTime(torch.get("kernels"), (String) kernel.get("name"), 1e6));
    }

    private static String torchTime(Object group, String name, double scale) {
        if (group instanceof Map<?, ?> times && times.get(name) instanceof Map<?, ?> timing
                && timing.get("seconds") instanceof Number seconds) {
            return String.format(Locale.ROOT, "%.3f", seconds.doubleValue() * scale);
        }
        return "–";
    }

}
