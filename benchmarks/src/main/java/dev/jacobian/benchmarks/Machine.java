package dev.jacobian.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where it was measured.
 *
 * @param cpu the processor's model
 * @param cores that Java may use
 * @param memoryBytes of the machine, or of the container
 * @param kernel the operating system and its version
 * @param jdk the virtual machine and its version
 * @param vectorBits the width of the vectors that Java prefers for float32
 */
record Machine(String cpu, int cores, long memoryBytes, String kernel, String jdk, int vectorBits) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    static Machine here() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new Machine(cpuModel(), Runtime.getRuntime().availableProcessors(), system.getTotalMemorySize(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + system.getArch(),
                System.getProperty("java.vendor.version", System.getProperty("java.vm.name")) + ", "
                        + Runtime.version(),
                Limits.lanes() * Float.SIZE);
    }

    private static String cpuModel() {
        try {
            return field("model name") + ", family " + field("cpu family") + " model " + field("model");
        } catch (IOException notLinux) {
            return System.getenv().getOrDefault("PROCESSOR_IDENTIFIER", "unknown");
        }
    }

    private static String field(String key) throws IOException {
        return Files.readAllLines(CPU_INFO).stream().filter(line -> line.matches(key + "\\s*:.*"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst().orElse("unknown");
    }

    @Override
    public String toString() {
        return cpu + ", " + cores + " cores, " + (memoryBytes >> 30) + " GiB, " + vectorBits + "-bit vectors, " + kernel
                + ", JDK " + jdk;
    }
}
