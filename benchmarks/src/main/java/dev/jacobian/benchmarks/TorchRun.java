package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The same training steps and kernels in PyTorch, if there is a python3 that has it, in a process of its own. */
final class TorchRun {
    private static final String SCRIPT = "torch_steps.py";
    private static final String VISIBLE = "CUDA_VISIBLE_DEVICES";
    private static final long LIMIT_SECONDS = 300;

    private TorchRun() {}

    /**
     * Runs the script.
     *
     * @param device the card; the only one that PyTorch gets to see
     * @return what it measured: versions, and seconds by name; with the key {@code missing} and why, if it could not
     */
    static Map<String, Object> measure(Device device) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("jacobian-torch");
        Path script = folder.resolve(SCRIPT);
        Path output = folder.resolve("output.json");
        Path log = folder.resolve("log");
        try {
            try (InputStream source = TorchRun.class.getResourceAsStream(SCRIPT)) {
                Files.copy(source, script);
            }
            ProcessBuilder python = new ProcessBuilder("python3", script.toString()).redirectOutput(output.toFile())
                    .redirectError(log.toFile());
            python.environment().compute(VISIBLE, (_, inherited) -> visible(inherited, device.toString()));
            Process process = python.start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Map.of("missing", "the script took more than " + LIMIT_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                return Map.of("missing", lastLine(log));
            }
            return new JsonMapper().readValue(output.toFile(), new TypeReference<>() {});
        } catch (IOException | JacksonException noPython) {
            return Map.of("missing", String.valueOf(noPython.getMessage()));
        } finally {
            Files.deleteIfExists(script);
            Files.deleteIfExists(output);
            Files.deleteIfExists(log);
            Files.deleteIfExists(folder);
        }
    }

    /**
     * What CUDA's variable must hold for a process to see one card only.
     *
     * @param inherited what it holds here, numbers or names separated by commas; or null
     * @param device the card as it is called here, {@code cuda:N}
     */
    static String visible(String inherited, String device) {
        int ordinal = Integer.parseInt(device.substring(device.indexOf(':') + 1));
        return inherited == null || inherited.isBlank()
                ? Integer.toString(ordinal)
                : inherited.split(",", -1)[ordinal].strip();
    }

    private static String lastLine(Path log) throws IOException {
        return Files.readString(log, StandardCharsets.UTF_8).strip().lines().reduce("", (_, line) -> line);
    }
}
