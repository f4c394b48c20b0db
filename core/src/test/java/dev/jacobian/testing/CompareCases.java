package dev.jacobian.testing;

import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Comparisons of tensors with tensors and numbers. */
final class CompareCases {
    private CompareCases() {}

    static Stream<OpCase> all() {
        return Arrays.stream(CompareOp.values()).flatMap(
                op -> Stream.of(OpCase.of("Compare", op.name(), grid -> samples(op, grid)).withoutGradient(),
                        OpCase.of("CompareScalar", op.name(), grid -> scalarSamples(op, grid)).withoutGradient()));
    }

    private static BinaryOperator<Tensor> function(CompareOp op) {
        return switch (op) {
            case EQ -> Tensor::eq;
            case NE -> Tensor::ne;
            case LT -> Tensor::lt;
            case LE -> Tensor::le;
            case GT -> Tensor::gt;
            case GE -> Tensor::ge;
        };
    }

    private static Tensor compare(CompareOp op, Tensor x, double number) {
        return switch (op) {
            case EQ -> x.eq(number);
            case NE -> x.ne(number);
            case LT -> x.lt(number);
            case LE -> x.le(number);
            case GT -> x.gt(number);
            case GE -> x.ge(number);
        };
    }

    /** Small integers, of which many are equal, as numbers of each type. */
    private static Stream<Sample.Input> inputs(String seed, int... shape) {
        Sample.Input integers = Sample.Input.of(Domain.INTEGER, seed, shape);
        return Stream.of(integers, new Sample.Input(DType.FLOAT32, integers.shape(), integers.values()),
                Sample.Input.of(Domain.BIT, seed, shape));
    }

    private static Stream<Sample> samples(CompareOp op, Grid grid) {
        Stream<Sample> equal = grid.all().flatMap(shape -> {
            List<Sample.Input> right = inputs("right", shape).toList();
            return inputs("left", shape)
                    .map(a -> sample(op, a,
                            right.stream().filter(b -> b.dtype() == a.dtype()).findFirst().orElseThrow()));
        });
        Stream<Sample> broadcast = Stream.of(new int[][][] {{{2, 3, 4}, {3, 1}}, {{1, 5}, {3, 1}}, {{}, {2, 2}}})
                .map(pair -> sample(op, Sample.Input.of(Domain.INTEGER, "left", pair[0]),
                        Sample.Input.of(Domain.INTEGER, "right", pair[1])));
        double[] numbers = Domain.SPECIAL;
        Sample special = sample(op,
                Sample.Input.of(DType.FLOAT32,
                        DoubleStream.of(numbers).flatMap(a -> DoubleStream.of(numbers).map(_ -> a)).toArray()),
                Sample.Input.of(DType.FLOAT32,
                        DoubleStream.of(numbers).flatMap(_ -> DoubleStream.of(numbers)).toArray()));
        return Stream.of(equal, broadcast, Stream.of(special)).flatMap(samples -> samples);
    }

    private static Sample sample(CompareOp op, Sample.Input a, Sample.Input b) {
        return new Sample(a.dtype() + " " + a.shape() + ", " + b.shape(),
                values -> function(op).apply(values.get(0), values.get(1)), List.of(a, b), Tolerance.EXACT,
                Tolerance.EXACT,
                false);
    }

    private static Stream<Sample> scalarSamples(CompareOp op, Grid grid) {
        Stream<Sample.Input> drawn = grid.all().flatMap(shape -> inputs("left", shape))
                .filter(input -> input.dtype() != DType.BOOL);
        return DoubleStream.of(2, -0.0, 0.5, Double.NaN, Double.POSITIVE_INFINITY).boxed()
                .flatMap(number -> Stream
                        .concat(number == 2 ? drawn : Stream.of(Sample.Input.of(DType.INT32, -1, 0, 1, 2)),
                                Stream.of(Sample.Input.of(DType.FLOAT32, Domain.SPECIAL)))
                        .map(x -> new Sample(x.dtype() + " " + x.shape() + ", " + number,
                                values -> compare(op, values.getFirst(), number), List.of(x), Tolerance.EXACT,
                                Tolerance.EXACT, false)));
    }
}
