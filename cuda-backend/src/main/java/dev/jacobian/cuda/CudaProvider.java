package dev.jacobian.cuda;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BackendProvider;
import dev.jacobian.backend.DeviceException;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.CudaDriver;
import dev.jacobian.cuda.driver.CudaLibraries;
import dev.jacobian.cuda.driver.LibraryReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Finds NVIDIA's graphics cards, where a driver and its libraries are. */
public final class CudaProvider implements BackendProvider {
    private static final int FASTER_THAN_CPU = 100;
    private static final long MIB = 1 << 20;

    private CudaLibraries libraries;
    private CudaDriver driver;
    private List<Backend> backends;
    private String explanation;

    /** For the service loader. */
    public CudaProvider() {}

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public int priority() {
        return FASTER_THAN_CPU;
    }

    @Override
    public synchronized List<Backend> backends() {
        look();
        return backends;
    }

    @Override
    public synchronized String explanation() {
        look();
        return explanation;
    }

    @Override
    public synchronized List<String> diagnosis() {
        look();
        List<String> lines = new ArrayList<>();
        libraries.reports().forEach(library -> lines.add(text(library)));
        if (driver.version() > 0) {
            lines.add("the driver supports CUDA " + driver.version() / 1000 + "." + driver.version() % 1000 / 10);
        }
        for (Backend backend : backends) {
            lines.add(backend.describe());
        }
        if (!backends.isEmpty()) {
            CudaContext first = ((CudaBackend) backends.getFirst()).context();
            lines.add(first.name() + " has " + first.freeBytes() / MIB + " MiB of " + first.device().totalBytes() / MIB
                    + " MiB free");
        }
        return lines;
    }

    private static String text(LibraryReport library) {
        if (library.path() == null) {
            String problem = library.problem() == null ? "not needed" : library.problem();
            return library.name() + ": " + (problem.equals("not found") ? problem : problem + "; looked") + " in "
                    + library.folders().stream().map(Path::toString).collect(Collectors.joining(", "));
        }
        String version = library.version() == null ? "" : " " + library.version();
        return library.name() + version + ": " + library.where()
                + (library.problem() == null ? "" : "; " + library.problem());
    }

    private void look() {
        if (backends != null) {
            return;
        }
        libraries = CudaLibraries.find();
        driver = CudaDriver.start(libraries);
        explanation = driver.explanation();
        List<CudaBackend> found = driver.devices().stream().map(CudaBackend::new).toList();
        try {
            if (!found.isEmpty()) {
                found.getFirst().context(); // the default: if it cannot be opened, the CPU is
            }
            backends = List.copyOf(found);
        } catch (DeviceException | OutOfMemoryError unusable) { // the latter where others use all of its memory
            explanation = unusable.getMessage();
            backends = List.of();
        }
    }
}
