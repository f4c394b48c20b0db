package dev.jacobian.backend;

import java.io.Serial;

/**
 * A device that did not do what it was asked to: a call that it refused, or, as a {@link DeviceLostException}, a device
 * that has failed for good. Where work is queued, the call that failed may be an earlier one than the one that throws.
 * Memory that has run out is no failure of this kind: {@link Backend#allocate} says so by an
 * {@link OutOfMemoryError}.
 */
public class DeviceException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * A call that failed; the device's memory is as it was, but for what the call was to write.
     *
     * @param message the device, the operation, what the device said, and what to do
     * @param cause what the device's library threw; null for none
     */
    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
