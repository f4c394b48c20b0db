package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;

/**
 * The folder in which a user's system keeps what programs can make again. Files appear in it whole or not at all: they
 * are written under another name and renamed, so that several processes may write the same one.
 *
 * @param path the folder; it need not exist
 */
record CacheFolder(Path path) {
    private static final String PROPERTY = "jacobian.cache";

    /** The user's folder for this project, which the property {@code jacobian.cache} can move. */
    static CacheFolder ofUser() {
        String chosen = System.getProperty(PROPERTY);
        if (chosen != null && !chosen.isBlank()) {
            return new CacheFolder(Path.of(chosen).toAbsolutePath());
        }
        Path home = Path.of(System.getProperty("user.home", ".")).toAbsolutePath();
        return new CacheFolder(root(System.getenv(), System.getProperty("os.name", ""), home).resolve("jacobian"));
    }

    /** {@code XDG_CACHE_HOME} holds on every system; a relative one is to be ignored, says its specification. */
    static Path root(Map<String, String> environment, String system, Path home) {
        String chosen = environment.get("XDG_CACHE_HOME");
        if (chosen != null && Path.of(chosen).isAbsolute()) {
            return Path.of(chosen);
        }
        String name = system.toLowerCase(Locale.ROOT);
        if (name.startsWith("mac")) {
            return home.resolve("Library").resolve("Caches");
        }
        if (name.startsWith("windows")) {
            String local = environment.get("LOCALAPPDATA");
            return local == null || local.isBlank() ? home.resolve("AppData").resolve("Local") : Path.of(local);
        }
        return home.resolve(".cache");
    }

    /** A folder within this one. */
    CacheFolder sub(String name) {
        return new CacheFolder(path.resolve(name));
    }

    /** A file of this folder, there or not. */
    Path file(String name) {
        return path.resolve(name);
    }

    /**
     * Writes a file, or replaces it.
     *
     * @throws IOException if the folder cannot be made or written
     */
    Path write(String name, byte[] content) throws IOException {
        Files.createDirectories(path);
        Path temporary = Files.createTempFile(path, name, ".part");
        try {
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer rest = ByteBuffer.wrap(content);
                while (rest.hasRemaining()) {
                    out.write(rest);
                }
                out.force(true);
            }
            return install(temporary, name);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Gives a finished file of this folder its name.
     *
     * @throws IOException if it cannot be renamed
     */
    Path install(Path finished, String name) throws IOException {
        return Files.move(finished, file(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
