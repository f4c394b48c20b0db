package dev.jacobian.nn;

/** Removes a hook from its layer when it is closed. */
@FunctionalInterface
public interface HookHandle extends AutoCloseable {
    @Override
    void close();
}
