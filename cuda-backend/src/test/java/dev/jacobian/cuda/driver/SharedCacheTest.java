package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes that compile the same kernels into one cache folder at once both get them, and leave them whole. */
class SharedCacheTest {
    private static final int PROCESSES = 2;
    private static final int FILES = 3;
    private static final int MAGIC_BYTES = 8;
    private static final int KEY_BYTES = 32;
    private static final int MILLIS = 10;
    private static final int MOST_WAITS = 6000;

    @TempDir
    Path folder;

    private Path cache;

    @BeforeEach
    void chooseFolder() {
        cache = folder.resolve("cache");
    }

    /** The processes wait for each other, so that they compile at the same time. */
    private void race(String name) throws Exception {
        Path together = Files.createDirectory(folder.resolve(name));
        Path start = together.resolve("start");
        List<Path> ready = IntStream.range(0, PROCESSES).mapToObj(i -> together.resolve("ready" + i)).toList();
        List<String> options = Stream.of("jacobian.cuda.libraries", "jacobian.cache")
                .filter(key -> System.getProperty(key) != null)
                .map(key -> "-D" + key + "=" + System.getProperty(key)).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(PROCESSES)) {
            List<Future<String>> texts = new ArrayList<>();
            for (int i = 0; i < PROCESSES; i++) {
                Path own = Files.createDirectory(together.resolve("process" + i));
                // Each compiles for itself, also what the software device would have kept from the other.
                Map<String, String> environment = Map.of("SOFTCUDA_CACHE", own.resolve("compiled").toString());
                List<String> arguments = List.of(cache.toString(), ready.get(i).toString(), start.toString(),
                        String.valueOf(FILES));
                Callable<String> process = () -> ChildProcess.run(SharedCacheProgram.class, own, options, environment,
                        arguments);
                texts.add(threads.submit(process));
            }
            for (int waits = 0; waits < MOST_WAITS && !ready.stream().allMatch(Files::exists)
                    && texts.stream().noneMatch(Future::isDone); waits++) {
                Thread.sleep(MILLIS);
            }
            Files.createFile(start);
            for (Future<String> text : texts) {
                assertThat(text.get()).contains("file0: 100\n", "file1: 101\n", "file2: 102\n");
            }
        }
    }

    private List<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(cache.resolve("kernels"))) {
            return files.sorted().toList();
        }
    }

    /** That there is one file for each key, and that it is whole. */
    private void assertWhole() throws IOException {
        assertThat(images()).hasSize(FILES);
        for (Path image : images()) {
            assertThat(image.toString()).endsWith(".image");
            byte[] key = Arrays.copyOfRange(Files.readAllBytes(image), MAGIC_BYTES, MAGIC_BYTES + KEY_BYTES);
            assertThat(image).hasFileName(KernelCache.name(key));
            assertThat(new KernelCache(new CacheFolder(cache)).read(key)).as("%s", image).isNotNull();
        }
    }

    @Test
    void twoProcessesShareAFolder() throws Exception {
        TestDevice.device();
        race("first");
        assertWhole();
        for (Path image : images()) {
            byte[] bytes = Files.readAllBytes(image);
            bytes[bytes.length / 2] ^= 1;
            Files.write(image, bytes);
        }
        race("with broken images");
        assertWhole();
    }
}
