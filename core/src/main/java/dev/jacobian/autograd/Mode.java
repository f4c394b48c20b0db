package dev.jacobian.autograd;

/** How operations of one thread are recorded, and in which layer it is. */
final class Mode {
    private static final ThreadLocal<Mode> CURRENT = ThreadLocal.withInitial(Mode::new);

    boolean recording = true;
    boolean higherOrder;
    boolean differentiating;
    boolean anomaly;
    String layer = "";
    /** The innermost function that is being called by {@link Autograd#checkpoint}; null for none. */
    Recomputation recomputation;

    private Mode() {}

    static Mode current() {
        return CURRENT.get();
    }
}
