package dev.jacobian.benchmarks.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The native OpenBLAS that the matrix product is held against, from the Maven artifact of its C library. */
final class OpenBlas {
    private static final String FOLDER = "org/bytedeco/openblas/linux-x86_64/";
    private static final String LIBRARY = "libopenblas.so.0";
    private static final List<String> FILES = List.of("libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", LIBRARY);
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;

    private final MethodHandle sgemm;
    private final MethodHandle setThreads;

    /** Foreign functions are what this class is for. */
    @SuppressWarnings("restricted")
    OpenBlas() {
        SymbolLookup library = SymbolLookup.libraryLookup(extract().resolve(LIBRARY), Arena.global());
        Linker linker = Linker.nativeLinker();
        MemoryLayout[] arguments = {JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_FLOAT, ADDRESS,
                JAVA_INT, ADDRESS, JAVA_INT, JAVA_FLOAT, ADDRESS, JAVA_INT};
        sgemm = linker.downcallHandle(library.findOrThrow("cblas_sgemm"), FunctionDescriptor.ofVoid(arguments));
        setThreads = linker.downcallHandle(library.findOrThrow("openblas_set_num_threads"),
                FunctionDescriptor.ofVoid(JAVA_INT));
    }

    void threads(int threads) {
        try {
            setThreads.invokeExact(threads);
        } catch (Throwable failure) {
            throw new IllegalStateException("OpenBLAS: setting the number of threads failed", failure);
        }
    }

    /** C = A·B over dense matrices, either of which may be stored transposed. */
    void multiply(int m, int n, int k, MemorySegment a, boolean aTransposed, MemorySegment b, boolean bTransposed,
            MemorySegment c) {
        try {
            sgemm.invokeExact(ROW_MAJOR, aTransposed ? TRANSPOSE : NO_TRANSPOSE,
                    bTransposed ? TRANSPOSE : NO_TRANSPOSE, m, n, k, 1f, a, aTransposed ? m : k, b,
                    bTransposed ? k : n, 0f, c, n);
        } catch (Throwable failure) {
            throw new IllegalStateException("OpenBLAS: the product failed", failure);
        }
    }

    /** A library finds those it needs beside itself, so all go to one folder. */
    private static Path extract() {
        try {
            Path folder = Files.createTempDirectory("openblas");
            folder.toFile().deleteOnExit();
            for (String file : FILES) {
                Path target = folder.resolve(file);
                try (InputStream in = ClassLoader.getSystemResourceAsStream(FOLDER + file)) {
                    if (in == null) {
                        throw new IllegalStateException(
                                "OpenBLAS: " + file
                                        + " is not on the class path; build the benchmarks with -Popenblas");
                    }
                    Files.copy(in, target);
                }
                target.toFile().deleteOnExit();
            }
            return folder;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
