package dev.jacobian.testing;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Erf;
import dev.jacobian.backend.UnaryOp;

/**
 * The definition of the functions of single elements. Arguments and results are doubles, which hold each value of every
 * type exactly; floating-point results are not rounded here, but when they are stored.
 */
final class ReferenceFunctions {
    private ReferenceFunctions() {}

    /** The value as an element of the type, by the rules of {@link Backend#copy}. */
    static double convert(double value, DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> (float) value;
            case FLOAT64 -> value;
            case INT32 -> (int) value;
            case BOOL -> value != 0 ? 1 : 0;
        };
    }

    static double apply(UnaryOp op, DType dtype, double x) {
        return switch (dtype) {
            case FLOAT32, FLOAT64 -> ofReal(op, x);
            case INT32 -> ofInteger(op, (int) x);
            case BOOL -> ofBoolean(op, x != 0) ? 1 : 0;
        };
    }

    private static double ofReal(UnaryOp op, double x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case SQUARE -> x * x;
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case EXP -> StrictMath.exp(x);
            case EXPM1 -> StrictMath.expm1(x);
            case LOG -> StrictMath.log(x);
            case LOG1P -> StrictMath.log1p(x);
            case SIN -> StrictMath.sin(x);
            case COS -> StrictMath.cos(x);
            case TANH -> StrictMath.tanh(x);
            case SIGMOID -> x < 0 ? StrictMath.exp(x) / (1 + StrictMath.exp(x)) : 1 / (1 + StrictMath.exp(-x));
            case ERF -> Erf.erf(x);
            case RELU -> Math.max(x, 0);
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case NOT -> throw undefined(op, "floating point");
        };
    }

    private static int ofInteger(UnaryOp op, int x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> x < 0 ? -x : x;
            case SIGN -> Integer.signum(x);
            case SQUARE -> x * x;
            case RELU -> Math.max(x, 0);
            case SQRT, RSQRT, RECIPROCAL, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND,
                    NOT ->
                throw undefined(op, "int32");
        };
    }

    private static boolean ofBoolean(UnaryOp op, boolean x) {
        if (op != UnaryOp.NOT) {
            throw undefined(op, "bool");
        }
        return !x;
    }

    static double apply(BinaryOp op, DType dtype, double a, double b) {
        return switch (dtype) {
            case FLOAT32, FLOAT64 -> ofReals(op, a, b);
            case INT32 -> ofIntegers(op, (int) a, (int) b);
            case BOOL -> ofBooleans(op, a != 0, b != 0) ? 1 : 0;
        };
    }

    private static double ofReals(BinaryOp op, double a, double b) {
        return switch (op) {
            case ADD -> a + b;
            case SUB -> a - b;
            case MUL -> a * b;
            case DIV -> a / b;
            case POW -> StrictMath.pow(a, b);
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case RELU_GRAD -> b > 0 ? a : 0;
            case TANH_GRAD -> a * (1 - b * b);
            case SIGMOID_GRAD -> a * b * (1 - b);
        };
    }

    private static int ofIntegers(BinaryOp op, int a, int b) {
        return switch (op) {
            case ADD -> a + b;
            case SUB -> a - b;
            case MUL -> a * b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> throw undefined(op, "int32");
        };
    }

    private static boolean ofBooleans(BinaryOp op, boolean a, boolean b) {
        return switch (op) {
            case MUL, MINIMUM -> a && b;
            case MAXIMUM -> a || b;
            case ADD, SUB, DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> throw undefined(op, "bool");
        };
    }

    private static IllegalArgumentException undefined(Enum<?> op, String type) {
        return new IllegalArgumentException(op + ": got " + type + "; the operation is not defined for it");
    }
}
