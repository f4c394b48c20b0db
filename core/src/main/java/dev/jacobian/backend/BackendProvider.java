package dev.jacobian.backend;

import java.util.List;

/**
 * Finds a kind of device; looked up with {@link java.util.ServiceLoader}. Must not fail where the devices or their
 * libraries are missing: it then has no backends, and says why.
 */
public interface BackendProvider {
    /**
     * The kind of device.
     *
     * @return for example {@code cpu} or {@code cuda}
     */
    String name();

    /**
     * How fast these devices are, for the choice among kinds.
     *
     * @return the higher, the sooner chosen; the CPU has 0
     */
    int priority();

    /**
     * The devices of this kind. Called once.
     *
     * @return one backend for each, the default first; empty where none can be used
     */
    List<Backend> backends();

    /**
     * One line about what {@link #backends} found: which device, or why none and what would help.
     *
     * @return the line, without a full stop
     */
    String explanation();

    /**
     * All that helps when a device is missing or misbehaves: versions, what was found where, what was searched.
     *
     * @return lines for people
     */
    default List<String> diagnosis() {
        return List.of(explanation());
    }
}
