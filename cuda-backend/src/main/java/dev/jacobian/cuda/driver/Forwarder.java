package dev.jacobian.cuda.driver;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Builds a library that has a name and the functions of CUDA 12 and leads each call to CUDA 13's library, whose
 * functions of those names take the same arguments. The project brings its sources and the script that builds them by
 * gcc, once for each target.
 */
final class Forwarder {
    private static final long SECONDS = 60;
    private static final String SHELL = "/bin/sh";
    private static final String SCRIPT = "build.sh";
    private static final int NO_COMPILER = 3;

    private final CacheFolder folder;
    private final KernelSource source;
    private final String programs;

    /**
     * A builder.
     *
     * @param folder where libraries are kept
     * @param source the project's sources
     * @param programs folders of programs, as in the variable {@code PATH}; or null
     */
    Forwarder(CacheFolder folder, KernelSource source, String programs) {
        this.folder = folder;
        this.source = source;
        this.programs = programs == null ? "" : programs;
    }

    /** The sources as resources. */
    static KernelSource resources() {
        return KernelSource.ofResources("/dev/jacobian/cuda/forwarder/");
    }

    /**
     * Builds a library, or finds it built.
     *
     * @param name its name, such as {@code libcublas.so.12}
     * @param target what it leads to
     * @return the library
     * @throws IOException with a message that goes on a sentence, if it cannot be built
     */
    Path build(String name, Path target) throws IOException {
        String stem = name.substring("lib".length(), name.indexOf('.'));
        List<String> files = List.of(SCRIPT, "forwarder.c", stem + ".symbols");
        List<String> parts = new ArrayList<>(List.of(name, target.toString()));
        for (String file : files) {
            String text = source.read(file);
            if (text == null) {
                throw new IOException("this build of the project lacks " + file + " to build the way to it");
            }
            parts.add(text);
        }
        CacheFolder place = folder.sub(HexFormat.of().formatHex(KernelCache.key(parts.toArray(String[]::new)), 0, 8));
        Path built = place.file(name);
        if (Files.exists(built) && LibraryFile.problem(built, Platform.current()) == null) {
            return built;
        }
        Files.createDirectories(place.path());
        Path work = Files.createTempDirectory(place.path(), "build");
        try {
            for (int i = 0; i < files.size(); i++) {
                Files.writeString(work.resolve(files.get(i)), parts.get(i + 2));
            }
            run(work, stem, target);
            return place.install(work.resolve(name), name);
        } finally {
            delete(work);
        }
    }

    private void run(Path work, String stem, Path target) throws IOException {
        Path log = work.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(SHELL, SCRIPT, stem, target.toString(), work.toString())
                .directory(work.toFile()).redirectErrorStream(true).redirectOutput(log.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().put("PATH", programs);
        Process process = builder.start();
        try {
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("building the way to it took longer than " + SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("building the way to it was interrupted", e);
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() == NO_COMPILER) {
            throw new IOException("there is no C compiler to build the way to it (install gcc)");
        }
        if (process.exitValue() != 0) {
            String said = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().findFirst().orElse("");
            throw new IOException("the way to it could not be built (" + said.strip() + ")");
        }
    }

    private static void delete(Path work) throws IOException {
        try (Stream<Path> files = Files.list(work)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(work);
    }
}
