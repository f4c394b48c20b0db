package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Window2d;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Convolutions of every tile, with several slices of the gradient by weight, and with every kind of remainder by the
 * stride, against float64 on the processor; and the same bits for operands that do not begin at a multiple of 16 bytes.
 */
@Tag("software-device")
final class CudaConv2dTest {
    record Case(int n, int channels, int height, int width, int filters, int groups, Window2d window) {
        double terms() {
            int weights = window.kernelH() * window.kernelW() * Math.max(channels, filters);
            return Math.max(weights, (double) n * height * width);
        }
    }

    static Stream<Case> cases() {
        Window2d three = Window2d.of(3, 3);
        Window2d padded = three.padding(1, 1);
        return Stream.of(new Case(6, 66, 14, 14, 67, 1, padded), // the large tile: at least 8 of 128 by 128
                new Case(6, 36, 14, 14, 40, 1, padded), // the middle one: up to 64 rows
                new Case(2, 40, 7, 9, 70, 1, padded), // the small one, for want of blocks
                new Case(5, 3, 21, 30, 5, 1, padded), // the small one, for want of rows
                new Case(3, 20, 9, 9, 44, 2, padded),
                new Case(2, 3, 13, 14, 5, 1, three.stride(2, 3).padding(2, 1)),
                new Case(2, 3, 13, 14, 5, 1, three.stride(4, 2).dilation(2, 4).padding(2, 3)),
                new Case(2, 3, 17, 19, 5, 1, new Window2d(3, 2, 6, 4, 3, 1, 4, 6)),
                new Case(2, 3, 8, 8, 5, 1, Window2d.of(2, 2).stride(4, 4)),
                new Case(2, 8, 12, 11, 16, 4, three.stride(2, 1).padding(1, 2)), // direct
                new Case(2, 9, 6, 10, 7, 1, Window2d.of(1, 1)), // products
                new Case(2, 9, 6, 10, 7, 1, Window2d.of(1, 1).stride(2, 2)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void convolves(Case of) {
        for (boolean biased : new boolean[] {false, true}) {
            try (var _ = MemoryScope.open("of a convolution")) {
                List<Tensor> want = outcome(Cuda.cpu(), DType.FLOAT64, of, biased, 0);
                List<Tensor> got = outcome(Cuda.device(), DType.FLOAT32, of, biased, 0);
                List<Tensor> moved = outcome(Cuda.device(), DType.FLOAT32, of, biased, 1);
                for (int i = 0; i < want.size(); i++) {
                    String what = List.of("y", "dx", "dweight").get(i) + (biased ? ", bias" : "");
                    close(what, got.get(i).toDoubleArray(), want.get(i).toDoubleArray(), 4e-6 * Math.sqrt(of.terms()));
                    assertThat(moved.get(i).toArray()).as(what).isEqualTo(got.get(i).toArray());
                }
            }
        }
    }

    /** Results that do not begin at a multiple of 16 bytes have the same bits, and nothing around them is written. */
    @Test
    void writesAnywhere() {
        Conv2dKernel kernel = (Conv2dKernel) Cuda.device().backend();
        SplittableRandom random = new SplittableRandom(5);
        Window2d window = Window2d.of(3, 3).padding(1, 1);
        try (Twin x = Twin.dense(random, DType.FLOAT32, 2, 3, 6, 8);
                Twin weight = Twin.dense(random, DType.FLOAT32, 5, 3, 3, 3);
                Twin aligned = Twin.dense(random, DType.FLOAT32, 2, 5, 6, 8);
                Twin moved = Twin.permuted(random, DType.FLOAT32, new int[] {2, 5, 6, 8}, new int[] {0, 1, 2, 3}, 0,
                        1)) {
            float[] before = moved.floats();
            kernel.conv2d(x.view, weight.view, null, window, 1, aligned.view);
            kernel.conv2d(x.view, weight.view, null, window, 1, moved.view);
            float[] want = before.clone();
            System.arraycopy(aligned.floats(), 0, want, 1, 480);
            assertThat(moved.floats()).isEqualTo(want).isNotEqualTo(before);
        }
    }

    private static void close(String what, double[] got, double[] want, double tolerance) {
        assertThat(got).as(what).hasSameSizeAs(want);
        for (int i = 0; i < got.length; i++) {
            double error = Math.abs(got[i] - want[i]);
            assertThat(error).as("%s, element %d: %s, expected %s", what, i, got[i], want[i])
                    .isLessThanOrEqualTo(tolerance);
        }
    }

    /** Result and gradients, of operands that begin so many elements inside of their memory. */
    private static List<Tensor> outcome(Device device, DType dtype, Case of, boolean biased, int offset) {
        Window2d window = of.window;
        int filterSize = of.channels / of.groups * window.kernelH() * window.kernelW();
        int positions = window.outputHeight(of.height) * window.outputWidth(of.width);
        try (var _ = device.use()) {
            Tensor x = draw(1, dtype, of.n * of.channels * of.height * of.width, offset)
                    .reshape(of.n, of.channels, of.height, of.width).detach().requireGrad();
            Tensor weight = draw(2, dtype, of.filters * filterSize, offset)
                    .reshape(of.filters, of.channels / of.groups, window.kernelH(), window.kernelW()).detach()
                    .requireGrad();
            Tensor y = x.conv2d(weight, biased ? draw(3, dtype, of.filters, offset) : null, window, of.groups);
            y.backward(draw(4, dtype, of.n * of.filters * positions, offset).reshape(y.shape().toArray()));
            return List.of(y, x.grad(), weight.grad());
        }
    }

    private static Tensor draw(int seed, DType dtype, int n, int offset) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n + offset];
        for (int i = 0; i < n; i++) {
            values[offset + i] = (float) random.nextDouble(-1, 1);
        }
        return Tensor.of(values).to(dtype).slice(0, offset, offset + n);
    }
}
