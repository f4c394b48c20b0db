package dev.jacobian.backend;

/** What {@link Backend#random} draws. Every value is made as a float32, whatever the type it is stored in. */
public enum Distribution {
    /** Uniform in [0, 1): the upper 24 bits of the word, times 2⁻²⁴. */
    UNIFORM,
    /** Standard normal: the inverse distribution function of the word's upper 24 bits. */
    NORMAL
}
