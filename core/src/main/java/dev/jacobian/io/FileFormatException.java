package dev.jacobian.io;

import java.nio.file.Path;

/** A file is damaged, or not what it claims to be. */
public final class FileFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Says which file and what is wrong with it.
     *
     * @param file the file
     * @param problem what was found and what was expected
     */
    public FileFormatException(Path file, String problem) {
        super(file + ": " + problem);
    }
}
