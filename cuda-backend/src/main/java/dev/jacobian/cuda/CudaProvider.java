package dev.jacobian.cuda;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BackendProvider;
import dev.jacobian.backend.DeviceException;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.CudaDriver;
import dev.jacobian.cuda.driver.CudaLibraries;
import dev.jacobian.cuda.driver.LibraryReport;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds NVIDIA's graphics cards, where a driver and its libraries are. */
public final class CudaProvider implements BackendProvider {
    private static final int FASTER_THAN_CPU = 100;
    private static final String PROPERTY = "jacobian.device";
    private static final String VARIABLE = "JACOBIAN_DEVICE";
    /** The names with which the first card that works may become the default. */
    private static final Set<String> NAMES_OF_DEFAULT = Set.of("", "auto", "cuda", "cuda:0");
    private static final long MIB = 1 << 20;

    private CudaLibraries libraries;
    private CudaDriver driver;
    private List<CudaBackend> backends;
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
        return List.copyOf(backends);
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
        for (CudaBackend backend : backends) {
            lines.add(backend.describe());
        }
        backends.stream().filter(CudaBackend::isOpen).forEach(backend -> lines.add(memory(backend.context())));
        return lines;
    }

    private static String memory(CudaContext card) {
        try {
            return card.name() + " has " + card.freeBytes() / MIB + " MiB of " + card.device().totalBytes() / MIB
                    + " MiB free";
        } catch (DeviceException unusable) {
            return unusable.getMessage();
        }
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
        backends = new ArrayList<>(driver.devices().stream().map(CudaBackend::new).toList());
        List<String> unusable = mayBeDefault() ? dropUnusable() : List.of();
        String reasons = String.join("; ", unusable);
        if (unusable.isEmpty()) {
            explanation = driver.explanation();
        } else {
            explanation = backends.isEmpty() ? reasons : driver.explanation() + "; not used: " + reasons;
        }
    }

    /** Whether one of these cards may become the default device, or another was asked for by name. */
    private static boolean mayBeDefault() {
        String wanted = System.getProperty(PROPERTY, "");
        if (wanted.isBlank()) {
            wanted = Objects.requireNonNullElse(System.getenv(VARIABLE), "");
        }
        return NAMES_OF_DEFAULT.contains(wanted.strip().toLowerCase(Locale.ROOT));
    }

    /** Opens the default, the first card that can be opened; says why those before it cannot. */
    private List<String> dropUnusable() {
        List<String> reasons = new ArrayList<>();
        while (!backends.isEmpty()) {
            try {
                backends.getFirst().context();
                break;
            } catch (DeviceException | OutOfDeviceMemoryException unusable) { // the latter where others use its memory
                reasons.add(unusable.getMessage());
                backends.removeFirst();
            }
        }
        return reasons;
    }
}
