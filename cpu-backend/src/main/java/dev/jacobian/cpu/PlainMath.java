package dev.jacobian.cpu;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.Erf;
import dev.jacobian.backend.UnaryOp;

/** Every function of an element in double precision, and on int32 and bool those that exist there. */
public final class PlainMath {
    private PlainMath() {}

    /** op(x). */
    public static double apply(UnaryOp op, double x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case SQUARE -> x * x;
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case EXP -> Math.exp(x);
            case EXPM1 -> Math.expm1(x);
            case LOG -> Math.log(x);
            case LOG1P -> Math.log1p(x);
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case TANH -> Math.tanh(x);
            case SIGMOID -> sigmoid(x);
            case ERF -> Erf.erf(x);
            case RELU -> Math.max(x, 0);
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case NOT -> throw unsupported(op, "floating point");
        };
    }

    /** op(a, b). */
    public static double apply(BinaryOp op, double a, double b) {
        return switch (op) {
            case ADD -> a + b;
            case SUB -> a - b;
            case MUL -> a * b;
            case DIV -> a / b;
            case POW -> Math.pow(a, b);
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case RELU_GRAD -> b > 0 ? a : 0;
            case TANH_GRAD -> a * (1 - b * b);
            case SIGMOID_GRAD -> a * b * (1 - b);
        };
    }

    /** a op b. */
    public static boolean apply(CompareOp op, double a, double b) {
        return switch (op) {
            case EQ -> a == b;
            case NE -> a != b;
            case LT -> a < b;
            case LE -> a <= b;
            case GT -> a > b;
            case GE -> a >= b;
        };
    }

    /** op(x) of int32, or of bool as 0 and 1. */
    static int apply(UnaryOp op, int x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Integer.signum(x);
            case SQUARE -> x * x;
            case RELU -> Math.max(x, 0);
            case NOT -> x == 0 ? 1 : 0;
            case SQRT,
                    RSQRT,
                    RECIPROCAL,
                    EXP,
                    EXPM1,
                    LOG,
                    LOG1P,
                    SIN,
                    COS,
                    TANH,
                    SIGMOID,
                    ERF,
                    FLOOR,
                    CEIL,
                    ROUND ->
                throw unsupported(op, "int32 and bool");
        };
    }

    /** op(a, b) of int32, or of bool as 0 and 1. */
    static int apply(BinaryOp op, int a, int b) {
        return switch (op) {
            case ADD -> a + b;
            case SUB -> a - b;
            case MUL -> a * b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> throw unsupported(op, "int32 and bool");
        };
    }

    private static double sigmoid(double x) {
        double e = Math.exp(-Math.abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    private static IllegalArgumentException unsupported(Enum<?> op, String types) {
        return new IllegalArgumentException(op + ": not defined on " + types + "; cast first");
    }
}
