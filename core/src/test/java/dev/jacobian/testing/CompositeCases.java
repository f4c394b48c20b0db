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
        // What cancels in them is of the size of x, at most 3.
        return Stream.of(of("gelu", Domain.REAL, Tensor::gelu, Tolerance.ulps(6).above(3)),
                of("silu", Domain.REAL, Tensor::silu, Tolerance.ulps(6)),
                of("softplus", Domain.NONZERO, Tensor::softplus, Tolerance.ulps(6)),
                of("clamp", Domain.NONZERO, x -> x.clamp(-1, 1.5), Tolerance.EXACT),
                of("stack", Domain.REAL, x -> Tensor.stack(-1, x, x.neg()), Tolerance.EXACT),
                of("flatten", Domain.REAL, x -> x.unsqueeze(0).flatten(0, -1), Tolerance.EXACT),
                of("sumTo", Domain.REAL, x -> x.unsqueeze(0).expand(expanded(x)).sumTo(x.shape()), Tolerance.ulps(1)));
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
