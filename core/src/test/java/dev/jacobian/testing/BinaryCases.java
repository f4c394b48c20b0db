package dev.jacobian.testing;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Functions of two elements, and of an element and a number. */
final class BinaryCases {
    /** Of these magnitudes are terms that cancel. */
    private static final double SUMMED = 8;

    /** Of these magnitudes are gradients of powers, for bases from 0.2 and exponents from -1. */
    private static final double POWERS = 64;

    private BinaryCases() {}

    static Stream<OpCase> all() {
        Stream<OpCase> tensors = Arrays.stream(BinaryOp.values())
                .map(op -> OpCase.of("Binary", op.name(), grid -> samples(op, grid)));
        Stream<OpCase> numbers = Arrays.stream(BinaryOp.values()).map(op -> {
            OpCase made = OpCase.of("BinaryScalar", op.name(), grid -> scalarSamples(op, grid));
            return isGradient(op) ? made.withoutGradient() : made;
        });
        Stream<OpCase> kernels = Arrays.stream(BinaryOp.values()).filter(BinaryCases::isGradient)
                .map(op -> OpCase.of("Binary", op.name() + " kernel", grid -> kernelSamples(op, grid))
                        .withoutGradient());
        return Stream.of(tensors, numbers, kernels).flatMap(cases -> cases);
    }

    /** Whether it is there for backward rules only, so that no method of Tensor is it. */
    private static boolean isGradient(BinaryOp op) {
        return switch (op) {
            case RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> true;
            case ADD, SUB, MUL, DIV, POW, MAXIMUM, MINIMUM -> false;
        };
    }

    private static BinaryOperator<Tensor> function(BinaryOp op) {
        return switch (op) {
            case ADD -> Tensor::add;
            case SUB -> Tensor::sub;
            case MUL -> Tensor::mul;
            case DIV -> Tensor::div;
            case POW -> Tensor::pow;
            case MAXIMUM -> Tensor::maximum;
            case MINIMUM -> Tensor::minimum;
            case RELU_GRAD -> (dy, x) -> Autograd.vjp(Tensor::relu, x, dy);
            case TANH_GRAD -> (dy, x) -> Autograd.vjp(Tensor::tanh, x, dy);
            case SIGMOID_GRAD -> (dy, x) -> Autograd.vjp(Tensor::sigmoid, x, dy);
        };
    }

    /** Rounded correctly, but for the power, for which CUDA documents 4 units, and the gradients' several products. */
    private static Tolerance forward(BinaryOp op) {
        return switch (op) {
            case ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, RELU_GRAD -> Tolerance.EXACT;
            case POW -> Tolerance.ulps(4);
            case TANH_GRAD, SIGMOID_GRAD -> Tolerance.ulps(6).above(SUMMED);
        };
    }

    /** Of gradients that no axis sums: one rounding a product, and the cancelling terms of the second derivatives. */
    private static Tolerance backward(BinaryOp op) {
        return switch (op) {
            case ADD, SUB, MUL, MAXIMUM, MINIMUM, RELU_GRAD -> Tolerance.EXACT;
            case DIV -> Tolerance.ulps(3);
            case POW -> Tolerance.ulps(8);
            case TANH_GRAD, SIGMOID_GRAD -> Tolerance.ulps(12).above(SUMMED);
        };
    }

    private static Domain left(BinaryOp op) {
        return op == BinaryOp.POW
                ? Domain.POSITIVE
                : op == BinaryOp.DIV || op == BinaryOp.MUL ? Domain.WIDE : Domain.REAL;
    }

    private static Domain right(BinaryOp op) {
        return switch (op) {
            case ADD, SUB, POW, MAXIMUM, MINIMUM, TANH_GRAD, SIGMOID_GRAD -> Domain.REAL;
            case MUL -> Domain.WIDE;
            case DIV, RELU_GRAD -> Domain.NONZERO;
        };
    }

    private static boolean ofIntegers(BinaryOp op) {
        return switch (op) {
            case ADD, SUB, MUL, MAXIMUM, MINIMUM -> true;
            case DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> false;
        };
    }

    private static boolean ofBits(BinaryOp op) {
        return switch (op) {
            case MUL, MAXIMUM, MINIMUM -> true;
            case ADD, SUB, DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> false;
        };
    }

    private static Stream<Sample> samples(BinaryOp op, Grid grid) {
        Stream<Sample> equal = grid.all().map(shape -> sample(op, left(op), shape, right(op), shape));
        Stream<Sample> broadcast = isGradient(op)
                ? Stream.empty()
                : Stream.concat(
                        Stream.of(new int[][][] {{{2, 3, 4}, {4}}, {{2, 1, 4}, {3, 1}}, {{}, {2, 3}}, {{2, 3}, {}}}),
                        grid.lengths().stream().filter(n -> n <= 1000)
                                .flatMap(n -> Stream.of(new int[][][] {{{3, n}, {n}}, {{n, 1}, {1, 3}}, {{n}, {1}}})))
                        .map(pair -> sample(op, left(op), pair[0], op == BinaryOp.POW ? Domain.UNIT : right(op),
                                pair[1]));
        Stream<Sample> integers = !ofIntegers(op)
                ? Stream.empty()
                : grid.all().map(shape -> sample(op, Domain.INTEGER, shape, Domain.INTEGER, shape));
        Stream<Sample> bits = !ofBits(op)
                ? Stream.empty()
                : grid.all().map(shape -> sample(op, Domain.BIT, shape, Domain.BIT, shape));
        Stream<Sample> special = grid.specials() && !isGradient(op)
                ? Stream.of(special(function(op), op))
                : Stream.empty();
        return Stream.of(equal, broadcast, integers, bits, special).flatMap(samples -> samples);
    }

