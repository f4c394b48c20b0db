package dev.jacobian.examples.script;

import dev.jacobian.examples.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * Compiled scripts. An entry is a folder named after a hash of all that the classes depend on; it appears by one rename,
 * so that it is whole or not there, whatever happens and however many programs run.
 */
final class ScriptCache {

    /** Holds the main class's name; written last. */
    static final String MAIN = "main";

    private static final String NEW = ".new";
    private static final int KEPT = 64;

    private final Path folder;
    private final ScriptCompiler compiler;

    ScriptCache(Path folder, ScriptCompiler compiler) {
        this.folder = folder;
        this.compiler = compiler;
    }

    /** A folder of class files, the name of the class to start, and whether the folder is to be deleted after use. */
    record Entry(Path classes, String main, boolean temporary) {}

    /**
     * Finds the classes of a script, compiling it when needed.
     *
     * @throws Failure if the file cannot be read, or is not right Java
     */
    Entry entry(Path script) {
        byte[] source = read(script);
        Path place = folder.resolve(key(script, source));
        try {
            Entry known = known(place);
            if (known != null) {
                return known;
            }
            Files.createDirectories(folder);
            Path fresh = Files.createTempDirectory(folder, NEW);
            try {
                compile(script, source, fresh);
                publish(fresh, place);
            } finally {
                delete(fresh);
            }
            Entry made = known(place);
            if (made != null) {
                dropOld();
                return made;
            }
        } catch (IOException unusable) {
            // A read-only or full cache only costs time: the next lines do without.
        }
        return withoutCache(script, source);
    }

    private Entry withoutCache(Path script, byte[] source) {
        try {
            Path fresh = Files.createTempDirectory("jacobian");
            try {
                return new Entry(fresh, compile(script, source, fresh), true);
            } catch (Failure | IOException wrong) {
                delete(fresh);
                throw wrong;
            }
        } catch (IOException unusable) {
            throw new Failure("run: can write classes neither to " + folder + " nor to the temporary folder: "
                    + unusable.getMessage(), unusable);
        }
    }

    private String compile(Path script, byte[] source, Path into) throws IOException {
        String main = compiler.compile(script, new String(source, StandardCharsets.UTF_8), into);
        Files.writeString(into.resolve(MAIN), main);
        return main;
    }

    /** Who loses the race uses the winner's classes. */
    private static void publish(Path fresh, Path place) throws IOException {
        try {
            Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException impossible) {
            throw impossible;
        } catch (IOException taken) {
            if (known(place) == null) {
                throw taken;
            }
        }
    }

    private static Entry known(Path place) throws IOException {
        Path main = place.resolve(MAIN);
        if (!Files.isRegularFile(main)) {
            delete(place);
            return null;
        }
        String name = Files.readString(main);
        try {
            Files.setLastModifiedTime(place, FileTime.from(Instant.now()));
        } catch (IOException readOnly) {
            // The time only says which entries to drop first.
            return new Entry(place, name, false);
        }
        return new Entry(place, name, false);
    }

    private static byte[] read(Path script) {
        if (Files.isDirectory(script)) {
            throw new Failure("run: " + script + " is a folder; give a Java source file");
        }
        if (!Files.exists(script)) {
            throw new Failure("run: no file " + script);
        }
        try {
            return Files.readAllBytes(script);
        } catch (IOException unreadable) {
            throw new Failure("run: cannot read " + script + ": " + unreadable.getMessage(), unreadable);
        }
    }

    private String key(Path script, byte[] source) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            String surroundings = script.toAbsolutePath() + "\n" + Runtime.version() + "\n" + compiler.stamp() + "\n";
            digest.update(surroundings.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(source));
        } catch (NoSuchAlgorithmException absent) {
            throw new IllegalStateException("every Java has SHA-256", absent);
        }
    }

    private void dropOld() throws IOException {
        dropAbandoned();
        List<Path> old;
        try (Stream<Path> entries = Files.list(folder)) {
            old = entries.filter(entry -> !entry.getFileName().toString().startsWith("."))
                    .sorted(Comparator.comparing(ScriptCache::lastUse).reversed()).skip(KEPT).toList();
        }
        for (Path entry : old) {
            delete(entry);
        }
    }

    /** What a program was compiling when it was killed. */
    private void dropAbandoned() throws IOException {
        FileTime hourAgo = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
        try (DirectoryStream<Path> unfinished = Files.newDirectoryStream(folder, NEW + "*")) {
            for (Path entry : unfinished) {
                if (lastUse(entry).compareTo(hourAgo) < 0) {
                    delete(entry);
                }
            }
        }
    }

    private static FileTime lastUse(Path entry) {
        try {
            return Files.getLastModifiedTime(entry);
        } catch (IOException gone) {
            return FileTime.fromMillis(0);
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> inside;
        try (Stream<Path> found = Files.walk(folder)) {
            inside = found.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException broken) {
            throw broken.getCause();
        }
        for (Path path : inside) {
            Files.deleteIfExists(path);
        }
    }
}
