package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Functions of one element. */
final class UnaryCases {
    private UnaryCases() {}

    /** What is tried of a function: where, and how exact. */
    private record Entry(UnaryOperator<Tensor> function, Domain domain, Tolerance forward, Tolerance backward) {}

    static Stream<OpCase> all() {
        return Arrays.stream(UnaryOp.values()).map(op -> {
            OpCase made = OpCase.of("Unary", op.name(), grid -> samples(op, entry(op), grid));
            return op == UnaryOp.NOT ? made.withoutGradient() : made;
        });
    }

    private static UnaryOperator<Tensor> function(UnaryOp op) {
        return switch (op) {
            case NEG -> Tensor::neg;
            case ABS -> Tensor::abs;
            case SIGN -> Tensor::sign;
            case SQUARE -> Tensor::square;
            case SQRT -> Tensor::sqrt;
            case RSQRT -> Tensor::rsqrt;
            case RECIPROCAL -> Tensor::reciprocal;
            case EXP -> Tensor::exp;
            case EXPM1 -> Tensor::expm1;
            case LOG -> Tensor::log;
            case LOG1P -> Tensor::log1p;
            case SIN -> Tensor::sin;
            case COS -> Tensor::cos;
            case TANH -> Tensor::tanh;
            case SIGMOID -> Tensor::sigmoid;
            case ERF -> Tensor::erf;
            case RELU -> Tensor::relu;
            case FLOOR -> Tensor::floor;
            case CEIL -> Tensor::ceil;
            case ROUND -> Tensor::round;
            case NOT -> Tensor::not;
        };
    }

    /**
     * Functions that IEEE 754 rounds correctly, and those that round nothing, must give the same bits; polynomials are
     * within 2 units in the last place (tanh: 3; sigmoid: 4, of which the exponential, as CUDA documents it, has 2, and
     * a sum and a quotient the rest). A gradient adds the roundings of its products, and where it subtracts from 1
     * (tanh, sigmoid, expm1) units of 1 times a gradient below 2.
     */
    private static Entry entry(UnaryOp op) {
        Tolerance two = Tolerance.ulps(2);
        return switch (op) {
            case NEG, SIGN -> new Entry(function(op), Domain.NONZERO, Tolerance.EXACT, Tolerance.EXACT);
            case ABS, RELU -> new Entry(function(op), Domain.NONZERO, Tolerance.EXACT, Tolerance.EXACT);
            case SQUARE -> new Entry(function(op), Domain.REAL, Tolerance.EXACT, Tolerance.ulps(1));
            case SQRT -> new Entry(function(op), Domain.POSITIVE, Tolerance.EXACT, Tolerance.ulps(3));
            case RSQRT -> new Entry(function(op), Domain.POSITIVE, two, Tolerance.ulps(8));
            case RECIPROCAL -> new Entry(function(op), Domain.NONZERO, Tolerance.EXACT, Tolerance.ulps(4));
            case EXP -> new Entry(function(op), Domain.REAL, two, Tolerance.ulps(4));
            case EXPM1 -> new Entry(function(op), Domain.REAL, two, Tolerance.ulps(4).above(2));
            case LOG -> new Entry(function(op), Domain.POSITIVE, two, Tolerance.ulps(1));
            case LOG1P -> new Entry(function(op), Domain.ABOVE_MINUS_ONE, two, Tolerance.ulps(2));
            case SIN, COS -> new Entry(function(op), Domain.REAL, two, Tolerance.ulps(4));
            case TANH -> new Entry(function(op), Domain.REAL, Tolerance.ulps(3), Tolerance.ulps(5).above(2));
            case SIGMOID -> new Entry(function(op), Domain.REAL, Tolerance.ulps(4), Tolerance.ulps(5).above(2));
            case ERF -> new Entry(function(op), Domain.REAL, two, Tolerance.ulps(12)); // exp(−x²) multiplies that of x² by 9
            case FLOOR, CEIL, ROUND -> new Entry(function(op), Domain.OFF_INTEGER, Tolerance.EXACT, Tolerance.EXACT);
            case NOT -> new Entry(function(op), Domain.BIT, Tolerance.EXACT, Tolerance.EXACT);
        };
    }

    private static boolean ofIntegers(UnaryOp op) {
        return switch (op) {
            case NEG, ABS, SIGN, SQUARE, RELU -> true;
            case SQRT, RSQRT, RECIPROCAL, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND,
                    NOT ->
                false;
        };
    }

    private static Stream<Sample> samples(UnaryOp op, Entry entry, Grid grid) {
        String name = op.name();
        Stream<Sample> all = grid.all().map(shape -> sample(entry, Sample.Input.of(entry.domain, name, shape), false));
        if (ofIntegers(op)) {
            all = Stream.concat(all,
                    grid.all().map(shape -> sample(entry, Sample.Input.of(Domain.INTEGER, name, shape), false)));
        }
        if (grid.specials() && op != UnaryOp.NOT) {
            all = Stream.concat(all, Stream.of(sample(entry, Sample.Input.of(DType.FLOAT32, Domain.SPECIAL), true)));
        }
        if (grid.specials() && ofIntegers(op)) {
            double[] ends = {Integer.MIN_VALUE, Integer.MAX_VALUE, 0, -1, 65536, 46341};
            all = Stream.concat(all, Stream.of(sample(entry, Sample.Input.of(DType.INT32, ends), true)));
        }
        return all;
    }

    private static Sample sample(Entry entry, Sample.Input x, boolean special) {
        String label = x.dtype() + " " + x.shape() + (special ? " special" : "");
        return new Sample(label, inputs -> entry.function.apply(inputs.getFirst()), List.of(x), entry.forward,
                entry.backward, special);
    }
}
