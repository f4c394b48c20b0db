package dev.jacobian.cuda.driver;

import java.nio.file.Path;
import java.util.List;

/**
 * What came of the search for one library.
 *
 * @param name the file that was looked for
 * @param path what was loaded, or null; the bare name where the system's loader found it, which does not say where
 * @param version its version where it can be told without using it, or null
 * @param problem why it cannot be used, or null if it can or need not be
 * @param folders where it was looked for
 */
public record LibraryReport(String name, Path path, String version, String problem, List<Path> folders) {
    /** Keeps a copy of the folders. */
    public LibraryReport {
        folders = List.copyOf(folders);
    }

    /**
     * The path in words.
     *
     * @return where the file is; null if none was loaded
     */
    public String where() {
        if (path == null) {
            return null;
        }
        return path.isAbsolute() ? path.toString() : "by the system's loader";
    }
}
