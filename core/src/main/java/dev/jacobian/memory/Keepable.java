package dev.jacobian.memory;

/** What {@link MemoryScope#keep} can hand to an outer scope: a tensor with its memory and history. */
public interface Keepable {
    /**
     * Moves everything that it needs and that one scope holds to another.
     *
     * @param from the scope that is about to close
     * @param to the scope that takes over
     */
    void moveTo(MemoryScope from, MemoryScope to);
}
