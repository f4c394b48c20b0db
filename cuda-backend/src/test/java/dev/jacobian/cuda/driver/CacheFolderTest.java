package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where files are kept that can be made again, and how they get there. */
class CacheFolderTest {
    private static final Path HOME = Path.of("/home/user").toAbsolutePath();

    @TempDir
    Path temporary;

    @Test
    void everySystemHasItsFolder() {
        assertThat(CacheFolder.root(Map.of(), "Linux", HOME)).isEqualTo(HOME.resolve(".cache"));
        assertThat(CacheFolder.root(Map.of(), "Mac OS X", HOME)).isEqualTo(HOME.resolve("Library/Caches"));
        assertThat(CacheFolder.root(Map.of(), "Windows 11", HOME)).isEqualTo(HOME.resolve("AppData/Local"));
        Path other = temporary.toAbsolutePath();
        assertThat(CacheFolder.root(Map.of("LOCALAPPDATA", other.toString()), "Windows 11", HOME)).isEqualTo(other);
        assertThat(CacheFolder.root(Map.of("XDG_CACHE_HOME", other.toString()), "Linux", HOME)).isEqualTo(other);
        assertThat(CacheFolder.root(Map.of("XDG_CACHE_HOME", "relative"), "Linux", HOME))
                .isEqualTo(HOME.resolve(".cache"));
    }

    /** Libraries are loaded from it, which asks for an absolute path. */
    @Test
    void aChosenFolderIsMadeAbsolute() {
        String before = System.getProperty("jacobian.cache");
        System.setProperty("jacobian.cache", "relative");
        try {
            assertThat(CacheFolder.ofUser().path()).isEqualTo(Path.of("relative").toAbsolutePath());
        } finally {
            if (before == null) {
                System.clearProperty("jacobian.cache");
            } else {
                System.setProperty("jacobian.cache", before);
            }
        }
    }

    @Test
    void aFileIsReplacedWholeAndLeavesNothingBeside() throws IOException {
        CacheFolder folder = new CacheFolder(temporary).sub("a").sub("b");
        folder.write("file", new byte[] {1, 2, 3});
        Path file = folder.write("file", new byte[] {4});
        assertThat(file).isEqualTo(temporary.resolve("a/b/file")).hasBinaryContent(new byte[] {4});
        try (Stream<Path> files = Files.list(folder.path())) {
            assertThat(files).containsExactly(file);
        }
        Files.createDirectories(folder.file("folder").resolve("full"));
        assertThatThrownBy(() -> folder.write("folder", new byte[] {5})).isInstanceOf(IOException.class);
        try (Stream<Path> files = Files.list(folder.path())) {
            assertThat(files).containsExactlyInAnyOrder(file, folder.file("folder"));
        }
    }

    @Test
    void librariesOfAJarAreUnpackedOnce() throws IOException {
        Path jar = Files.createDirectories(temporary.resolve("jar/org/bytedeco/cuda/linux-x86_64"));
        Files.writeString(jar.resolve("libcublas.so.12"), "the library");
        Files.writeString(jar.resolve("libnvrtc-builtins.so.12.6"), "what it needs");
        CacheFolder cache = new CacheFolder(temporary.resolve("cache"));
        Platform linux = Platform.of("Linux", "amd64");
        try (URLClassLoader loader = new URLClassLoader(new URL[] {temporary.resolve("jar/").toUri().toURL()}, null)) {
            Path folder = CarriedLibraries.unpack(loader, linux, cache);
            assertThat(folder.resolve("libcublas.so.12")).hasContent("the library");
            assertThat(folder.resolve("libnvrtc-builtins.so.12.6")).hasContent("what it needs");
            Files.writeString(folder.resolve("libcublas.so.12"), "cut");
            CarriedLibraries.unpack(loader, linux, cache);
            assertThat(folder.resolve("libcublas.so.12")).hasContent("the library");
            assertThat(CarriedLibraries.unpack(loader, Platform.of("Windows 11", "amd64"), cache)).isNull();
        }
    }
}
