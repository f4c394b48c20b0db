package dev.jacobian.memory;

/** A device has no memory left for a tensor, even after the pool gave back what it kept. Nothing was changed. */
public final class OutOfDeviceMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    OutOfDeviceMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
