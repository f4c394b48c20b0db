package dev.jacobian.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** How the worker of each library is started; ours come first. */
final class Libraries {
    private final Map<String, Supplier<WorkerClient>> starts = new LinkedHashMap<>();

    /**
     * Our workers, one for each device, then the peers, which have been built.
     *
     * @param logs the folder of what they print
     */
    Libraries(List<String> devices, List<String> peers, Peers project, int threads, Path logs) {
        for (String device : devices) {
            String name = starts.isEmpty() ? BenchReport.OURS : BenchReport.OURS + " " + device;
            starts.put(name, () -> WorkerClient.start(name, ours(device, threads), Map.of(), log(logs, name)));
        }
        for (String peer : peers) {
            starts.put(peer, () -> WorkerClient.start(peer, project.command(peer, threads),
                    Peers.environment(threads), log(logs, peer)));
        }
    }

    private static Path log(Path logs, String name) {
        return logs.resolve("worker-" + name.replaceAll("[^A-Za-z0-9]", "-") + ".log");
    }

    private static List<String> ours(String device, int threads) {
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
        return List.copyOf(starts.keySet());
    }

    WorkerClient start(String name) {
        return starts.get(name).get();
    }
}
