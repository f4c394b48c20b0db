package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Matrix products of many sizes, with operands plain and transposed, against loops in double precision. */
final class MatmulChecks {
    private final Device device;

    MatmulChecks(Device device) {
        this.device = device;
    }

    /** All products of matrices with these numbers of rows, columns and terms. */
    void checkSizes(List<Integer> sizes) {
        for (int m : sizes) {
            for (int n : sizes) {
                for (int k : sizes) {
                    check(m, n, k, false, false);
                    check(m, n, k, true, false);
                    check(m, n, k, false, true);
                    check(m, n, k, true, true);
                }
            }
        }
    }

    /** The product of an m×k matrix by a k×n matrix, each stored as it is or transposed. */
    void check(int m, int n, int k, boolean leftTransposed, boolean rightTransposed) {
        double[] a = Domain.REAL.draw(m * k, "left" + m + k);
        double[] b = Domain.REAL.draw(k * n, "right" + n + k);
        double[] start = Domain.REAL.draw(m * n, "start" + m + n);
        try (var _ = MemoryScope.open("of a product"); var _ = device.use()) {
            Tensor left = matrix(a, m, k, leftTransposed);
            Tensor right = matrix(b, k, n, rightTransposed);
            String what = "matmul " + m + "x" + k + (leftTransposed ? "ᵀ" : "") + " by " + k + "x" + n
                    + (rightTransposed ? "ᵀ" : "");
            Tensor c = Tensor.full(device, DType.FLOAT32, Shape.of(m, n), Double.NaN);
            device.backend().matmul(left.view(), right.view(), c.view(), false);
            hold(what, c, a, b, new double[m * n], n, k);
            Tensor sum = matrix(start, m, n, false);
            device.backend().matmul(left.view(), right.view(), sum.view(), true);
            hold(what + ", added", sum, a, b, start, n, k);
        }
    }

    private static Tensor matrix(double[] values, int rows, int columns, boolean transposed) {
        Sample.Input input = new Sample.Input(DType.FLOAT32, Shape.of(rows, columns), values);
        Layout layout = transposed ? Layout.TRANSPOSED : Layout.DENSE;
        return input.tensor(DType.FLOAT32, layout);
    }

    private static void hold(String what, Tensor got, double[] a, double[] b, double[] start, int n, int k) {
        double[] want = start.clone();
        double[] magnitudes = Numbers.magnitudes(start);
        for (int i = 0; i < want.length; i++) {
            int row = i / n * k;
            for (int t = 0; t < k; t++) {
                double product = a[row + t] * b[t * n + i % n];
                want[i] += product;
                magnitudes[i] += Math.abs(product);
            }
        }
        ProductCases.ofTerms(k + 1).check(what, got.toDoubleArray(), want, magnitudes, DType.FLOAT32);
    }

    /** Batches: repeated, strided as the heads of attention are, sliced. */
    void checkBatches(int scale) {
        int rows = 3 * scale + 1;
        int terms = 5 * scale;
        int columns = 2 * scale + 3;
        Stream.of(new int[][] {{4, rows, terms}, {4, terms, columns}},
                new int[][] {{2, 1, rows, terms}, {3, terms, columns}},
                new int[][] {{rows, terms}, {3, terms, columns}}, new int[][] {{3, rows, terms}, {terms, columns}},
                new int[][] {{33, 2, terms}, {33, terms, 2}}, new int[][] {{0, rows, terms}, {0, terms, columns}})
                .forEach(pair -> {
                    Sample sample = new Sample("batches " + Arrays.deepToString(pair),
                            values -> values.get(0).matmul(values.get(1)),
                            List.of(Sample.Input.of(Domain.REAL, "a", pair[0]),
                                    Sample.Input.of(Domain.REAL, "b", pair[1])),
                            ProductCases.ofTerms(terms), ProductCases.ofTerms(33 * (rows + columns)), false);
                    checkAsReference(sample);
                });
        Sample heads = new Sample("heads", values -> {
            Tensor q = values.get(0).permute(0, 2, 1, 3);
            return q.matmul(values.get(1).permute(0, 2, 3, 1)).matmul(q);
        }, List.of(Sample.Input.of(Domain.UNIT, "q", 2, rows, 3, 8), Sample.Input.of(Domain.UNIT, "k", 2, rows, 3, 8)),
                ProductCases.ofTerms(8 * rows), ProductCases.ofTerms(32 * rows), false);
        checkAsReference(heads);
    }

    private void checkAsReference(Sample sample) {
        new OpChecks(device).check(OpCase.of("MatMul", "batches", _ -> Stream.of(sample)), Grid.SMALL);
    }
}
