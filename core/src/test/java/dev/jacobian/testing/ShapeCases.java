package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Operations that move elements and compute nothing: their results must be the same bits. */
final class ShapeCases {
    /** Where gradients meet, they are summed. */
    private static final Tolerance SUMMED = Tolerance.ofMagnitudes(4);

    private static final Device ELSEWHERE = Device.of(new ReferenceBackend());

    private ShapeCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                OpCase.of("Copy", "", grid -> each(grid, 0, Tensor::copy)),
                OpCase.of("Transfer", "", grid -> each(grid, 0, x -> x.to(ELSEWHERE).to(x.device()))),
                OpCase.of("Reshape", "", ShapeCases::reshape),
                OpCase.of("Permute", "", ShapeCases::permute),
                OpCase.of("Slice", "", ShapeCases::slice),
                OpCase.of("Embed", "", grid -> eachAxis(grid, (x, axis) -> x.pad(axis, axis + 1, 2, -1))),
                OpCase.of("Expand", "", ShapeCases::expand),
                OpCase.of("Concat", "", ShapeCases::concat),
                OpCase.of("Where", "", ShapeCases::where),
                OpCase.of("Gather", "", ShapeCases::gather),
                OpCase.of("ScatterAdd", "", ShapeCases::scatterAdd),
                OpCase.of("Cast", "", ShapeCases::cast).withoutGradient(),
                OpCase.of("Tensor", "maskedFill", ShapeCases::maskedFill),
                OpCase.of("Tensor", "indexSelect", ShapeCases::indexSelect),
                OpCase.of("Tensor", "oneHot", ShapeCases::oneHot).withoutGradient());
    }

    private static Sample of(String label, Function<List<Tensor>, Tensor> function, Sample.Input... inputs) {
        return new Sample(label, function, List.of(inputs), Tolerance.EXACT, SUMMED, false);
    }

    private static Stream<Sample> each(Grid grid, int leastRank, Function<Tensor, Tensor> function) {
        return Stream.of(Domain.REAL, Domain.INTEGER, Domain.BIT)
                .flatMap(domain -> grid.ofRank(leastRank).map(shape -> of(domain + " " + Arrays.toString(shape),
                        values -> function.apply(values.getFirst()), Sample.Input.of(domain, "shape", shape))));
    }

    private interface AxisFunction {
        Tensor apply(Tensor x, int axis);
    }

    private static Stream<Sample> eachAxis(Grid grid, AxisFunction function) {
        return grid.ofRank(1).flatMap(shape -> IntStream.range(0, shape.length)
                .mapToObj(axis -> of(Arrays.toString(shape) + ", axis " + axis,
                        values -> function.apply(values.getFirst(), axis),
                        Sample.Input.of(Domain.REAL, "axis", shape))));
    }

    private static Stream<Sample> reshape(Grid grid) {
        return Stream.concat(each(grid, 0, x -> x.reshape(Math.toIntExact(x.size()))),
                each(grid, 2, x -> x.transpose().reshape(x.dim(-1) * x.dim(-2), Math.toIntExact(outer(x)))));
    }

    private static long outer(Tensor x) {
        long outer = 1;
        for (int i = 0; i < x.rank() - 2; i++) {
            outer *= x.dim(i);
        }
        return outer;
    }

    private static Stream<Sample> permute(Grid grid) {
        return Stream.concat(each(grid, 2, Tensor::transpose),
                each(grid, 3, x -> x.permute(IntStream.range(0, x.rank()).map(i -> (i + 1) % x.rank()).toArray())));
    }

    private static Stream<Sample> slice(Grid grid) {
        return Stream.of(
                eachAxis(grid, (x, axis) -> x.slice(axis, Math.min(1, x.dim(axis)), x.dim(axis))),
                eachAxis(grid, (x, axis) -> x.slice(axis, 0, x.dim(axis), 2)),
                eachAxis(grid, (x, axis) -> x.slice(axis, x.dim(axis) / 2, x.dim(axis), 3).slice(axis, 0, 0)))
                .flatMap(s -> s);
    }

    private static Stream<Sample> expand(Grid grid) {
        return Stream.concat(each(grid, 0, x -> {
            int[] dims = new int[x.rank() + 1];
            dims[0] = 3;
            System.arraycopy(x.shape().toArray(), 0, dims, 1, x.rank());
            return x.expand(dims);
        }), each(grid, 1, x -> {
            int[] dims = x.unsqueeze(1).shape().toArray();
            dims[1] = 4;
            return x.unsqueeze(1).expand(dims);
        }));
    }

    private static Stream<Sample> concat(Grid grid) {
        return grid.ofRank(1).flatMap(shape -> IntStream.range(0, shape.length).mapToObj(axis -> {
            int[] longer = shape.clone();
            longer[axis] += 2;
            return of(Arrays.toString(shape) + ", axis " + axis,
                    values -> Tensor.concat(axis, values.toArray(Tensor[]::new)),
                    Sample.Input.of(Domain.REAL, "first", shape), Sample.Input.of(Domain.REAL, "second", longer),
                    Sample.Input.of(Domain.REAL, "third", shape));
        }));
    }

    private static Stream<Sample> where(Grid grid) {
        Stream<Sample> equal = grid.all().map(shape -> where(shape, shape, shape));
        return Stream.concat(equal, Stream.of(where(new int[] {2, 1, 4}, new int[] {3, 1}, new int[] {}),
                where(new int[] {5}, new int[] {3, 5}, new int[] {3, 1})));
    }

    private static Sample where(int[] condition, int[] a, int[] b) {
        return of(Arrays.toString(condition) + Arrays.toString(a) + Arrays.toString(b),
                values -> Tensor.where(values.get(0), values.get(1), values.get(2)),
                Sample.Input.of(Domain.BIT, "condition", condition), Sample.Input.of(Domain.REAL, "a", a),
                Sample.Input.of(Domain.REAL, "b", b));
    }

    /** Indices with many repetitions, as many as the axis is long and a few more. */
    private static Stream<Sample> gather(Grid grid) {
        return indexed(grid, 3, (values, axis) -> values.get(0).gather(axis, values.get(1)));
    }

    private static Stream<Sample> scatterAdd(Grid grid) {
        return indexed(grid, 0,
                (values, axis) -> values.get(0).scatterAdd(axis, values.get(1), values.get(0).dim(axis) + 1))
                .map(s -> new Sample(s.label(), s.function(), s.inputs(), s.backward(), Tolerance.EXACT, false));
    }

    private interface Indexed {
        Tensor apply(List<Tensor> values, int axis);
    }

    private static Stream<Sample> indexed(Grid grid, int more, Indexed function) {
        return Stream.concat(grid.ofRank(1), grid.matrices()).flatMap(shape -> IntStream.range(0, shape.length)
                .filter(axis -> shape[axis] > 0).mapToObj(axis -> {
                    int[] indices = shape.clone();
                    indices[axis] += more;
                    // All indices may be one: then the sum is made one by one, each time rounded.
                    return new Sample(Arrays.toString(shape) + ", axis " + axis, values -> function.apply(values, axis),
                            List.of(Sample.Input.of(Domain.REAL, "x", shape),
                                    Sample.Input.indices(shape[axis], "index", indices)),
                            Tolerance.EXACT, ProductCases.ofTerms(indices[axis]), false);
                }));
    }

    private static Stream<Sample> indexSelect(Grid grid) {
        return grid.ofRank(1).flatMap(shape -> IntStream.range(0, shape.length).filter(axis -> shape[axis] > 0)
                .mapToObj(axis -> of(Arrays.toString(shape) + ", axis " + axis,
                        values -> values.get(0).indexSelect(axis, values.get(1)),
                        Sample.Input.of(Domain.REAL, "x", shape),
                        Sample.Input.indices(shape[axis], "index", 5))));
    }

    private static Stream<Sample> maskedFill(Grid grid) {
        return grid.all()
                .map(shape -> of(Arrays.toString(shape), values -> values.get(0).maskedFill(values.get(1), -2.5),
                        Sample.Input.of(Domain.REAL, "x", shape), Sample.Input.of(Domain.BIT, "mask", shape)));
    }

    private static Stream<Sample> oneHot(Grid grid) {
        return grid.all().filter(shape -> Arrays.stream(shape).allMatch(length -> length <= 1000)).map(
                shape -> of(Arrays.toString(shape), values -> values.getFirst().oneHot(5),
                        Sample.Input.of(Domain.INTEGER, "x", shape)));
    }

    private static Stream<Sample> cast(Grid grid) {
        double[] hard = {2.9, -2.9, 3e9, -3e9, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0,
                0.5, 1e-40};
        Stream<Sample> numbers = Stream.of(DType.INT32, DType.BOOL, DType.FLOAT32).flatMap(dtype -> Stream.of(
                of("hard to " + dtype, values -> values.getFirst().to(dtype),
                        Sample.Input.of(DType.FLOAT32, floats(hard))),
                of("int32 to " + dtype, values -> values.getFirst().to(dtype),
                        Sample.Input.of(DType.INT32, Integer.MIN_VALUE, Integer.MAX_VALUE, 16777217, 0, -1))));
        Stream<Sample> shapes = Stream.of(Domain.REAL, Domain.INTEGER, Domain.BIT)
                .flatMap(from -> Stream.of(DType.INT32, DType.BOOL, DType.FLOAT32)
                        .flatMap(to -> grid.all().map(shape -> of(from + " to " + to + " " + Arrays.toString(shape),
                                values -> values.getFirst().to(to), Sample.Input.of(from, "cast", shape)))));
        return Stream.concat(numbers, shapes);
    }

    private static double[] floats(double... values) {
        double[] rounded = new double[values.length];
        Arrays.setAll(rounded, i -> (float) values[i]);
        return rounded;
    }
}
