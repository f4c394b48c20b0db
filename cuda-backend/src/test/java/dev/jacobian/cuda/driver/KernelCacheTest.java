package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A compiled kernel comes back whole or not at all. */
class KernelCacheTest {
    private static final byte[] IMAGE = {1, 2, 3, 4, 5, 6, 7, 8};

    @TempDir
    Path folder;

    private KernelCache cache() {
        return new KernelCache(new CacheFolder(folder));
    }

    private Path only() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("kernels"))) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(1);
            return all.get(0);
        }
    }

    @Test
    void whatWasWrittenIsRead() throws IOException {
        byte[] key = KernelCache.key("a", "b");
        assertThat(cache().read(key)).isNull();
        assertThat(cache().write(key, IMAGE)).isTrue();
        assertThat(cache().read(key)).isEqualTo(IMAGE);
        assertThat(cache().read(KernelCache.key("ab"))).isNull();
        assertThat(KernelCache.key("ab", "")).isNotEqualTo(KernelCache.key("a", "b"));
        assertThat(only()).hasFileName(KernelCache.name(key));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 8, 20, 50, 71, 72, 75, 79})
    void aFileCutShortCountsAsNone(int length) throws IOException {
        byte[] key = KernelCache.key("x");
        cache().write(key, IMAGE);
        byte[] whole = Files.readAllBytes(only());
        assertThat(whole).hasSize(80);
        Files.write(only(), java.util.Arrays.copyOf(whole, length));
        assertThat(cache().read(key)).isNull();
        cache().write(key, IMAGE);
        assertThat(cache().read(key)).isEqualTo(IMAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, 39, 40, 71, 72, 79})
    void aFileWithOneWrongByteCountsAsNone(int at) throws IOException {
        byte[] key = KernelCache.key("x");
        cache().write(key, IMAGE);
        byte[] bytes = Files.readAllBytes(only());
        bytes[at] ^= 16;
        Files.write(only(), bytes);
        assertThat(cache().read(key)).isNull();
    }

    @Test
    void anotherKeysFileCountsAsNone() throws IOException {
        byte[] key = KernelCache.key("x");
        cache().write(key, IMAGE);
        byte[] other = KernelCache.key("y");
        Files.move(only(), folder.resolve("kernels").resolve(KernelCache.name(other)));
        assertThat(cache().read(other)).isNull();
    }

    @Test
    void aFolderThatCannotBeMadeIsDoneWithout() throws IOException {
        Files.writeString(folder.resolve("file"), "in the way");
        KernelCache cache = new KernelCache(new CacheFolder(folder.resolve("file")));
        assertThat(cache.write(KernelCache.key("x"), IMAGE)).isFalse();
        assertThat(cache.read(KernelCache.key("x"))).isNull();
    }

    @Test
    void manyWritersLeaveOneWholeFile() throws Exception {
        byte[] key = KernelCache.key("x");
        byte[] image = new byte[100_000];
        List<Callable<Boolean>> writers = IntStream.range(0, 8).<Callable<Boolean>>mapToObj(i -> () -> {
            boolean fine = true;
            for (int round = 0; round < 10; round++) {
                cache().write(key, image);
                byte[] got = cache().read(key);
                fine &= java.util.Arrays.equals(got, image);
            }
            return fine;
        }).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (var result : threads.invokeAll(writers)) {
                assertThat(result.get()).isTrue();
            }
        }
        only();
    }
}
