package dev.jacobian.memory;

/**
 * Holds every tensor made on this thread while it is open, and lets go of them when it closes:
 *
 * <pre>{@code
 * try (var _ = MemoryScope.open()) {
 *     Tensor loss = lossFunction.call(model.call(batch.input()), batch.target());
 *     loss.backward();
 *     optimizer.step();
 * }
 * }</pre>
 *
 * <p>Memory goes back to a pool as soon as neither a scope nor a tape that still needs it holds it. Parameters, their
 * gradients and the state of optimisers live in the root scope, which never closes. Tensors made outside of any scope
 * belong to the root too: the garbage collector finds out when nobody uses them any more.
 */
public final class MemoryScope implements AutoCloseable {
    private static final MemoryScope ROOT = new MemoryScope("root", null, false);
    private static final ThreadLocal<MemoryScope> CURRENT = ThreadLocal.withInitial(() -> ROOT);

    private final String name;
    private final MemoryScope parent;
    private final boolean frame;
    /** What it holds, linked in the order in which it came: most scopes are too short-lived for a list to grow in. */
    private Scoped first;
    private Scoped last;
    private boolean closed;

    private MemoryScope(String name, MemoryScope parent, boolean frame) {
        this.name = name;
        this.parent = parent;
        this.frame = frame;
    }

    /**
     * Opens a scope inside the current one.
     *
     * @return the scope, to be closed by this thread, in a try-with-resources statement
     */
    public static MemoryScope open() {
        return open("of a script");
    }

    /**
     * Opens a scope inside the current one, with a name for error messages.
     *
     * @param name what it is for
     * @return the scope, to be closed by this thread, in a try-with-resources statement
     */
    public static MemoryScope open(String name) {
        return open(name, false);
    }

    /**
     * Opens the frame of a layer's call: it lets go of memory as {@link #open} does, but hands the tape to its parent, so
     * that what the tape saved lives on.
     *
     * @param name the layer's
     * @return the scope, to be closed by this thread
     */
    public static MemoryScope openFrame(String name) {
        return open(name, true);
    }

    private static MemoryScope open(String name, boolean frame) {
        MemoryScope scope = new MemoryScope(name, CURRENT.get(), frame);
        CURRENT.set(scope);
        return scope;
    }

    /**
     * Whether it is the frame of a layer's call, open or closed.
     *
     * @return true after {@link #openFrame}
     */
    public boolean isFrame() {
        return frame;
    }

    /**
     * The innermost open scope of this thread.
     *
     * @return the scope
     */
    public static MemoryScope current() {
        return CURRENT.get();
    }

    /**
     * The scope of all that lives until nobody refers to it.
     *
     * @return the root
     */
    public static MemoryScope root() {
        return ROOT;
    }

    /**
     * Hands a tensor, with its history, from the current scope to the one around it. Inside a layer's forward, that is the
     * scope in which the outermost layer was called: so a layer can leave a second result in a field.
     *
     * @param kept what is to outlive the current scope
     * @param <T> its type
     * @return the same
     */
    public static <T extends Keepable> T keep(T kept) {
        MemoryScope current = CURRENT.get();
        MemoryScope target = current.parent;
        while (current.frame && target.frame) {
            target = target.parent;
        }
        return move(kept, current, target);
    }

    /**
     * Hands the result of a layer from its frame to its caller's scope.
     *
     * @param result what the layer returns
     * @param <T> its type
     * @return the same
     */
    public static <T extends Keepable> T keepResult(T result) {
        MemoryScope current = CURRENT.get();
        return move(result, current, current.parent);
    }

    private static <T extends Keepable> T move(T kept, MemoryScope from, MemoryScope to) {
        if (from != ROOT) {
            kept.moveTo(from, to);
        }
        return kept;
    }

    void add(Scoped item) {
        if (this == ROOT) {
            item.rooted();
        } else if (closed) {
            throw new IllegalStateException("memory scope: it was closed before; keep tensors in an open one");
        } else {
            item.linked = true;
            item.before = last;
            if (last == null) {
                first = item;
            } else {
                last.after = item;
            }
            last = item;
        }
    }

    /** Forgets an item that it holds; one that it held before it closed is forgotten already. */
    @SuppressWarnings("ReferenceEquality") // items are links of a chain, the same or not
    void remove(Scoped item) {
        if (!item.linked) {
            return;
        }
        item.linked = false;
        if (item.before == null) {
            first = item.after;
        } else {
            item.before.after = item.after;
        }
        if (item.after == null) {
            last = item.before;
        } else {
            item.after.before = item.before;
        }
        item.before = null;
        item.after = null;
    }

    /**
     * Closes this scope and every scope opened inside it: their memory goes back to the pool, unless a tape in an outer
     * scope still needs it.
     *
     * @throws IllegalStateException if another thread opened it
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        MemoryScope innermost = CURRENT.get();
        MemoryScope open = innermost;
        while (open != this) {
            if (open == ROOT) {
                throw new IllegalStateException("memory scope: close it on the thread that opened it");
            }
            open = open.parent;
        }
        while (innermost != this) {
            innermost.release();
            innermost = innermost.parent;
        }
        release();
    }

    private void release() {
        closed = true;
        CURRENT.set(parent);
        while (first != null) {
            Scoped item = first;
            if (frame && item.outlivesFrame()) {
                item.moveTo(parent);
            } else {
                remove(item);
                item.released();
            }
        }
    }

    /**
     * What the scope is for.
     *
     * @return its name
     */
    @Override
    public String toString() {
        return "memory scope " + name;
    }
}
