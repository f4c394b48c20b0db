package dev.jacobian.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The libraries that ours is compared with. Each is built by Maven when it is first asked for, in {@code benchmarks/peers},
 * and started from the class path that its build wrote; nothing of it is on ours.
 *
 * @param home the project's folder
 */
record Peers(Path home) {
    /** What there is, with about how much its first build downloads: the jars on its class path and what it unpacks. */
    static final Map<String, String> DOWNLOADS = Map.of("libtorch", "220 MB", "djl", "120 MB", "dl4j", "250 MB");

    private static final String SYSTEM = "Linux amd64";
    /** More than any case needs. */
    private static final String KEPT_BYTES = "4000000000";
    /** Blocks from this size on are mapped, and unmapped, one by one. */
    private static final String RETURNED_BYTES = "16384";

    /** Whether there are peers for this machine at all. */
    static boolean supported() {
        return SYSTEM.equals(System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    }

    private Path folder() {
        return home.resolve("benchmarks/peers");
    }

    private Path worker(String peer) {
        return folder().resolve("target").resolve(peer).resolve("worker.txt");
    }

    /**
     * Makes sure that a peer can be started.
     *
     * @throws BenchException if it cannot be built
     */
    void build(String peer) throws InterruptedException {
        if (!supported()) {
            throw new BenchException(peer + " runs on Linux x86-64 only");
        }
        if (isBuilt(peer)) {
            return;
        }
        System.err.println("bench: building " + peer + " with Maven; the first time it downloads about "
                + DOWNLOADS.get(peer) + " from Maven Central");
        try {
            ProcessBuilder maven = new ProcessBuilder("mvn", "-B", "-q", "-f", folder().resolve("pom.xml").toString(),
                    "-P" + peer, "package").redirectOutput(ProcessBuilder.Redirect.to(Path.of("/dev/stderr").toFile()));
            maven.environment().put("JAVA_HOME", System.getProperty("java.home"));
            int code = maven.redirectError(ProcessBuilder.Redirect.INHERIT).start().waitFor();
            if (code != 0 || !Files.exists(worker(peer))) {
                throw new BenchException(peer + " could not be built; Maven's messages are above");
            }
        } catch (IOException noMaven) {
            throw new BenchException(peer + " must be built first, and mvn cannot be run: " + noMaven.getMessage());
        }
    }

    /** Whether it was built after its sources last changed. */
    private boolean isBuilt(String peer) {
        Path worker = worker(peer);
        if (!Files.exists(worker)) {
            return false;
        }
        try (Stream<Path> own = Files.walk(folder().resolve("src"));
                Stream<Path> shared = Files.walk(
                        home.resolve("benchmarks/src/main/java/dev/jacobian/benchmarks/worker"))) {
            FileTime built = Files.getLastModifiedTime(worker);
            return Stream.of(own, shared, Stream.of(folder().resolve("pom.xml"))).flatMap(paths -> paths)
                    .filter(Files::isRegularFile).allMatch(source -> modified(source).compareTo(built) <= 0);
        } catch (IOException unreadable) {
            return false;
        }
    }

    private static FileTime modified(Path source) {
        try {
            return Files.getLastModifiedTime(source);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** How a worker is started: options of Java, the class path, the main class. */
    List<String> command(String peer, int threads) {
        try {
            // Main class, class path, then an option a line.
            List<String> lines = Files.readAllLines(worker(peer)).stream().filter(line -> !line.isBlank()).toList();
            List<String> command = new ArrayList<>(lines.subList(2, lines.size()));
            command.addAll(List.of("-Dthreads=" + threads, "-cp", lines.get(1), lines.getFirst()));
            return command;
        } catch (IOException unreadable) {
            throw new BenchException(peer + ": " + unreadable.getMessage());
        }
    }

    /**
     * What native libraries read when they start: how many threads, and that the C library should keep memory that was
     * freed rather than return it and have fresh pages made at the next call. With that, on two cores, libtorch's softmax
     * of 4096 × 1024 with its backward pass took 3.3 ms instead of 5.6, Adam of 10 million parameters in one tensor 18.3 ms
     * instead of 49.7.
     */
    static Map<String, String> environment(int threads) {
        return environment(threads, KEPT_BYTES, KEPT_BYTES);
    }

    /** The same, but that the C library returns what is freed at once: what is resident then, is in use. */
    static Map<String, String> environmentForMemory(int threads) {
        return environment(threads, "0", RETURNED_BYTES);
    }

    private static Map<String, String> environment(int threads, String keepsFreed, String mapsApart) {
        String number = Integer.toString(threads);
        return Map.of("OMP_NUM_THREADS", number, "MKL_NUM_THREADS", number, "OPENBLAS_NUM_THREADS", number,
                "MALLOC_TRIM_THRESHOLD_", keepsFreed, "MALLOC_MMAP_THRESHOLD_", mapsApart);
    }
}
