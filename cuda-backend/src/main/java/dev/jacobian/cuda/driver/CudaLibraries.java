package dev.jacobian.cuda.driver;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What came of the search for the driver, NVRTC and cuBLAS. They are looked for in the folders of the property
 * {@code jacobian.cuda.libraries} or the variable {@code JACOBIAN_CUDA_LIBRARIES}, of {@code CUDA_HOME},
 * {@code CUDA_PATH} and {@code LD_LIBRARY_PATH}, of the system's loader, of installed toolkits, of pip and conda, and
 * in a jar on the class path; then the loader is asked for them by name. Where there is only CUDA 13, a forwarder to
 * its libraries is built. What is found is loaded at once, so that JCuda's own libraries find it by name.
 *
 * @param usable whether everything is loaded; nothing of JCuda may be touched if not
 * @param explanation one line, without a full stop: what was found, what is missing, and what would help
 * @param leastDriver the least version of CUDA that the driver must support, such as 12000, for these libraries to work
 * @param reports one for each library
 */
public record CudaLibraries(boolean usable, String explanation, int leastDriver, List<LibraryReport> reports) {
    private static final String PROPERTY = "jacobian.cuda.libraries";
    private static final String VARIABLE = "JACOBIAN_CUDA_LIBRARIES";

    /** Keeps a copy of the reports. */
    public CudaLibraries {
        reports = List.copyOf(reports);
    }

    /**
     * Looks for the libraries and loads them. Does not fail, and does not change what is loaded if called again.
     *
     * @return what was found
     */
    public static CudaLibraries find() {
        Map<String, String> environment = System.getenv();
        String chosen = System.getProperty(PROPERTY, environment.get(VARIABLE));
        Path home = Path.of(System.getProperty("user.home", "."));
        Path root = Path.of("/").toAbsolutePath();
        return new LibrarySearch(Platform.current(), chosen, environment, root, home, CacheFolder.ofUser(),
                LibrarySearch::askLoader).run();
    }
}
