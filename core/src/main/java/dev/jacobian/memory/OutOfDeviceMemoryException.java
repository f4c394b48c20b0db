package dev.jacobian.memory;

/** A device has no memory left for a tensor, even after the pool gave back what it kept. Nothing was changed. */
public final class OutOfDeviceMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Memory that is not there.
     *
     * @param message the device, how much was asked for and for what, and what to do
     * @param cause what the backend threw
     */
    public OutOfDeviceMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
