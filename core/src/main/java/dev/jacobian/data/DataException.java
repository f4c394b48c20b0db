package dev.jacobian.data;

import java.io.Serial;

/**
 * A data file is missing, damaged, or not of the kind that was asked for.
 *
 * <p>
 * Unchecked, since a training script can rarely do better than to stop and show it. The message says what was wrong, in
 * which file, what was found and expected there, and what to do.
 */
public final class DataException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception for a file whose contents are wrong.
     *
     * @param message what: file, got, expected; what to do
     */
    public DataException(String message) {
        super(message);
    }

    /**
     * Creates an exception for a file that could not be read.
     *
     * @param message what: file, got, expected; what to do
     * @param cause   what the file system or the decompressor said
     */
    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
