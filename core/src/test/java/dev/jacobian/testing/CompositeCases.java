package dev.jacobian.testing;

import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Methods of Tensor that are made of several operations. */
final class CompositeCases {
    private CompositeCases() {}

    static Stream<OpCase> all() {
        return Stream.of(OpCase.of("Tensor", "embedding", CompositeCases::embedding),
                of("silu", Domain.REAL, Tensor::silu, Tolerance.ulps(6)),
                of("softplus", Domain.NONZERO, Tensor::softplus, Tolerance.ulps(6)),
                of("clamp", Domain.NONZERO, x -> x.clamp(-1, 1.5), Tolerance.EXACT),
                of("stack", Domain.REAL, x -> Tensor.stack(-1, x, x.neg()), Tolerance.EXACT),
                of("flatten", Domain.REAL, x -> x.unsqueeze(0).flatten(0, -1), Tolerance.EXACT),
                of("sumTo", Domain.REAL, x -> x.unsqueeze(0).expand(expanded(x)).sumTo(x.shape()), Tolerance.ulps(1)));
    }

    /**
     * Looking up moves elements; the gradients of a row that is looked up often are summed. That of the padding's row is
     * zero whatever the differences are.
     */
    private static Stream<Sample> embedding(Grid grid) {
        Stream<Integer> rows = grid.equals(Grid.GRADIENT) ? Stream.of(-1) : Stream.of(-1, 3);
        return rows.flatMap(padding -> grid.all().map(shape -> new Sample(
                Arrays.toString(shape) + ", padding " + padding,
                values -> values.get(0).embedding(values.get(1), padding),
                List.of(Sample.Input.indices(7, "index", shape), Sample.Input.of(Domain.REAL, "weight", 7, 3)),
                Tolerance.EXACT,
                Tolerance.ofMagnitudes(4 + Math.sqrt(Arrays.stream(shape).reduce(1, (a, b) -> a * b))), false)));
    }

    private static int[] expanded(Tensor x) {
        int[] dims = x.unsqueeze(0).shape().toArray();
        dims[0] = 2;
        return dims;
    }

    private static OpCase of(String name, Domain domain, UnaryOperator<Tensor> function, Tolerance forward) {
        return OpCase.of("Tensor", name, grid -> grid.all().map(shape -> new Sample(Arrays.toString(shape),
                values -> function.apply(values.getFirst()), List.of(Sample.Input.of(domain, name, shape)), forward,
                Tolerance.ulps(16).above(8), false)));
    }
}
