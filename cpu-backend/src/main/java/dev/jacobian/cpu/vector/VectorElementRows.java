package dev.jacobian.cpu.vector;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Elementwise loops on vectors: a template for each shape of loop, specialised for each operation when first used. */
final class VectorElementRows implements ElementRows {
    /** The lowest bit of each byte of a long. */
    private static final long LOW_BITS = 0x0101010101010101L;

    private final ConcurrentHashMap<UnaryOp, Unary> unary = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<BinaryOp, Binary> binary = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<CompareOp, Compare> compare = new ConcurrentHashMap<>();

    @Override
    public Unary unary(UnaryOp op) {
        return unary.computeIfAbsent(op, _ -> new OutOfLine.Unary(loop(op)));
    }

    private static Unary loop(UnaryOp op) {
        return switch (op) {
            case EXP, EXPM1, LOG, SIN, COS, TANH, SIGMOID -> define(VectorFunctionLoop.class, function(op));
            case LOG1P -> twoStages(VectorMath::logOfOnePlus, VectorMath::log1p);
            case ERF -> twoStages(VectorMath::erfOfSize, VectorMath::erf);
            case NEG, ABS, SIGN, SQUARE, SQRT, RSQRT, RECIPROCAL, RELU, FLOOR, CEIL, ROUND, NOT ->
                define(VectorUnaryLoop.class, function(op));
        };
    }

    private static Unary define(Class<? extends Unary> template, Function1 function) {
        return Specialised.define(MethodHandles.lookup(), template, Unary.class, function);
    }

    private static Binary define(Function2 function) {
        return Specialised.define(MethodHandles.lookup(), VectorBinaryLoop.class, Binary.class, function);
    }

    private static Unary twoStages(Function1 first, Function2 second) {
        return new VectorTwoStageLoop(
                new OutOfLine.Unary(define(VectorFunctionLoop.class, first)),
                new OutOfLine.Binary(define(second)));
    }

    @Override
    public Binary binary(BinaryOp op) {
        return binary.computeIfAbsent(op, _ -> new OutOfLine.Binary(define(function(op))));
    }

    @Override
    public Compare compare(CompareOp op) {
        return compare.computeIfAbsent(
                op,
                _ -> new OutOfLine.Compare(Specialised.define(
                        MethodHandles.lookup(), VectorCompareLoop.class, Compare.class, function(op))));
    }

    /** What the templates apply to each vector. */
    interface Function1 extends UnaryOperator<FloatVector> {}

    /** What the templates apply to each pair of vectors. */
    interface Function2 extends BinaryOperator<FloatVector> {}

    private static Function1 function(UnaryOp op) {
        return switch (op) {
            case NEG -> FloatVector::neg;
            case ABS -> FloatVector::abs;
            case SIGN -> x -> x.blend(1, x.compare(VectorOperators.GT, 0))
                    .blend(-1, x.compare(VectorOperators.LT, 0));
            case SQUARE -> x -> x.mul(x);
            case SQRT -> x -> x.lanewise(VectorOperators.SQRT);
            case RSQRT -> x -> Lanes.all(1).div(x.lanewise(VectorOperators.SQRT));
            case RECIPROCAL -> x -> Lanes.all(1).div(x);
            case EXP -> VectorMath::exp;
            case EXPM1 -> VectorMath::expm1;
            case LOG -> VectorMath::log;
            case SIN -> VectorMath::sin;
            case COS -> VectorMath::cos;
            case TANH -> VectorMath::tanh;
            case SIGMOID -> VectorMath::sigmoid;
            case RELU -> x -> x.blend(0, x.compare(VectorOperators.LE, 0));
            case FLOOR -> VectorMath::floor;
            case CEIL -> VectorMath::ceil;
            case ROUND -> VectorMath::round;
            case LOG1P, ERF -> throw new IllegalArgumentException(op + ": has two stages");
            case NOT -> throw new IllegalArgumentException("NOT: not defined on float32; compare with 0 instead");
        };
    }

    private static Function2 function(BinaryOp op) {
        return switch (op) {
            case ADD -> FloatVector::add;
            case SUB -> FloatVector::sub;
            case MUL -> FloatVector::mul;
            case DIV -> FloatVector::div;
            case POW -> VectorMath::pow;
            case MAXIMUM -> FloatVector::max;
            case MINIMUM -> FloatVector::min;
            case RELU_GRAD -> (a, b) -> Lanes.all(0).blend(a, b.compare(VectorOperators.GT, 0));
            case TANH_GRAD -> (a, b) -> a.mul(Lanes.all(1).sub(b.mul(b)));
            case SIGMOID_GRAD -> (a, b) -> a.mul(b).mul(Lanes.all(1).sub(b));
        };
    }

    private static VectorOperators.Comparison function(CompareOp op) {
        return switch (op) {
            case EQ -> VectorOperators.EQ;
            case NE -> VectorOperators.NE;
            case LT -> VectorOperators.LT;
            case LE -> VectorOperators.LE;
            case GT -> VectorOperators.GT;
            case GE -> VectorOperators.GE;
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
        int i = 0;
        for (; i <= n - 16; i += 16) {
            long first = condition.get(ValueLayout.JAVA_LONG_UNALIGNED, conditionAt + i);
            long second = condition.get(ValueLayout.JAVA_LONG_UNALIGNED, conditionAt + i + 8);
            long bits = Long.compress(first, LOW_BITS) | Long.compress(second, LOW_BITS) << 8;
            for (int j = 0; j < 16; j += Lanes.COUNT) {
                VectorMask<Float> mask = VectorMask.fromLong(Lanes.SPECIES, bits >>> j);
                FloatVector value = Lanes.load(b, (bAt + i + j) << 2).blend(Lanes.load(a, (aAt + i + j) << 2), mask);
                Lanes.store(value, y, (yAt + i + j) << 2);
            }
        }
        for (; i < n; i++) {
            boolean first = condition.get(ValueLayout.JAVA_BYTE, conditionAt + i) != 0;
            float value = (first ? a : b).get(ValueLayout.JAVA_FLOAT, ((first ? aAt : bAt) + i) << 2);
            y.set(ValueLayout.JAVA_FLOAT, (yAt + i) << 2, value);
        }
    }
}
