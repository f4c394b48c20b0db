package dev.jacobian.cpu.scalar;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.PlainMath;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Elementwise loops on scalars, specialised for each operation like those on vectors. Transcendental functions are the
 * JDK's in double precision, rounded once.
 */
final class ScalarElementRows implements ElementRows {
    private final ConcurrentHashMap<UnaryOp, Unary> unary = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<BinaryOp, Binary> binary = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<CompareOp, Compare> compare = new ConcurrentHashMap<>();

    /** What the template applies to each element. */
    @FunctionalInterface
    interface Function1 {
        float apply(float x);
    }

    /** What the template applies to each pair of elements. */
    @FunctionalInterface
    interface Function2 {
        float apply(float a, float b);
    }

    /** What the template asks of each pair of elements. */
    @FunctionalInterface
    interface Test2 {
        boolean test(float a, float b);
    }

    @Override
    public Unary unary(UnaryOp op) {
        return unary.computeIfAbsent(
                op,
                _ -> Specialised.define(MethodHandles.lookup(), ScalarUnaryLoop.class, Unary.class, function(op)));
    }

    @Override
    public Binary binary(BinaryOp op) {
        return binary.computeIfAbsent(
                op,
                _ -> Specialised.define(MethodHandles.lookup(), ScalarBinaryLoop.class, Binary.class, function(op)));
    }

    @Override
    public Compare compare(CompareOp op) {
        return compare.computeIfAbsent(
                op,
                _ -> Specialised.define(MethodHandles.lookup(), ScalarCompareLoop.class, Compare.class, function(op)));
    }

    private static Function1 function(UnaryOp op) {
        return switch (op) {
            case NEG -> x -> -x;
            case ABS -> Math::abs;
            case SQUARE -> x -> x * x;
            case RECIPROCAL -> x -> 1 / x;
            case RELU -> x -> Math.max(x, 0);
            case SIGN,
                    SQRT,
                    RSQRT,
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
                x -> (float) PlainMath.apply(op, x);
            case NOT -> throw new IllegalArgumentException("NOT: not defined on float32; compare with 0 instead");
        };
    }

    private static Function2 function(BinaryOp op) {
        return switch (op) {
            case ADD -> Float::sum;
            case SUB -> (a, b) -> a - b;
            case MUL -> (a, b) -> a * b;
            case DIV -> (a, b) -> a / b;
            case POW -> (a, b) -> (float) Math.pow(a, b);
            case MAXIMUM -> Math::max;
            case MINIMUM -> Math::min;
            case RELU_GRAD -> (a, b) -> b > 0 ? a : 0;
            case TANH_GRAD -> (a, b) -> a * (1 - b * b);
            case SIGMOID_GRAD -> (a, b) -> a * b * (1 - b);
        };
    }

    private static Test2 function(CompareOp op) {
        return switch (op) {
            case EQ -> (a, b) -> a == b;
            case NE -> (a, b) -> a != b;
            case LT -> (a, b) -> a < b;
            case LE -> (a, b) -> a <= b;
            case GT -> (a, b) -> a > b;
            case GE -> (a, b) -> a >= b;
        };
    }

    @Override
    public void where(
            MemorySegment condition,
            long conditionAt,
            MemorySegment a,
            long aAt,
            MemorySegment b,
            long bAt,
            MemorySegment y,
            long yAt,
            int n) {
        for (int i = 0; i < n; i++) {
            boolean first = condition.get(ValueLayout.JAVA_BYTE, conditionAt + i) != 0;
            float left = Floats.get(a, aAt + i);
            float right = Floats.get(b, bAt + i);
            Floats.set(y, yAt + i, first ? left : right);
        }
    }
}
