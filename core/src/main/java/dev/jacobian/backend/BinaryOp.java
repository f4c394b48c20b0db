package dev.jacobian.backend;

/**
 * A function of two elements of one type. int32 knows {@link #ADD}, {@link #SUB}, {@link #MUL} (wrapping around),
 * {@link #MAXIMUM} and {@link #MINIMUM}; bool knows {@link #MUL} (and), {@link #MAXIMUM} (or) and {@link #MINIMUM}.
 */
public enum BinaryOp {
    /** a + b. */
    ADD,
    /** a − b. */
    SUB,
    /** a · b. */
    MUL,
    /** a / b. */
    DIV,
    /** a to the power of b, as {@link StrictMath#pow}. */
    POW,
    /** The larger; NaN if either is NaN; of two zeros either. */
    MAXIMUM,
    /** The smaller; NaN if either is NaN; of two zeros either. */
    MINIMUM,
    /** a where b &gt; 0, else 0: the gradient of ReLU for a = dy, b = y. */
    RELU_GRAD,
    /** a · (1 − b²): the gradient of tanh for a = dy, b = y. */
    TANH_GRAD,
    /** a · b · (1 − b): the gradient of the sigmoid for a = dy, b = y. */
    SIGMOID_GRAD
}
