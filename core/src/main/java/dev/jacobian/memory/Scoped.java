package dev.jacobian.memory;

/**
 * Something that a {@link MemoryScope} holds until it closes. Held by one scope at a time, and moved by the thread of that
 * scope alone.
 */
public abstract class Scoped {
    private MemoryScope scope;
    /** The neighbours among what a scope holds: see {@link MemoryScope}. */
    Scoped before;
    Scoped after;
    boolean linked;

    /** Makes one that no scope holds yet. */
    protected Scoped() {}

    /** The scope that held it has closed. */
    protected abstract void released();

    /** The root scope took over: from now on nobody but the garbage collector ends it. */
    protected abstract void rooted();

    /**
     * Whether it moves to the parent when a layer's frame closes, instead of ending.
     *
     * @return true for tape nodes, false for memory
     */
    protected abstract boolean outlivesFrame();

    /**
     * Moves it from the scope that holds it to another.
     *
     * @param target the new scope
     */
    public final void moveTo(MemoryScope target) {
        if (scope != null) {
            scope.remove(this);
        }
        scope = target;
        target.add(this);
    }

    /**
     * The scope that holds it.
     *
     * @return the scope; null before the first {@link #moveTo}
     */
    public final MemoryScope scope() {
        return scope;
    }
}
