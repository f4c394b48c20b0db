package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rows around every length at which another kernel takes over, forward and backward, against float64 on the processor;
 * and the same bits wherever a row lies, although kernels read aligned ones 16 bytes at a time.
 */
@Tag("software-device")
final class CudaRowsTest {
    private static final int ROWS = 9;

    @ParameterizedTest
    @ValueSource(ints = {15, 16, 17, 63, 64, 65, 128, 129, 256, 257, 510, 512, 513, 1023, 1024, 1025, 8192, 8193})
    void takesRowsOfLength(int n) {
        int[] labels = new int[ROWS];
        Arrays.setAll(labels, i -> i == 3 ? -100 : i * 5 % n);
        labels[ROWS - 1] = n - 1;
        check("softmax", n, x -> x.softmax(1));
        check("log softmax", n, x -> x.logSoftmax(1));
        check("layer norm", n, x -> x.layerNorm(new int[] {n}, null, null, 1e-5));
        check("cross entropy", n, x -> x.crossEntropy(Tensor.of(labels), -100, 0));
        check("cross entropy, smooth", n, x -> x.crossEntropy(Tensor.of(labels), -100, 0.2));
        labels[3] = n / 2;
        check("softmax margin", n, x -> x.softmaxMargin(Tensor.of(labels), 0.5));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 15, 16, 17, 31, 33, 1023, 1024, 1031})
    void takesColumnsOfLength(int n) {
        for (int inner : new int[] {2, 7, 33}) {
            check("softmax", n * inner, x -> x.reshape(ROWS, n, inner).softmax(1));
            check("log softmax", n * inner, x -> x.reshape(ROWS, n, inner).logSoftmax(1));
        }
    }

    private record Outcome(Tensor y, Tensor dx) {}

    private static void check(String name, int n, UnaryOperator<Tensor> function) {
        SplittableRandom random = new SplittableRandom(n);
        float[] values = new float[ROWS * n];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-3, 3);
        }
        Device card = Cuda.device();
        try (var _ = MemoryScope.open("of rows")) {
            Outcome want = outcome(Cuda.cpu(), DType.FLOAT64, values, n, 0, function);
            Outcome got = outcome(card, DType.FLOAT32, values, n, 0, function);
            compare(name + " of " + n, got.y, want.y);
            compare(name + " of " + n + ", gradient", got.dx, want.dx);
            Outcome moved = outcome(card, DType.FLOAT32, values, n, 1, function);
            assertThat(moved.y.toArray()).as("%s of %d, not aligned", name, n).isEqualTo(got.y.toArray());
            assertThat(moved.dx.toArray()).as("%s of %d, not aligned, gradient", name, n).isEqualTo(got.dx.toArray());
        }
    }

    /** With every row so many elements off a multiple of 16 bytes, or wherever rows of that length lie densely. */
    private static Outcome outcome(
            Device device, DType dtype, float[] values, int n, int offset, UnaryOperator<Tensor> function) {
        try (var _ = device.use()) {
            int length = offset == 0 ? n : n + 4 - n % 4 + offset;
            float[] base = new float[ROWS * length];
            for (int i = 0; i < values.length; i++) {
                base[i / n * length + offset + i % n] = values[i];
            }
            Tensor x = Tensor.of(base).to(dtype).reshape(ROWS, length).slice(1, offset, offset + n).detach()
                    .requireGrad();
            Tensor y = function.apply(x);
            float[] dy = new float[Math.toIntExact(y.size())];
            for (int i = 0; i < dy.length; i++) {
                dy[i] = (i * 7 % 13 - 4) * 0.125f;
            }
            y.backward(Tensor.of(dy).to(dtype).reshape(y.shape().toArray()));
            return new Outcome(y.detach(), x.grad());
        }
    }

    private static void compare(String what, Tensor got, Tensor want) {
        double[] elements = got.to(DType.FLOAT32).toDoubleArray();
        double[] expected = want.toDoubleArray();
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        assertThat(elements).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < elements.length; i++) {
            assertThat(Math.abs(elements[i] - expected[i])).as("%s, element %d: %s, expected %s", what, i, elements[i],
                    expected[i]).isLessThanOrEqualTo(4e-6 * largest);
        }
    }
}
