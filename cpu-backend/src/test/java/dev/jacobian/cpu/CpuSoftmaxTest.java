package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuSoftmaxTest {
    private final CpuBackend backend = Tensors.backend(2);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 15, 16, 17, 127, 1000, 5000})
    void sumsToOneAlongTheLastAxis(int n) {
        check(Tensors.random(n, 7, n), 1);
        check(Tensors.transposed(Tensors.random(n, 7, n)), 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 16, 31, 300})
    void sumsToOneAlongOtherAxes(int inner) {
        check(Tensors.random(inner, 4, 9, inner), 1);
        check(Tensors.scattered(Tensors.random(inner, 4, 9, inner)), 1);
        check(Tensors.random(inner, 120, inner), 0);
    }

    private void check(View x, int axis) {
        View y = Tensors.empty(DType.FLOAT32, x.shape());
        View log = Tensors.empty(DType.FLOAT32, x.shape());
        View dy = Tensors.scattered(Tensors.random(77, x.shape().toArray()));
        View dx = Tensors.empty(DType.FLOAT32, x.shape());
        View dlog = Tensors.empty(DType.FLOAT32, x.shape());
        backend.softmax(x, axis, y);
        backend.logSoftmax(x, axis, log);
        backend.softmaxBackward(y, dy, axis, dx);
        backend.logSoftmaxBackward(log, dy, axis, dlog);
        int n = x.dim(axis);
        int inner = 1;
        for (int i = axis + 1; i < x.rank(); i++) {
            inner *= x.dim(i);
        }
        double[] in = Tensors.values(x);
        double[] gradient = Tensors.values(dy);
        for (int start = 0; start < in.length; start++) {
            if (start / inner % n == 0) {
                checkOne(n, inner, start, in, gradient, y, log, dx, dlog);
            }
        }
    }

    private static void checkOne(
            int n, int inner, int start, double[] in, double[] gradient, View y, View log, View dx, View dlog) {
        double sum = 0;
        double gradients = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp(in[start + i * inner]);
            gradients += gradient[start + i * inner];
        }
        double dot = 0;
        for (int i = 0; i < n; i++) {
            dot += gradient[start + i * inner] * Math.exp(in[start + i * inner]) / sum;
        }
        for (int i = 0; i < n; i++) {
            int at = start + i * inner;
            double expected = Math.exp(in[at]) / sum;
            near(Tensors.values(y.as(Shape.of(1), new long[] {1}, at))[0], expected, 1e-6 * expected);
            near(Tensors.values(log.as(Shape.of(1), new long[] {1}, at))[0], Math.log(expected), 3e-6);
            near(Tensors.values(dx.as(Shape.of(1), new long[] {1}, at))[0], expected * (gradient[at] - dot), 3e-6);
            near(
                    Tensors.values(dlog.as(Shape.of(1), new long[] {1}, at))[0],
                    gradient[at] - expected * gradients,
                    2e-5);
        }
    }

    private static void near(double got, double expected, double tolerance) {
        if (!(Math.abs(got - expected) <= tolerance)) {
            assertThat(got).isCloseTo(expected, within(tolerance));
        }
    }

    @Test
    void infinitiesAndNanFollowTheFormula() {
        double infinite = Double.NEGATIVE_INFINITY;
        View x = Tensors.floats(
                Shape.of(4, 3), 1, infinite, 1, infinite, infinite, infinite, 1, Double.NaN, 2, -infinite, 0, 0);
        for (int axis = 0; axis < 2; axis++) {
            View in = axis == 1 ? x : x.permute(1, 0);
            View y = Tensors.empty(DType.FLOAT32, in.shape());
            View log = Tensors.empty(DType.FLOAT32, in.shape());
            backend.softmax(in, axis, y);
            backend.logSoftmax(in, axis, log);
            View rows = axis == 1 ? y : y.permute(1, 0);
            View logRows = axis == 1 ? log : log.permute(1, 0);
            assertThat(Tensors.values(rows)).startsWith(0.5, 0, 0.5);
            assertThat(Tensors.values(logRows)[1]).isEqualTo(infinite);
            List<double[]> both = List.of(Tensors.values(rows), Tensors.values(logRows));
            for (double[] values : both) {
                for (int i = 3; i < 9; i++) {
                    assertThat(values[i]).isNaN();
                }
                assertThat(values[9]).isNaN();
            }
        }
    }

    /** Columns are read some rows at a time: here the first ones hold nothing but −∞, and other specials come later. */
    @Test
    void specialsOfLongColumnsFollowTheFormula() {
        double[][] ends = {{0, 0}, {Double.POSITIVE_INFINITY, 0}, {Double.NaN, 0}, {3e38, 3e38}};
        int rows = 50;
        double[] values = new double[rows * ends.length];
        Arrays.fill(values, Double.NEGATIVE_INFINITY);
        for (int column = 0; column < ends.length; column++) {
            values[40 * ends.length + column] = ends[column][0];
            values[49 * ends.length + column] = ends[column][1];
        }
        View x = Tensors.floats(Shape.of(rows, ends.length), values);
        View y = Tensors.empty(DType.FLOAT32, x.shape());
        View log = Tensors.empty(DType.FLOAT32, x.shape());
        backend.softmax(x, 0, y);
        backend.logSoftmax(x, 0, log);
        for (int i = 0; i < rows; i++) {
            double[] likely = Arrays.copyOfRange(Tensors.values(y), i * ends.length, (i + 1) * ends.length);
            double[] logs = Arrays.copyOfRange(Tensors.values(log), i * ends.length, (i + 1) * ends.length);
            boolean finite = i == 40 || i == 49;
            for (int column : new int[] {0, 3}) {
                assertThat(likely[column]).isEqualTo(finite ? 0.5 : 0);
                assertThat(logs[column]).isCloseTo(finite ? -Math.log(2) : Double.NEGATIVE_INFINITY, within(1e-7));
            }
            for (int column : new int[] {1, 2}) {
                assertThat(likely[column]).isNaN();
                assertThat(logs[column]).isNaN();
            }
        }
    }

    @Test
    void largeLogitsDoNotOverflow() {
        View x = Tensors.floats(Shape.of(1, 3), 3e38, 3e38, -3e38);
        View y = Tensors.empty(DType.FLOAT32, x.shape());
        backend.softmax(x, 1, y);
        assertThat(Tensors.values(y)).containsExactly(0.5, 0.5, 0);
    }

    @Test
    void emptyInputsAreFine() {
        View x = Tensors.empty(DType.FLOAT32, Shape.of(0, 3));
        backend.softmax(x, 1, x);
        backend.softmax(x, 0, x);
    }
}
