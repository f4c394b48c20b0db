package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bias and activation of more rows than a block takes, in place, and of none. */
@Tag("software-device")
final class CudaBiasActivationTest {
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 7", "3000, 3", "700, 40", "64, 33", "65, 32", "1, 1000"})
    void addsAndSums(int rows, int n) {
        Device card = Cuda.device();
        BiasActivationKernel kernel = card.backend().kernel(BiasActivationKernel.class, DType.FLOAT32);
        for (Activation activation : Activation.values()) {
            try (var _ = MemoryScope.open("of a layer"); var _ = card.use()) {
                float[] values = values(rows * n, 0.37);
                float[] biases = values(n, 0.11);
                Tensor x = Tensor.of(values).reshape(rows, n);
                kernel.biasActivation(x.view(), Tensor.of(biases).view(), activation, x.view());
                float[] y = x.toArray();
                for (int i = 0; i < y.length; i++) {
                    assertThat((double) y[i]).as("%s, %d x %d, element %d", activation, rows, n, i)
                            .isCloseTo(apply(activation, values[i] + biases[i % n]), within(1e-6));
                }
                backward(kernel, activation, x, y);
            }
        }
    }

    private static void backward(BiasActivationKernel kernel, Activation activation, Tensor result, float[] y) {
        int n = result.dim(1);
        float[] gradients = values(y.length, 0.53);
        double[] sums = new double[n];
        double[] want = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            want[i] = gradients[i] * derivative(activation, y[i]);
            sums[i % n] += want[i];
        }
        Tensor dy = Tensor.of(gradients).reshape(result.dim(0), n);
        Tensor dbias = Tensor.full(result.device(), DType.FLOAT32, Shape.of(n), 7);
        kernel.biasActivationBackward(activation == Activation.NONE ? null : result.view(), dy.view(), activation,
                dy.view(), dbias.view());
        float[] dx = dy.toArray();
        for (int i = 0; i < dx.length; i++) {
            assertThat((double) dx[i]).as("%s, dx, element %d", activation, i).isCloseTo(want[i], within(1e-6));
        }
        float[] db = dbias.toArray();
        for (int i = 0; i < n; i++) {
            assertThat((double) db[i]).as("%s, dbias, element %d of %d", activation, i, n).isCloseTo(sums[i],
                    within(1e-6 * Math.max(10, y.length / n)));
        }
    }

    @Test
    void sumsNoRowsToZero() {
        Device card = Cuda.device();
        BiasActivationKernel kernel = card.backend().kernel(BiasActivationKernel.class, DType.FLOAT32);
        try (var _ = MemoryScope.open("of a layer"); var _ = card.use()) {
            Tensor none = Tensor.empty(card, DType.FLOAT32, Shape.of(0, 5));
            Tensor dbias = Tensor.full(card, DType.FLOAT32, Shape.of(5), 7);
            kernel.biasActivationBackward(none.view(), none.view(), Activation.RELU, none.view(), dbias.view());
            assertThat(dbias.toArray()).containsOnly(0);
        }
    }

    private static float[] values(int count, double step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (Math.sin(step * i) * 2);
        }
        return values;
    }

    private static double apply(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> Math.max(0, x);
            case TANH -> Math.tanh(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
        };
    }

    private static double derivative(Activation activation, double y) {
        return switch (activation) {
            case NONE -> 1;
            case RELU -> y > 0 ? 1 : 0;
            case TANH -> 1 - y * y;
            case SIGMOID -> y * (1 - y);
        };
    }
}
