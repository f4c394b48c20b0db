package dev.jacobian.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How the worker of each library is started; ours come first. */
final class Libraries {
    /** A Java heap that is resident from the start, so that only native memory grows. */
    private static final List<String> FIXED_HEAP = List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch");

    private final Map<String, List<String>> commands = new LinkedHashMap<>();
    private final int threads;
    private final Path logs;

    /**
     * Our workers, one for each device, then the peers, which have been built.
     *
     * @param logs the folder of what they print
     */
    Libraries(List<String> devices, List<String> peers, Peers project, int threads, Path logs) {
        this.threads = threads;
        this.logs = logs;
        for (String device : devices) {
            commands.put(commands.isEmpty() ? BenchReport.OURS : BenchReport.OURS + " " + device, ours(device));
        }
        for (String peer : peers) {
            commands.put(peer, project.command(peer, threads));
        }
    }

    private List<String> ours(String device) {
        List<String> options = new ArrayList<>(List.of("--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Djacobian.threads=" + threads));
        String further = System.getenv("JACOBIAN_OPTS");
        if (further != null && !further.isBlank()) {
            options.addAll(List.of(further.strip().split("\\s+", -1)));
        }
        options.addAll(List.of("-cp", System.getProperty("java.class.path"), JacobianLibrary.class.getName(), device));
        return options;
    }

    List<String> names() {
        return List.copyOf(commands.keySet());
    }

    WorkerClient start(String name) {
        return start(name, commands.get(name), Peers.environment(threads));
    }

    /** Starts a worker whose resident memory shows what native code needs at the moment. */
    WorkerClient startForMemory(String name) {
        // Behind options of the user's own, which the last one of a kind overrides.
        List<String> options = new ArrayList<>(commands.get(name));
        options.addAll(options.indexOf("-cp"), FIXED_HEAP);
        return start(name, options, Peers.environmentForMemory(threads));
    }

    private WorkerClient start(String name, List<String> options, Map<String, String> environment) {
        Path log = logs.resolve("worker-" + name.replaceAll("[^A-Za-z0-9]", "-") + ".log");
        return WorkerClient.start(name, options, name.startsWith(BenchReport.OURS) ? Map.of() : environment, log);
    }
}
