package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuCrossEntropyTest {
    private static final int IGNORED = -100;

    private final CpuBackend backend = Tensors.backend(2);

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "5, 10, 0", "5, 10, 0.1", "40, 33, 0.3", "70, 1000, 0", "70, 1000, 0.2"})
    void lossAndGradientAreThoseOfTheFormula(int n, int classes, double smoothing) {
        View dense = Tensors.random(n, n, classes);
        int[] labels = new Random(n).ints(n, 0, classes).toArray();
        labels[n / 2] = n > 1 ? IGNORED : labels[n / 2];
        View target = Tensors.ints(labels);
        for (View x : List.of(dense, Tensors.transposed(dense), Tensors.scattered(dense))) {
            View lse = Tensors.empty(DType.FLOAT32, Shape.of(n));
            View loss = Tensors.scattered(Tensors.empty(DType.FLOAT32, Shape.of(n)));
            View dloss = Tensors.random(3, n);
            View dx = Tensors.empty(DType.FLOAT32, x.shape());
            backend.crossEntropy(x, target, IGNORED, smoothing, lse, loss);
            backend.crossEntropyBackward(x, target, IGNORED, smoothing, lse, dloss, dx);
            double[] in = Tensors.values(x);
            double[] gradient = Tensors.values(dx);
            for (int i = 0; i < n; i++) {
                checkRow(in, gradient, i, classes, labels[i], smoothing, Tensors.values(loss)[i],
                        Tensors.values(dloss)[i]);
            }
        }
    }

    private static void checkRow(double[] in, double[] gradient, int row, int classes, int label, double smoothing,
            double loss, double dloss) {
        double sum = 0;
        double total = 0;
        for (int c = 0; c < classes; c++) {
            sum += Math.exp(in[row * classes + c]);
            total += in[row * classes + c];
        }
        boolean ignored = label == IGNORED;
        double expected = ignored
                ? 0
                : Math.log(sum) - (1 - smoothing) * in[row * classes + label] - smoothing / classes * total;
        assertThat(loss).isCloseTo(expected, within(2e-6 * (1 + Math.abs(expected))));
        for (int c = 0; c < classes; c++) {
            double p = Math.exp(in[row * classes + c]) / sum;
            double slope = (p - smoothing / classes - (c == label ? 1 - smoothing : 0)) * dloss;
            if (Math.abs(gradient[row * classes + c] - (ignored ? 0 : slope)) > 2e-6) {
                assertThat(gradient[row * classes + c]).isEqualTo(ignored ? 0 : slope);
            }
        }
    }

    @Test
    void aConfidentPredictionHasALossAboveZero() {
        View x = Tensors.floats(Shape.of(1, 2), 16, 0);
        View loss = Tensors.empty(DType.FLOAT32, Shape.of(1));
        backend.crossEntropy(x, Tensors.ints(0), IGNORED, 0, Tensors.empty(DType.FLOAT32, Shape.of(1)), loss);
        assertThat(Tensors.values(loss)[0]).isCloseTo(Math.log1p(Math.exp(-16)), within(6e-8));
    }

    @Test
    void badLabelsAreNamed() {
        View x = Tensors.random(1, 3, 4);
        View lse = Tensors.empty(DType.FLOAT32, Shape.of(3));
        View target = Tensors.ints(0, IGNORED, 4);
        assertThatThrownBy(() -> backend.crossEntropy(x, target, IGNORED, 0, lse, lse))
                .isInstanceOf(IndexRangeException.class)
                .hasMessage("crossEntropy: index 4 at element 2 out of range; expected 0..3");
        assertThatThrownBy(() -> backend.crossEntropyBackward(x, Tensors.ints(-1, 0, 0), 7, 0, lse, lse, x))
                .isInstanceOf(IndexRangeException.class)
                .hasMessageContaining("index -1 at element 0");
    }
}
