package dev.jacobian.cuda;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.UnaryOp;

/**
 * Which file has the kernels of a function of elements. A file is compiled when the first of its kernels is launched,
 * so what networks begin with lies apart from what they may never use.
 */
final class ElementFiles {
    /** Comparisons of all types, and the choice by their results. */
    static final String COMPARE = "elementwise_compare";

    private static final String BASIC = "elementwise";
    private static final String MATH = "elementwise_math";
    private static final String INTEGER = "elementwise_integer";
    private static final String NONE = null;

    private ElementFiles() {}

    /** The file, or null where a type has no such function. */
    static String of(UnaryOp op, DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> switch (op) {
                case NEG, ABS, SIGN, SQUARE, SQRT, RECIPROCAL, RELU -> BASIC;
                case RSQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND -> MATH;
                case NOT -> NONE;
            };
            case INT32 -> switch (op) {
                case NEG, ABS, SIGN, SQUARE, RELU -> INTEGER;
                case SQRT, RSQRT, RECIPROCAL, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND,
                        NOT ->
                    NONE;
            };
            case BOOL -> op == UnaryOp.NOT ? INTEGER : NONE;
            case FLOAT64 -> NONE;
        };
    }

    /** The file, or null where a type has no such function. */
    static String of(BinaryOp op, DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> switch (op) {
                case ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, RELU_GRAD -> BASIC;
                case POW, TANH_GRAD, SIGMOID_GRAD -> MATH;
            };
            case INT32 -> switch (op) {
                case ADD, SUB, MUL, MAXIMUM, MINIMUM -> INTEGER;
                case DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> NONE;
            };
            case BOOL -> switch (op) {
                case MUL, MAXIMUM, MINIMUM -> INTEGER;
                case ADD, SUB, DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> NONE;
            };
            case FLOAT64 -> NONE;
        };
    }
}
