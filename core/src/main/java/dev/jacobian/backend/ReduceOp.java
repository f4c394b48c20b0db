package dev.jacobian.backend;

/** What a reduction makes of the elements along the reduced axes. */
public enum ReduceOp {
    /** The sum; 0 of no elements. */
    SUM,
    /** The largest; NaN if any is NaN; −∞ (the smallest int32) of no elements. */
    MAX,
    /** The smallest; NaN if any is NaN; +∞ (the largest int32) of no elements. */
    MIN
}
