package dev.jacobian.backend;

/** A block of a device's memory, allocated and understood by one {@link Backend} alone. */
public interface DeviceBuffer {
    /**
     * The size of the block.
     *
     * @return bytes
     */
    long bytes();
}
