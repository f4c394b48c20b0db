package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuReduceTest {
    private final CpuBackend backend = Tensors.backend(2);

    @ParameterizedTest
    @EnumSource(ReduceOp.class)
    void reducesAnyAxesOfAnyLayout(ReduceOp op) {
        int[][] shapes = {{4, 5, 6}, {1, 70, 3}, {33, 2, 65}, {2, 9000, 5}, {3, 4, 40_000}, {700, 1, 300},
                {1100, 4, 30}};
        for (int[] shape : shapes) {
            View dense = Tensors.random(1, shape);
            for (View x : List.of(dense, Tensors.transposed(dense), Tensors.scattered(dense))) {
                for (int axes = 0; axes < 8; axes++) {
                    check(op, x, axes);
                }
            }
        }
        View repeated = Tensors.random(2, 40, 1, 50).expand(Shape.of(40, 30, 50));
        for (int axes = 0; axes < 8; axes++) {
            check(op, repeated, axes);
        }
    }

    private void check(ReduceOp op, View x, int axes) {
        Shape shape = x.shape();
        for (int axis = 0; axis < 3; axis++) {
            shape = (axes >> axis & 1) == 1 ? shape.with(axis, 1) : shape;
        }
        View out = Tensors.scattered(Tensors.empty(DType.FLOAT32, shape));
        backend.reduce(op, x, out);
        double[] expected = new double[Math.toIntExact(shape.size())];
        double[] magnitude = new double[expected.length];
        Arrays.fill(expected, op == ReduceOp.SUM ? 0 : Double.NaN);
        double[] values = Tensors.values(x);
        for (int i = 0; i < values.length; i++) {
            int rest = i;
            int place = 0;
            int step = 1;
            for (int axis = 2; axis >= 0; axis--) {
                place += rest % x.dim(axis) * (shape.dim(axis) == 1 ? 0 : step);
                rest /= x.dim(axis);
                step *= shape.dim(axis);
            }
            magnitude[place] += Math.abs(values[i]);
            expected[place] = Double.isNaN(expected[place])
                    ? values[i]
                    : CpuReduce.combine(op, expected[place], values[i]);
        }
        double[] result = Tensors.values(out);
        for (int i = 0; i < result.length; i++) {
            double tolerance = op == ReduceOp.SUM ? 4 * Math.ulp((float) magnitude[i]) : 0;
            if (Math.abs(result[i] - expected[i]) > tolerance) {
                assertThat(result[i]).as("%s of %s over axes %s", op, x.shape(), axes).isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void nothingGivesTheIdentity() {
        View x = Tensors.empty(DType.FLOAT32, Shape.of(0, 3));
        View out = Tensors.empty(DType.FLOAT32, Shape.of(1, 3));
        backend.reduce(ReduceOp.SUM, x, out);
        assertThat(Tensors.values(out)).containsOnly(0);
        backend.reduce(ReduceOp.MAX, x, out);
        assertThat(Tensors.values(out)).containsOnly(Double.NEGATIVE_INFINITY);
        backend.reduce(ReduceOp.MIN, x, out);
        assertThat(Tensors.values(out)).containsOnly(Double.POSITIVE_INFINITY);
        View ints = Tensors.empty(DType.INT32, Shape.of(1, 3));
        backend.reduce(ReduceOp.MAX, Tensors.empty(DType.INT32, Shape.of(0, 3)), ints);
        assertThat(Tensors.values(ints)).containsOnly(Integer.MIN_VALUE);
    }

    @Test
    void nanWinsAndInfinitiesStay() {
        double[] values = new double[200];
        values[77] = Double.NaN;
        values[5] = Double.POSITIVE_INFINITY;
        for (int rows : new int[] {1, 4, 200}) {
            View x = Tensors.floats(Shape.of(rows, 200 / rows), values);
            for (ReduceOp op : ReduceOp.values()) {
                for (int axis = 0; axis < 2; axis++) {
                    View out = Tensors.empty(DType.FLOAT32, x.shape().with(axis, 1));
                    backend.reduce(op, x, out);
                    int at = axis == 0 ? 77 % (200 / rows) : 77 / (200 / rows);
                    assertThat(Tensors.values(out)[at]).isNaN();
                }
            }
        }
    }

    @Test
    void otherTypesAreReducedToo() {
        View out = Tensors.empty(DType.INT32, Shape.of(1));
        backend.reduce(ReduceOp.SUM, Tensors.ints(Integer.MAX_VALUE, 1, 5), out);
        assertThat(Tensors.values(out)).containsExactly(Integer.MIN_VALUE + 5);
        View wide = Tensors.of(DType.FLOAT64, Shape.of(2, 2), 1e-17, 1, 0.5, 2);
        View sum = Tensors.empty(DType.FLOAT64, Shape.of(2, 1));
        backend.reduce(ReduceOp.SUM, wide, sum);
        assertThat(Tensors.values(sum)).containsExactly(1, 2.5);
    }

    @Test
    void argumentsAreTheFirstOfEquals() {
        View x = Tensors.floats(Shape.of(2, 5), 1, 3, 3, Double.NaN, Double.NaN, -2, 7, -2, 7, 0);
        View out = Tensors.empty(DType.INT32, Shape.of(2, 1));
        backend.argReduce(ReduceOp.MAX, x, 1, out);
        assertThat(Tensors.values(out)).containsExactly(3, 1);
        backend.argReduce(ReduceOp.MIN, x, 1, out);
        assertThat(Tensors.values(out)).containsExactly(3, 0);
        View columns = Tensors.empty(DType.INT32, Shape.of(1, 5));
        backend.argReduce(ReduceOp.MAX, Tensors.scattered(x), 0, columns);
        assertThat(Tensors.values(columns)).containsExactly(0, 1, 0, 0, 0);
    }
}
