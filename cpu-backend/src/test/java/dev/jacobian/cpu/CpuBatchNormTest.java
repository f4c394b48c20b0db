package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuBatchNormTest {
    private static final double EPSILON = 1e-5;

    private final CpuBackend backend = Tensors.backend(2);

    @ParameterizedTest
    @CsvSource({"2, 1, 1", "7, 5, 1", "300, 40, 1", "3000, 300, 1", "3, 4, 9", "2, 3, 5000", "50, 7, 49"})
    void isThatOfTheFormula(int n, int channels, int inner) {
        Shape shape = inner == 1 ? Shape.of(n, channels) : Shape.of(n, channels, inner);
        View x = Tensors.random(1, shape.toArray());
        View dy = Tensors.random(2, shape.toArray());
        View weight = Tensors.random(3, channels);
        View bias = Tensors.random(4, channels);
        View mean = Tensors.empty(DType.FLOAT32, Shape.of(channels));
        View variance = Tensors.empty(DType.FLOAT32, Shape.of(channels));
        View y = Tensors.empty(DType.FLOAT32, shape);
        View dx = Tensors.empty(DType.FLOAT32, shape);
        View dweight = Tensors.empty(DType.FLOAT32, Shape.of(channels));
        View dbias = Tensors.empty(DType.FLOAT32, Shape.of(channels));
        backend.batchNorm(x, weight, bias, EPSILON, Activation.NONE, mean, variance, y);
        double[] in = Tensors.values(x);
        double[] slope = Tensors.values(dy);
        double[] out = Tensors.values(y);
        for (View gradient : new View[] {dy, Tensors.transposed(dy)}) {
            backend.batchNormBackward(x, weight, mean, variance, EPSILON, Activation.NONE, null, gradient, dx, dweight,
                    dbias);
            double[] dIn = Tensors.values(dx);
            double count = (double) n * inner;
            for (int c = 0; c < channels; c++) {
                double m = 0;
                double squares = 0;
                double sum = 0;
                double product = 0;
                for (int i = c * inner; i < in.length; i = next(i, channels, inner)) {
                    m += in[i] / count;
                }
                for (int i = c * inner; i < in.length; i = next(i, channels, inner)) {
                    squares += (in[i] - m) * (in[i] - m);
                    sum += slope[i];
                    product += slope[i] * (in[i] - m);
                }
                double rstd = 1 / Math.sqrt(squares / count + EPSILON);
                double w = Tensors.values(weight)[c];
                double b = Tensors.values(bias)[c];
                near(Tensors.values(mean)[c], m, 1e-6);
                near(Tensors.values(variance)[c], squares / count, 2e-6);
                near(Tensors.values(dbias)[c], sum, 1e-6 * count);
                near(Tensors.values(dweight)[c], product * rstd, 1e-6 * count);
                for (int i = c * inner; i < in.length; i = next(i, channels, inner)) {
                    double hat = (in[i] - m) * rstd;
                    near(out[i], hat * w + b, 1e-5);
                    near(dIn[i], w * rstd * (slope[i] - sum / count - hat * product * rstd / count), 2e-5 * rstd);
                }
            }
        }
    }

    /** The next element of the same channel. */
    private static int next(int i, int channels, int inner) {
        return (i + 1) % inner == 0 ? i + 1 + (channels - 1) * inner : i + 1;
    }

    private static void near(double got, double expected, double tolerance) {
        if (!(Math.abs(got - expected) <= tolerance)) {
            assertThat(got).isCloseTo(expected, within(tolerance));
        }
    }

    @Test
    void aLargeMeanCostsTheVarianceNoDigits() {
        for (int inner : new int[] {1, 64}) {
            Shape shape = inner == 1 ? Shape.of(1000, 2) : Shape.of(1000, 2, inner);
            double[] values = new double[(int) shape.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = 10_000 + (i / 2 % 2 == 0 ? 0.125 : -0.125);
            }
            View x = Tensors.floats(shape, values);
            View one = Tensors.floats(Shape.of(2), 1, 1);
            View mean = Tensors.empty(DType.FLOAT32, Shape.of(2));
            View variance = Tensors.empty(DType.FLOAT32, Shape.of(2));
            backend.batchNorm(x, one, one, 0, Activation.NONE, mean, variance, Tensors.empty(DType.FLOAT32, shape));
            assertThat(Tensors.values(mean)).containsExactly(10_000, 10_000);
            assertThat(Tensors.values(variance)).containsExactly(0.015625, 0.015625);
        }
    }

    /** The same bits as with a pass of its own, for dense gradients and others. */
    @ParameterizedTest
    @CsvSource({"7, 5, 1", "3000, 30, 1", "3, 4, 9", "2, 3, 5000"})
    void reluInTheSameCallChangesNothing(int n, int channels, int inner) {
        Shape shape = inner == 1 ? Shape.of(n, channels) : Shape.of(n, channels, inner);
        View x = Tensors.random(1, shape.toArray());
        View weight = Tensors.random(2, channels);
        View bias = Tensors.random(3, channels);
        View mean = Tensors.floats(Shape.of(channels));
        View variance = Tensors.floats(Shape.of(channels));
        View[] ys = {Tensors.empty(DType.FLOAT32, shape), Tensors.empty(DType.FLOAT32, shape)};
        backend.batchNorm(x, weight, bias, EPSILON, Activation.NONE, mean, variance, ys[0]);
        backend.unary(UnaryOp.RELU, ys[0], ys[0]);
        backend.batchNorm(x, weight, bias, EPSILON, Activation.RELU, mean, variance, ys[1]);
        assertThat(Tensors.values(ys[1])).containsExactly(Tensors.values(ys[0])).contains(0);
        View dy = Tensors.random(4, shape.toArray());
        for (View gradient : new View[] {dy, Tensors.transposed(dy)}) {
            View masked = Tensors.empty(DType.FLOAT32, shape);
            backend.binary(BinaryOp.RELU_GRAD, gradient, ys[0], masked);
            View[] dxs = {Tensors.empty(DType.FLOAT32, shape), Tensors.empty(DType.FLOAT32, shape)};
            View[] sums = new View[4];
            Arrays.setAll(sums, _ -> Tensors.floats(Shape.of(channels)));
            backend.batchNormBackward(x, weight, mean, variance, EPSILON, Activation.NONE, null, masked, dxs[0],
                    sums[0], sums[1]);
            backend.batchNormBackward(x, weight, mean, variance, EPSILON, Activation.RELU, ys[1], gradient, dxs[1],
                    sums[2], sums[3]);
            assertThat(Tensors.values(dxs[1])).containsExactly(Tensors.values(dxs[0]));
            assertThat(Tensors.values(sums[2])).containsExactly(Tensors.values(sums[0]));
            assertThat(Tensors.values(sums[3])).containsExactly(Tensors.values(sums[1]));
        }
    }
}
