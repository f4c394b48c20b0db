package dev.jacobian.backend;

import static dev.jacobian.backend.Elements.INF;
import static dev.jacobian.backend.Elements.NAN;
import static dev.jacobian.backend.Elements.assertElements;
import static dev.jacobian.backend.Elements.bools;
import static dev.jacobian.backend.Elements.doubles;
import static dev.jacobian.backend.Elements.filled;
import static dev.jacobian.backend.Elements.floats;
import static dev.jacobian.backend.Elements.ints;
import static dev.jacobian.backend.Elements.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.testing.ReferenceBackend;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ReferenceFunctionsTest {
    private static final double MAX_INT = Integer.MAX_VALUE;
    private static final double MIN_INT = Integer.MIN_VALUE;

    private final Backend backend = new ReferenceBackend();

    /** Pairs of an argument and the value of the function there. */
    private static double[] pairs(UnaryOp op) {
        return switch (op) {
            case NEG -> new double[] {2.5, -2.5, 0.0, -0.0, -INF, INF, NAN, NAN};
            case ABS -> new double[] {-2.5, 2.5, -0.0, 0.0, -INF, INF, NAN, NAN};
            case SIGN -> new double[] {-2.5, -1, 1e-310, 1, 0.0, 0.0, -0.0, -0.0, -INF, -1, NAN, NAN};
            case SQUARE -> new double[] {-1.5, 2.25, -0.0, 0.0, 1e200, INF, -INF, INF, NAN, NAN};
            case SQRT -> new double[] {2.25, 1.5, -0.0, -0.0, -1, NAN, INF, INF, NAN, NAN};
            case RSQRT -> new double[] {4, 0.5, 0.0, INF, -0.0, -INF, -1, NAN, INF, 0.0, NAN, NAN};
            case RECIPROCAL -> new double[] {4, 0.25, 0.0, INF, -0.0, -INF, -INF, -0.0, NAN, NAN};
            case EXP -> new double[] {1, 2.718281828459045, -0.0, 1, -INF, 0.0, 710, INF, NAN, NAN};
            case EXPM1 -> new double[] {1e-10, 1.00000000005e-10, -0.0, -0.0, -INF, -1, INF, INF, NAN, NAN};
            case LOG -> new double[] {2, 0.6931471805599453, 1, 0.0, -0.0, -INF, -1, NAN, INF, INF, NAN, NAN};
            case LOG1P -> new double[] {1e-10, 9.9999999995e-11, -0.0, -0.0, -1, -INF, -2, NAN, INF, INF, NAN, NAN};
            case SIN -> new double[] {1, 0.8414709848078965, -0.0, -0.0, INF, NAN, NAN, NAN};
            case COS -> new double[] {1, 0.5403023058681398, -0.0, 1, -INF, NAN, NAN, NAN};
            case TANH -> new double[] {1, 0.7615941559557649, -0.0, -0.0, INF, 1, -INF, -1, NAN, NAN};
            case SIGMOID -> new double[] {1, 0.7310585786300049, -1, 0.2689414213699951, -700, 9.85967654375977e-305,
                    0, 0.5, INF, 1, -INF, 0.0, NAN, NAN};
            case ERF -> new double[] {1, 0.8427007929497149, -0.5, -0.5204998778130465, 0.0, 0.0, INF, 1, -INF, -1,
                    NAN, NAN};
            case RELU -> new double[] {2.5, 2.5, -2.5, 0.0, -0.0, 0.0, INF, INF, -INF, 0.0, NAN, NAN};
            case FLOOR -> new double[] {2.9, 2, -2.1, -3, -0.0, -0.0, 0.5, 0.0, INF, INF, NAN, NAN};
            case CEIL -> new double[] {2.1, 3, -2.9, -2, -0.5, -0.0, 0.0, 0.0, -INF, -INF, NAN, NAN};
            case ROUND -> new double[] {2.5, 2, 3.5, 4, -2.5, -2, -0.4, -0.0, INF, INF, NAN, NAN};
            case NOT -> new double[0];
        };
    }

    private static double[] every(int step, int first, double... from) {
        double[] out = new double[from.length / step];
        for (int i = 0; i < out.length; i++) {
            out[i] = from[i * step + first];
        }
        return out;
    }

    private static void assertClose(View view, double... expected) {
        double[] actual = read(view);
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            double tolerance = Math.abs(expected[i]) * 2e-15;
            if (tolerance > 0 && tolerance < INF) {
                assertThat(actual[i]).as("element " + i).isCloseTo(expected[i], within(tolerance));
            } else {
                assertThat(actual[i]).as("element " + i).isEqualTo(Double.valueOf(expected[i]));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOT")
    void unaryOfFloat64(UnaryOp op) {
        double[] arguments = every(2, 0, pairs(op));
        View out = filled(DType.FLOAT64, arguments.length);
        backend.unary(op, doubles(arguments), out);
        assertClose(out, every(2, 1, pairs(op)));
    }

    @Test
    void resultsAreRoundedOnce() {
        View out = filled(DType.FLOAT32, 3);
        backend.unary(UnaryOp.EXP, floats(1, 89, -104), out);
        assertElements(out, 2.7182817f, INF, 0);
        backend.unary(UnaryOp.RECIPROCAL, floats(3, 1e-40, INF), out);
        assertElements(out, 0.33333334f, INF, 0);
        View one = filled(DType.FLOAT32, 1);
        // In float32 throughout, b² would overflow.
        backend.binary(BinaryOp.TANH_GRAD, floats(0x1p-100), floats(0x1p70), one);
        assertElements(one, -0x1p40);
    }

    @Test
    void aSmallSigmoidDoesNotVanish() {
        View x = doubles(-740);
        backend.unary(UnaryOp.SIGMOID, x, x);
        assertElements(x, StrictMath.exp(-740));
        assertThat(read(x)[0]).isPositive();
    }

    @Test
    void unaryOfInt32WrapsAround() {
        double[] arguments = {5, -5, 0, MIN_INT, 65536};
        View out = filled(DType.INT32, 5);
        backend.unary(UnaryOp.NEG, ints(arguments), out);
        assertElements(out, -5, 5, 0, MIN_INT, -65536);
        backend.unary(UnaryOp.ABS, ints(arguments), out);
        assertElements(out, 5, 5, 0, MIN_INT, 65536);
        backend.unary(UnaryOp.SIGN, ints(arguments), out);
        assertElements(out, 1, -1, 0, -1, 1);
        backend.unary(UnaryOp.SQUARE, ints(arguments), out);
        assertElements(out, 25, 25, 0, 0, 0);
        backend.unary(UnaryOp.RELU, ints(arguments), out);
        assertElements(out, 5, 0, 0, 0, 65536);
    }

    @Test
    void notIsOfBoolAlone() {
        View out = filled(DType.BOOL, 2);
        backend.unary(UnaryOp.NOT, bools(0, 1), out);
        assertElements(out, 1, 0);
    }

    @ParameterizedTest
    @EnumSource
    void unaryIsRefusedWhereItIsNotDefined(UnaryOp op) {
        Set<UnaryOp> ofInt = EnumSet.of(UnaryOp.NEG, UnaryOp.ABS, UnaryOp.SIGN, UnaryOp.SQUARE, UnaryOp.RELU);
        for (View x : new View[] {floats(1), doubles(1), ints(1), bools(1)}) {
            boolean defined = switch (x.dtype()) {
                case FLOAT32, FLOAT64 -> op != UnaryOp.NOT;
                case INT32 -> ofInt.contains(op);
                case BOOL -> op == UnaryOp.NOT;
            };
            if (!defined) {
                assertThatIllegalArgumentException().isThrownBy(() -> backend.unary(op, x, x))
                        .withMessageStartingWith(op + ": got ");
            }
        }
    }

    /** Triples of two arguments and the value of the function there. */
    private static double[] triples(BinaryOp op) {
        return switch (op) {
            case ADD -> new double[] {1.5, 2, 3.5, INF, -INF, NAN, -0.0, -0.0, -0.0, NAN, 1, NAN};
            case SUB -> new double[] {1.5, 2, -0.5, INF, INF, NAN, 1, NAN, NAN};
            case MUL -> new double[] {1.5, -2, -3, 0, INF, NAN, -0.0, 2, -0.0, 1e200, 1e200, INF};
            case DIV -> new double[] {3, 2, 1.5, 1, -0.0, -INF, 0, 0, NAN, INF, INF, NAN, 1, NAN, NAN};
            case POW -> new double[] {2, 0.5, 1.4142135623730951, -2, 3, -8, -2, 0.5, NAN, NAN, 0, 1, 0, -1, INF, 1,
                    INF, NAN};
            case MAXIMUM -> new double[] {1, 2, 2, NAN, INF, NAN, -INF, NAN, NAN, -0.0, 0.0, 0.0, -INF, -3, -3};
            case MINIMUM -> new double[] {1, 2, 1, NAN, -INF, NAN, INF, NAN, NAN, 0.0, -0.0, -0.0, INF, 3, 3};
            case RELU_GRAD -> new double[] {5, 2, 5, 5, 0, 0, 5, -1, 0, NAN, 0, 0, 5, NAN, 0, NAN, 1, NAN};
            case TANH_GRAD -> new double[] {2, 0.5, 1.5, 2, -1, 0, 2, NAN, NAN};
            case SIGMOID_GRAD -> new double[] {2, 0.25, 0.375, 2, 1, 0, 2, 0, 0, NAN, 0.5, NAN};
        };
    }

    @ParameterizedTest
    @EnumSource
    void binaryOfFloat64(BinaryOp op) {
        double[] left = every(3, 0, triples(op));
        double[] right = every(3, 1, triples(op));
        double[] expected = every(3, 2, triples(op));
        View out = filled(DType.FLOAT64, left.length);
        backend.binary(op, doubles(left), doubles(right), out);
        assertClose(out, expected);
        for (int i = 0; i < left.length; i++) {
            View one = doubles(left[i]);
            backend.binary(op, one, right[i], one);
            assertClose(one, expected[i]);
        }
    }

    @Test
    void binaryOfInt32WrapsAround() {
        View a = ints(MAX_INT, MIN_INT, 65537, -7);
        View b = ints(1, 1, 65537, 3);
        View out = filled(DType.INT32, 4);
        backend.binary(BinaryOp.ADD, a, b, out);
        assertElements(out, MIN_INT, MIN_INT + 1, 131074, -4);
        backend.binary(BinaryOp.SUB, a, b, out);
        assertElements(out, MAX_INT - 1, MAX_INT, 0, -10);
        // 65537² = 2³² + 2¹⁷ + 1
        backend.binary(BinaryOp.MUL, a, b, out);
        assertElements(out, MAX_INT, MIN_INT, 131073, -21);
        backend.binary(BinaryOp.MAXIMUM, a, b, out);
        assertElements(out, MAX_INT, 1, 65537, 3);
        backend.binary(BinaryOp.MINIMUM, a, b, out);
        assertElements(out, 1, MIN_INT, 65537, -7);
        // 2147483647² = 2⁶² − 2³² + 1 has more digits than a double holds.
        backend.binary(BinaryOp.MUL, a, MAX_INT, out);
        assertElements(out, 1, MIN_INT, MAX_INT - 65536, MIN_INT + 7);
    }

    @Test
    void binaryOfBoolIsAndOr() {
        View a = bools(0, 0, 1, 1);
        View b = bools(0, 1, 0, 1);
        View out = filled(DType.BOOL, 4);
        backend.binary(BinaryOp.MUL, a, b, out);
        assertElements(out, 0, 0, 0, 1);
        backend.binary(BinaryOp.MINIMUM, a, b, out);
        assertElements(out, 0, 0, 0, 1);
        backend.binary(BinaryOp.MAXIMUM, a, b, out);
        assertElements(out, 0, 1, 1, 1);
    }

    @ParameterizedTest
    @EnumSource
    void binaryIsRefusedWhereItIsNotDefined(BinaryOp op) {
        Set<BinaryOp> ofBool = EnumSet.of(BinaryOp.MUL, BinaryOp.MAXIMUM, BinaryOp.MINIMUM);
        Set<BinaryOp> ofInt = EnumSet.copyOf(ofBool);
        ofInt.addAll(EnumSet.of(BinaryOp.ADD, BinaryOp.SUB));
        if (!ofInt.contains(op)) {
            assertThatIllegalArgumentException().isThrownBy(() -> backend.binary(op, ints(1), ints(1), ints(1)));
        }
        if (!ofBool.contains(op)) {
            assertThatIllegalArgumentException().isThrownBy(() -> backend.binary(op, bools(1), bools(1), bools(1)));
        }
    }

    @Test
    void aNumberIsConvertedToTheTypeFirst() {
        View single = floats(0.1);
        backend.binary(BinaryOp.SUB, single, 0.1, single);
        assertElements(single, 0);
        View whole = ints(10);
        backend.binary(BinaryOp.MUL, whole, 2.9, whole);
        assertElements(whole, 20);
        View bool = bools(1);
        backend.binary(BinaryOp.MUL, bool, 0.5, bool);
        assertElements(bool, 1);
    }

    @Test
    void operandsBroadcastAndResultsMayBeStrided() {
        Shape shape = Shape.of(2, 3);
        View column = floats(10, 20).reshape(Shape.of(2, 1)).expand(shape);
        View row = floats(1, 2, 3).expand(shape);
        View wide = filled(DType.FLOAT32, 3, 2);
        backend.binary(BinaryOp.ADD, column, row, wide.permute(1, 0));
        assertElements(wide, 11, 21, 12, 22, 13, 23);
        View x = Elements.of(DType.FLOAT32, shape, 1, 2, 3, 4, 5, 6);
        backend.binary(BinaryOp.MUL, x, x, x);
        assertElements(x, 1, 4, 9, 16, 25, 36);
        View odd = x.as(Shape.of(3), new long[] {2}, 1);
        backend.unary(UnaryOp.SQRT, odd, odd);
        assertElements(x, 1, 2, 9, 4, 25, 6);
        View secondRow = x.as(Shape.of(3), new long[] {1}, 3);
        backend.unary(UnaryOp.NEG, secondRow, secondRow);
        assertElements(x, 1, 2, 9, -4, -25, -6);
    }

    @ParameterizedTest
    @EnumSource
    void comparesAsIeee754(CompareOp op) {
        View a = doubles(1, 2, 2, NAN, NAN, 0.0, -INF);
        View b = doubles(2, 1, 2, NAN, 1, -0.0, INF);
        View out = filled(DType.BOOL, 7);
        backend.compare(op, a, b, out);
        assertElements(out, switch (op) {
            case EQ -> new double[] {0, 0, 1, 0, 0, 1, 0};
            case NE -> new double[] {1, 1, 0, 1, 1, 0, 1};
            case LT -> new double[] {1, 0, 0, 0, 0, 0, 1};
            case LE -> new double[] {1, 0, 1, 0, 0, 1, 1};
            case GT -> new double[] {0, 1, 0, 0, 0, 0, 0};
            case GE -> new double[] {0, 1, 1, 0, 0, 1, 0};
        });
        View whole = filled(DType.BOOL, 1);
        backend.compare(op, ints(MIN_INT), ints(MAX_INT), whole);
        boolean below = op == CompareOp.NE || op == CompareOp.LT || op == CompareOp.LE;
        assertElements(whole, below ? 1 : 0);
        backend.compare(op, bools(0), bools(1), whole);
        assertElements(whole, below ? 1 : 0);
    }
}
