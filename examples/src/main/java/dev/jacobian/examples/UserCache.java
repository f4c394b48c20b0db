package dev.jacobian.examples;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** The folder in which a user's system keeps what programs can make or fetch again. */
public final class UserCache {

    private static final String PROPERTY = "jacobian.cache";

    private UserCache() {}

    /**
     * A folder for one purpose, below the folder of this project, which the property {@code jacobian.cache} can move. It
     * need not exist.
     *
     * @param purpose the folder's name
     * @return its path
     */
    public static Path folder(String purpose) {
        String chosen = System.getProperty(PROPERTY);
        if (chosen != null && !chosen.isBlank()) {
            return Path.of(chosen).resolve(purpose);
        }
        return root(System.getenv(), System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", ".")))
                .resolve("jacobian").resolve(purpose);
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
}
