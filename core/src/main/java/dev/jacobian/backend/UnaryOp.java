package dev.jacobian.backend;

/**
 * A function of one element. Results follow IEEE 754: NaN in, NaN out, and infinities as {@link StrictMath} has them.
 * On int32 only {@link #NEG}, {@link #ABS}, {@link #SIGN}, {@link #SQUARE} and {@link #RELU} exist; on bool only
 * {@link #NOT}.
 */
public enum UnaryOp {
    /** −x. */
    NEG,
    /** |x|. */
    ABS,
    /** −1, 0 or 1; NaN for NaN, and a zero keeps its sign. */
    SIGN,
    /** x². */
    SQUARE,
    /** √x. */
    SQRT,
    /** 1/√x. */
    RSQRT,
    /** 1/x. */
    RECIPROCAL,
    /** eˣ. */
    EXP,
    /** eˣ − 1, exact near 0. */
    EXPM1,
    /** The natural logarithm. */
    LOG,
    /** ln(1 + x), exact near 0. */
    LOG1P,
    /** The sine of x in radians. */
    SIN,
    /** The cosine of x in radians. */
    COS,
    /** The hyperbolic tangent. */
    TANH,
    /** 1/(1 + e⁻ˣ), without overflow. */
    SIGMOID,
    /** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
    ERF,
    /** max(x, 0); NaN stays NaN; of −0 either zero. */
    RELU,
    /** The largest integer not above x. */
    FLOOR,
    /** The smallest integer not below x. */
    CEIL,
    /** The nearest integer, halves to even. */
    ROUND,
    /** Logical not, of bool alone. */
    NOT
}
