package dev.jacobian.backend;

/** A comparison of two elements; any comparison with NaN is false but {@link #NE}, which is true. */
public enum CompareOp {
    /** a = b. */
    EQ,
    /** a ≠ b. */
    NE,
    /** a &lt; b. */
    LT,
    /** a ≤ b. */
    LE,
    /** a &gt; b. */
    GT,
    /** a ≥ b. */
    GE
}
