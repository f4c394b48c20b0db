package dev.jacobian.backend;

import java.util.List;

/**
 * A device that tensors live on. Chosen, in this order, by {@link #use()} on this thread, the system property
 * {@code jacobian.device}, the environment variable {@code JACOBIAN_DEVICE}, and otherwise the fastest there is.
 */
public final class Device {
    private static final ThreadLocal<Device> USED = new ThreadLocal<>();

    private final Backend backend;

    private Device(Backend backend) {
        this.backend = backend;
    }

    /**
     * A device for a backend of one's own, beside those that are found by themselves.
     *
     * @param backend what computes
     * @return a device, different from every other
     */
    public static Device of(Backend backend) {
        return new Device(backend);
    }

    /**
     * An available device by name.
     *
     * @param name such as {@code cpu} or {@code cuda:1}; {@code cuda} means {@code cuda:0}, {@code auto} the fastest
     * @return the device
     * @throws IllegalArgumentException if there is none of that name; the message lists those there are
     */
    public static Device of(String name) {
        return Backends.find(name);
    }

    /**
     * The device on which this thread makes new tensors.
     *
     * @return the current device
     */
    public static Device current() {
        Device used = USED.get();
        return used != null ? used : Backends.preferred();
    }

    /**
     * A device for values of a type.
     *
     * @param dtype the type
     * @return the current device if it computes in that type, else the fastest that does, if there is one
     */
    public static Device supporting(DType dtype) {
        Device current = current();
        return current.backend.supports(dtype)
                ? current
                : available().stream().filter(device -> device.backend.supports(dtype)).findFirst().orElse(current);
    }

    /**
     * All devices of this machine.
     *
     * @return the fastest first
     */
    public static List<Device> available() {
        return Backends.devices();
    }

    /**
     * Why the default device is what it is, and why nothing faster.
     *
     * @return one line
     */
    public static String explanation() {
        return Backends.explanation();
    }

    /**
     * All that helps when a device is missing or misbehaves: versions, what was found where, what was searched.
     *
     * @return lines, each of which begins with the kind of device
     */
    public static List<String> diagnosis() {
        return Backends.diagnosis();
    }

    /**
     * Makes this the current device of this thread until the result is closed.
     *
     * @return to be closed, in a try-with-resources statement
     */
    public Use use() {
        Device before = USED.get();
        USED.set(this);
        return () -> {
            if (before == null) {
                USED.remove();
            } else {
                USED.set(before);
            }
        };
    }

    /** Restores the device that was current before. */
    @FunctionalInterface
    public interface Use extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * What computes on this device.
     *
     * @return the backend
     */
    public Backend backend() {
        return backend;
    }

    /**
     * What the device is.
     *
     * @return one line for people
     */
    public String describe() {
        return backend.describe();
    }

    /** Waits until all work of this device has run. */
    public void synchronize() {
        backend.synchronize();
    }

    /**
     * The name that {@link #of(String)} finds it by.
     *
     * @return for example {@code cpu}
     */
    @Override
    public String toString() {
        return backend.name();
    }
}
