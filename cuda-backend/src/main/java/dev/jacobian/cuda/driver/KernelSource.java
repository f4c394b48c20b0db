package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Where the text of source files comes from. */
@FunctionalInterface
interface KernelSource {
    /**
     * Reads a file.
     *
     * @param name with its ending, such as {@code .cu} or {@code .cuh}
     * @return its text, or null if there is none of that name
     */
    String read(String name);

    /** The files that the project brings. */
    static KernelSource ofResources() {
        return ofResources("/dev/jacobian/cuda/kernels/");
    }

    /** The files below a folder of the class path. */
    static KernelSource ofResources(String folder) {
        return name -> {
            try (InputStream in = KernelSource.class.getResourceAsStream(folder + name)) {
                return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }
}