    private static Sample sample(BinaryOp op, Domain left, int[] a, Domain right, int[] b) {
        List<Sample.Input> inputs = List.of(Sample.Input.of(left, op + " left", a),
                Sample.Input.of(right, op + " right", b));
        BinaryOperator<Tensor> function = function(op);
        boolean summed = !Arrays.equals(a, b);
        // A sum over a broadcast axis has a few roundings of its own.
        Tolerance backward = !summed
                ? backward(op)
                : Tolerance.ofMagnitudes(8 + backward(op).ulps())
                        .above(op == BinaryOp.POW ? POWERS : SUMMED);
        return new Sample(inputs.getFirst().dtype() + " " + Arrays.toString(a) + ", " + Arrays.toString(b),
                values -> function.apply(values.get(0), values.get(1)), inputs, forward(op), backward, false);
    }

    /** Every special number with every other. */
    private static Sample special(BinaryOperator<Tensor> function, BinaryOp op) {
        double[] numbers = Domain.SPECIAL;
        double[] left = DoubleStream.of(numbers).flatMap(a -> DoubleStream.of(numbers).map(_ -> a)).toArray();
        double[] right = DoubleStream.of(numbers).flatMap(_ -> DoubleStream.of(numbers)).toArray();
        return new Sample("special", values -> function.apply(values.get(0), values.get(1)),
                List.of(Sample.Input.of(DType.FLOAT32, left), Sample.Input.of(DType.FLOAT32, right)), forward(op),
                Tolerance.ulps(8 + backward(op).ulps()), true);
    }

    private static double[] numbers(BinaryOp op) {
        return switch (op) {
            case ADD, SUB -> new double[] {1.5, -3};
            case MUL, DIV -> new double[] {-0.75, 3};
            case POW -> new double[] {2, 3, 0.5, -1, 0, 1, 2.5};
            case MAXIMUM, MINIMUM -> new double[] {0.5, -1};
            case RELU_GRAD -> new double[] {0.5, 0, -2};
            case TANH_GRAD -> new double[] {0.5, -0.875};
            case SIGMOID_GRAD -> new double[] {0.25, 0.875};
        };
    }

    private static Function<Tensor, Tensor> function(BinaryOp op, double number) {
        return switch (op) {
            case ADD -> x -> x.add(number);
            case SUB -> x -> x.sub(number);
            case MUL -> x -> x.mul(number);
            case DIV -> x -> x.div(number);
            case POW -> x -> x.pow(number);
            case MAXIMUM -> x -> x.maximum(number);
            case MINIMUM -> x -> x.minimum(number);
            case RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> x -> Autograd.apply(new NumberKernel(op, number), x);
        };
    }

    private static Stream<Sample> scalarSamples(BinaryOp op, Grid grid) {
        Domain domain = op == BinaryOp.POW ? Domain.POSITIVE : Domain.REAL;
        return DoubleStream.of(numbers(op)).boxed().flatMap(number -> {
            Stream<Sample.Input> reals = grid.all().map(shape -> Sample.Input.of(domain, op + " " + number, shape));
            Stream<Sample.Input> integers = !ofIntegers(op) || number != Math.rint(number)
                    ? Stream.empty()
                    : grid.all().map(shape -> Sample.Input.of(Domain.INTEGER, op + " " + number, shape));
            Stream<Sample.Input> special = grid.specials()
                    ? Stream.of(Sample.Input.of(DType.FLOAT32, Domain.SPECIAL))
                    : Stream.empty();
            return Stream.of(reals, integers, special).flatMap(inputs -> inputs).map(x -> {
                boolean isSpecial = x.isSpecial();
                Tolerance forward = isGradient(op) ? Tolerance.ulps(3).above(1) : forward(op);
                Tolerance backward = op == BinaryOp.ADD || op == BinaryOp.SUB ? Tolerance.EXACT : Tolerance.ulps(6);
                return new Sample(x.dtype() + " " + x.shape() + ", " + number + (isSpecial ? " special" : ""),
                        values -> function(op, number).apply(values.getFirst()), List.of(x), forward, backward,
                        isSpecial);
            });
        });
    }

    /** The gradients' kernels called directly, with special numbers too. */
    private static Stream<Sample> kernelSamples(BinaryOp op, Grid grid) {
        BinaryOperator<Tensor> function = (a, b) -> Autograd.apply(new PairKernel(op), a, b);
        Tolerance tolerance = op == BinaryOp.RELU_GRAD ? Tolerance.EXACT : Tolerance.ulps(3).above(3);
        Stream<Sample> drawn = grid.all().map(shape -> new Sample(Arrays.toString(shape),
                values -> function.apply(values.get(0), values.get(1)),
                List.of(Sample.Input.of(Domain.REAL, op + " dy", shape),
                        Sample.Input.of(Domain.UNIT, op + " y", shape)),
                tolerance, Tolerance.EXACT, false));
        // Of finite numbers beyond 1, which are no results of tanh or sigmoid, only what is not finite is specified.
        boolean bounded = op != BinaryOp.RELU_GRAD;
        return grid.specials() && !bounded ? Stream.concat(drawn, Stream.of(special(function, op))) : drawn;
    }

    private record PairKernel(BinaryOp op) implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            Tensor y = inputs[0].emptyLike();
            y.device().backend().binary(op, inputs[0].view(), inputs[1].view(), y.view());
            return y;
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return Arrays.asList(null, null);
        }
    }

    private record NumberKernel(BinaryOp op, double number) implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            Tensor y = inputs[0].emptyLike();
            y.device().backend().binary(op, inputs[0].view(), number, y.view());
            return y;
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return Arrays.asList((Tensor) null);
        }
    }
}
