package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Reductions over one axis, several, all and none. */
final class ReduceCases {
    /** A backend promises a few units of the sum of magnitudes, for any length. */
    private static final Tolerance SUMMED = Tolerance.ofMagnitudes(4);

    private ReduceCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                OpCase.of("Sum", "SUM", grid -> samples(grid, "sum", Tensor::sum, SUMMED, Tolerance.EXACT, Domain.REAL,
                        Domain.INTEGER)),
                OpCase.of("Extremum", "MAX", grid -> extremum(grid, ReduceOp.MAX)),
                OpCase.of("Extremum", "MIN", grid -> extremum(grid, ReduceOp.MIN)),
                OpCase.of("ArgReduce", "MAX", grid -> positions(grid, Tensor::argmax)).withoutGradient(),
                OpCase.of("ArgReduce", "MIN", grid -> positions(grid, Tensor::argmin)).withoutGradient(),
                OpCase.of("Tensor", "mean", grid -> samples(grid, "mean", Tensor::mean, Tolerance.ofMagnitudes(5),
                        Tolerance.ulps(2), Domain.REAL)),
                OpCase.of("Tensor", "variance", ReduceCases::variance),
                OpCase.of("Tensor", "logSumExp", ReduceCases::logSumExp));
    }

    private interface Reduction {
        Tensor apply(Tensor x, int[] axes, boolean keep);
    }

    /** All choices of axes of a shape: none, each, neighbours, all. */
    private static List<int[]> axes(int[] shape) {
        List<int[]> choices = new ArrayList<>();
        choices.add(new int[0]);
        for (int axis = 0; axis < shape.length; axis++) {
            choices.add(new int[] {axis});
            if (axis > 0) {
                choices.add(new int[] {axis - shape.length, axis - 1});
            }
            if (axis > 1) {
                choices.add(new int[] {0, axis});
            }
        }
        if (shape.length > 2) {
            choices.add(IntStream.range(0, shape.length).toArray());
        }
        return choices;
    }

    private static Stream<int[]> shapes(Grid grid) {
        return Stream.concat(grid.all(), grid.matrices());
    }

    private static Stream<Sample> samples(
            Grid grid, String name, Reduction reduction, Tolerance forward, Tolerance backward, Domain... domains) {
        return Arrays.stream(domains).flatMap(domain -> shapes(grid).flatMap(shape -> axes(shape).stream().map(axes -> {
            boolean keep = axes.length % 2 == 1;
            return of(Sample.Input.of(domain, name, shape), Arrays.toString(axes),
                    x -> reduction.apply(x, axes, keep), forward, backward);
        })));
    }

    private static Sample of(
            Sample.Input x, String parameters, Function<Tensor, Tensor> function, Tolerance forward,
            Tolerance backward) {
        boolean special = x.isSpecial() || (x.values().length > 0 && Double.isNaN(x.values()[0]));
        return new Sample(x.dtype() + " " + x.shape() + ", " + parameters, values -> function.apply(values.getFirst()),
                List.of(x), forward, backward, special);
    }

    private static Stream<Sample> extremum(Grid grid, ReduceOp op) {
        Reduction reduction = op == ReduceOp.MAX ? Tensor::max : Tensor::min;
        // A tie's share is rounded.
        Stream<Sample> drawn = samples(grid, op.name(), reduction, Tolerance.EXACT, Tolerance.ulps(1), Domain.REAL,
                Domain.INTEGER);
        return Stream.concat(drawn,
                specials(grid).map(x -> of(x, "special", v -> reduction.apply(v, new int[] {0}, true),
                        Tolerance.EXACT, Tolerance.ulps(1))));
    }

    /** With a NaN in front, in the midst and at the end; infinities and zeros of both signs. */
    private static Stream<Sample.Input> specials(Grid grid) {
        if (!grid.specials()) {
            return Stream.empty();
        }
        double inf = Double.POSITIVE_INFINITY;
        double[] late = new double[67];
        late[66] = Double.NaN;
        double[] early = new double[67];
        early[0] = Double.NaN;
        double[] infinite = new double[35];
        infinite[17] = inf;
        infinite[18] = -inf;
        double[] lowest = new double[20];
        Arrays.fill(lowest, -inf);
        return Stream.of(late, early, infinite, lowest, Domain.SPECIAL)
                .map(values -> Sample.Input.of(DType.FLOAT32, values));
    }

    private static Stream<Sample> positions(Grid grid, Position position) {
        Stream<Sample> drawn = Stream.of(Domain.REAL, Domain.INTEGER)
                .flatMap(domain -> shapes(grid).flatMap(shape -> IntStream.range(0, shape.length)
                        .filter(axis -> shape[axis] > 0)
                        .mapToObj(axis -> of(Sample.Input.of(domain, "position", shape), "axis " + axis,
                                x -> position.of(x, axis), Tolerance.EXACT, Tolerance.EXACT))));
        return Stream.concat(drawn, specials(grid)
                .map(x -> of(x, "special", v -> position.of(v, 0), Tolerance.EXACT, Tolerance.EXACT)));
    }

    private interface Position {
        Tensor of(Tensor x, int axis);
    }

    private static Stream<Sample> variance(Grid grid) {
        // Deviations carry the error of the mean, of the size of the largest element.
        return shapes(grid).filter(shape -> Arrays.stream(shape).allMatch(length -> length > 1))
                .flatMap(shape -> axes(shape).stream().filter(axes -> axes.length > 0)
                        .flatMap(axes -> IntStream.of(0, 1)
                                .mapToObj(correction -> of(Sample.Input.of(Domain.REAL, "variance", shape),
                                        Arrays.toString(axes) + ", correction " + correction,
                                        x -> x.variance(axes, false, correction),
                                        Tolerance.ulps(16).above(9), Tolerance.ulps(16).above(9)))));
    }

    private static Stream<Sample> logSumExp(Grid grid) {
        Stream<Sample> drawn = shapes(grid).flatMap(shape -> IntStream.range(0, shape.length)
                .filter(axis -> shape[axis] > 0)
                .mapToObj(axis -> of(Sample.Input.of(Domain.REAL, "logSumExp", shape), "axis " + axis,
                        x -> x.logSumExp(axis, axis % 2 == 0), Tolerance.ulps(6).above(3), Tolerance.ulps(12))));
        double inf = Double.POSITIVE_INFINITY;
        return !grid.specials()
                ? drawn
                : Stream.concat(drawn, Stream
                        .of(new double[] {-inf, -inf}, new double[] {inf, 1}, new double[] {-inf, 2},
                                new double[] {1e30, -1e30})
                        .map(values -> of(Sample.Input.of(DType.FLOAT32, values), "special", x -> x.logSumExp(0, false),
                                Tolerance.ulps(6), Tolerance.ulps(12))));
    }
}
