package dev.jacobian.backend;

/** A function of each element that a fused kernel applies on the way. Its derivative can be had from its result. */
public enum Activation {
    /** y = x; derivative 1. */
    NONE,
    /** y = max(x, 0), NaN where x is; derivative 1 where y &gt; 0, else 0. */
    RELU,
    /** y = tanh x; derivative 1 − y². */
    TANH,
    /** y = 1 / (1 + e^−x); derivative y (1 − y). */
    SIGMOID
}
