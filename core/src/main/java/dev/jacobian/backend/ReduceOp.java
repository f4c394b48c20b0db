package dev.jacobian.backend;

/** What a reduction makes of the elements along the reduced axes; of floating and int32 elements, not of bool. */
public enum ReduceOp {
    /** The sum; 0 of no elements; int32 wraps around. */
    SUM,
    /** The largest; NaN if any is NaN; −∞ (the smallest int32) of no elements. */
    MAX,
    /** The smallest; NaN if any is NaN; +∞ (the largest int32) of no elements. */
    MIN
}
