package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import jcuda.JCudaVersion;
import jcuda.LibUtils;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.nvrtc.JNvrtc;

/**
 * JCuda's own libraries. JCuda copies them out of its jars to {@code java.io.tmpdir} and takes what lies there already
 * without a look, be it cut short by a full disk or written at this moment by another process; so they are unpacked
 * here, whole and checked, and JCuda is led to them.
 */
final class JCudaNatives {
    private static final String[] LIBRARIES = {"JCudaDriver", "JNvrtc", "JCublas2"};
    private static final String TEMPORARY = "java.io.tmpdir";

    private JCudaNatives() {}

    /**
     * Loads JCuda's classes with their libraries; only when CUDA's own are loaded.
     *
     * @return why it failed, or null
     */
    static synchronized String load(CacheFolder cache) {
        String before = System.getProperty(TEMPORARY);
        try {
            Path folder = unpack(cache);
            System.setProperty(TEMPORARY, folder.toString());
            JCudaDriver.setExceptionsEnabled(false);
            JNvrtc.setExceptionsEnabled(false);
            JCublas2.setExceptionsEnabled(false);
            return null;
        } catch (IOException e) {
            return "JCuda's libraries cannot be unpacked: " + e.getMessage()
                    + "; set -Djacobian.cache to a folder that can be written";
        } catch (LinkageError e) {
            return "JCuda's libraries do not load: " + firstLine(e) + "; set -Djacobian.cache to a folder from which"
                    + " programs can be run";
        } finally {
            System.setProperty(TEMPORARY, before);
        }
    }

    private static String firstLine(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        return message.lines().findFirst().orElse(message);
    }

    private static Path unpack(CacheFolder cache) throws IOException {
        byte[][] contents = new byte[LIBRARIES.length][];
        var digest = KernelCache.sha256();
        for (int i = 0; i < LIBRARIES.length; i++) {
            contents[i] = resource(fileName(LIBRARIES[i]));
            digest.update(contents[i]);
        }
        CacheFolder folder = cache.sub("natives-" + HexFormat.of().formatHex(digest.digest(), 0, 8));
        try {
            return unpack(folder, contents);
        } catch (IOException unwritable) {
            Path own = Files.createTempDirectory("jacobian-natives");
            own.toFile().deleteOnExit();
            for (String library : LIBRARIES) {
                own.resolve(fileName(library)).toFile().deleteOnExit();
            }
            return unpack(new CacheFolder(own), contents);
        }
    }

    private static Path unpack(CacheFolder folder, byte[][] contents) throws IOException {
        for (int i = 0; i < LIBRARIES.length; i++) {
            String name = fileName(LIBRARIES[i]);
            if (!holds(folder.file(name), contents[i])) {
                folder.write(name, contents[i]);
            }
        }
        return folder.path().toAbsolutePath();
    }

    static boolean holds(Path file, byte[] content) {
        try {
            return Files.size(file) == content.length && Arrays.equals(Files.readAllBytes(file), content);
        } catch (IOException missing) {
            return false;
        }
    }

    /** As JCuda names the file for this system. */
    static String fileName(String library) {
        return LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(library + "-" + JCudaVersion.get()));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = LibUtils.class.getResourceAsStream("/lib/" + name)) {
            if (in == null) {
                throw new IOException(name + " is not on the class path; add the natives of JCuda " + JCudaVersion.get()
                        + " for this system");
            }
            return in.readAllBytes();
        }
    }
}
