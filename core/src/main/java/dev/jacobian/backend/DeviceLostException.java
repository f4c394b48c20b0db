package dev.jacobian.backend;

import java.io.Serial;

/**
 * A device that has failed for good, such as a GPU after an illegal access or one that was reset: all of its memory is
 * gone, and every later call for it in this process fails. Other devices go on working. What is not in a file or in the
 * host's memory is lost.
 */
public final class DeviceLostException extends DeviceException {
    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * A device that is lost.
     *
     * @param message the device, the operation at which it showed, what the device said, and what to do
     * @param cause what the device's library threw; null for none
     */
    public DeviceLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
