package dev.jacobian.cpu;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BackendProvider;
import dev.jacobian.cpu.scalar.ScalarKernels;
import dev.jacobian.cpu.vector.VectorKernels;
import java.util.List;

/** Finds the processor, which is always there; chooses vector loops where their module is. */
public final class CpuProvider implements BackendProvider {
    private static final String THREADS_PROPERTY = "jacobian.threads";
    private static final String THREADS_VARIABLE = "JACOBIAN_THREADS";

    private CpuBackend backend;

    /** For the service loader. */
    public CpuProvider() {}

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public int priority() {
        return 0;
    }

    /**
     * One backend.
     *
     * @throws IllegalArgumentException if the number of threads that was asked for is not a positive number
     */
    @Override
    public synchronized List<Backend> backends() {
        if (backend == null) {
            backend = new CpuBackend(new ThreadTeam(threads()), kernels());
        }
        return List.of(backend);
    }

    @Override
    public String explanation() {
        String found = backends().getFirst().describe();
        return hasVectors() ? found : found + "; --add-modules jdk.incubator.vector makes it several times faster";
    }

    /** The fastest loops that this virtual machine can run. */
    static RowKernels kernels() {
        return hasVectors() ? VectorKernels.create() : ScalarKernels.create();
    }

    private static boolean hasVectors() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    private static int threads() {
        String property = System.getProperty(THREADS_PROPERTY);
        String wanted = property != null ? property : System.getenv(THREADS_VARIABLE);
        if (wanted == null || wanted.isBlank()) {
            return Runtime.getRuntime().availableProcessors();
        }
        return threads(property != null ? THREADS_PROPERTY : THREADS_VARIABLE, wanted.strip());
    }

    /** The number in a setting. */
    static int threads(String setting, String wanted) {
        try {
            int threads = Integer.parseInt(wanted);
            if (threads > 0) {
                return threads;
            }
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(complaint(setting, wanted), notANumber);
        }
        throw new IllegalArgumentException(complaint(setting, wanted));
    }

    private static String complaint(String setting, String wanted) {
        return setting + ": got '" + wanted
                + "', expected a number of threads from 1 on; leave it out for one each core";
    }
}
