package dev.jacobian.testing;

import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Matrix products, whose errors grow with the number of products that are summed. */
final class ProductCases {
    private ProductCases() {}

    static Stream<OpCase> all() {
        return Stream.of(OpCase.of("MatMul", "", ProductCases::matmul), OpCase.of("Linear", "", ProductCases::linear));
    }

    /**
     * Units of the sum of magnitudes for inner products of n terms. Each sum is rounded: errors of random signs grow as
     * √n; of equal terms, which all round the same way, they come to n / 4, which twice √n covers up to 100.
     */
    static Tolerance ofTerms(int n) {
        return Tolerance.ofMagnitudes(6 + 2 * Math.sqrt(n));
    }

    private static Stream<Sample> matmul(Grid grid) {
        Stream<Sample> square = grid.lengths().stream().filter(n -> n <= 65)
                .flatMap(n -> Stream.of(matmul(new int[] {3, n}, new int[] {n, 2}),
                        matmul(new int[] {n, 3}, new int[] {3, n}),
                        matmul(new int[] {2, n}, new int[] {n}), matmul(new int[] {n}, new int[] {n, 3})));
        Stream<Sample> batches = Stream.of(matmul(new int[] {2, 3, 4}, new int[] {2, 4, 5}),
                matmul(new int[] {2, 1, 3, 4}, new int[] {3, 4, 2}), matmul(new int[] {3, 4}, new int[] {2, 4, 5}),
                matmul(new int[] {2, 3, 4}, new int[] {4, 5}), matmul(new int[] {0, 3, 4}, new int[] {4, 2}),
                matmul(new int[] {4}, new int[] {4}), matmul(new int[] {2, 3, 0}, new int[] {0, 2}),
                matmul(new int[] {1, 3, 4}, new int[] {2, 4, 0}));
        return Stream.concat(square, batches);
    }

    private static Sample matmul(int[] a, int[] b) {
        int terms = Math.max(a[a.length - 1], Math.max(a[0], b[b.length - 1]));
        return new Sample(Arrays.toString(a) + " by " + Arrays.toString(b),
                values -> values.get(0).matmul(values.get(1)),
                List.of(Sample.Input.of(Domain.REAL, "a", a), Sample.Input.of(Domain.REAL, "b", b)), ofTerms(terms),
                ofTerms(terms * 4), false);
    }

    private static Stream<Sample> linear(Grid grid) {
        return grid.lengths().stream().filter(n -> n <= 65)
                .flatMap(n -> Stream.of(linear(true, 3, n, 4), linear(false, n, 5, 3), linear(true, n, 2, n)));
    }

    private static Sample linear(boolean biased, int rows, int in, int out) {
        Sample.Input x = Sample.Input.of(Domain.REAL, "x", rows, in);
        Sample.Input weight = Sample.Input.of(Domain.REAL, "weight", out, in);
        Sample.Input bias = Sample.Input.of(Domain.REAL, "bias", out);
        int terms = Math.max(rows, Math.max(in, out));
        return new Sample(rows + " rows, " + in + " to " + out, values -> linear(values, biased),
                biased ? List.of(x, weight, bias) : List.of(x, weight), ofTerms(in + 1), ofTerms(terms), false);
    }

    private static Tensor linear(List<Tensor> values, boolean biased) {
        return values.get(0).linear(values.get(1), biased ? values.get(2) : null);
    }
}
