package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What lies around the views stays, and every element in them is written, whatever their sizes. */
class CpuMaxPool2dTest {
    private static final int MARGIN = 40;

    private final CpuBackend backend = Tensors.backend(2);

    private static View between(DType dtype, int... dims) {
        Shape shape = Shape.of(dims);
        View whole = Tensors.empty(dtype, Shape.of(Math.toIntExact(shape.size()) + 2 * MARGIN));
        Tensors.set(whole, Arrays.stream(new double[Math.toIntExact(whole.size())]).map(_ -> 77).toArray());
        return whole.as(shape, shape.strides(), MARGIN);
    }

    private static void assertMarginsUntouched(View view) {
        int size = Math.toIntExact(((HostBuffer) view.buffer()).segment().byteSize() / view.dtype().bytes());
        double[] all = Tensors.values(view.as(Shape.of(size), new long[] {1}, 0));
        for (int i = 0; i < MARGIN; i++) {
            assertThat(all[i]).isEqualTo(77);
            assertThat(all[all.length - 1 - i]).isEqualTo(77);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 2, 2, 2", "1, 2, 3, 2", "3, 4, 2, 2", "1, 28, 28, 2", "50, 28, 28, 2", "7, 9, 33, 2",
            "5, 14, 15, 2",
            "2, 7, 65, 2", "1, 66, 130, 2", "90, 14, 14, 2", "3, 9, 40, 3", "4, 17, 17, 3", "2, 40, 41, 5"})
    void findsTheFirstOfTheLargest(int planes, int height, int width, int kernel) {
        Window2d window = Window2d.of(kernel, kernel).stride(2, 2).padding(kernel / 3, kernel / 3);
        int down = window.outputHeight(height);
        int across = window.outputWidth(width);
        View x = between(DType.FLOAT32, planes, 1, height, width);
        View y = between(DType.FLOAT32, planes, 1, down, across);
        View index = between(DType.INT32, planes, 1, down, across);
        View dy = between(DType.FLOAT32, planes, 1, down, across);
        View dx = between(DType.FLOAT32, planes, 1, height, width);
        double[] drawn = Tensors.values(Tensors.random(planes, Math.toIntExact(x.size())));
        // Many equals, and here and there what is not a number.
        double[] values = Arrays.stream(drawn).map(v -> v > 2.95 ? Double.NaN : Math.rint(v)).toArray();
        Tensors.set(x, values);
        Tensors.set(dy, Tensors.values(Tensors.random(9, Math.toIntExact(y.size()))));
        backend.maxPool2d(x, window, y, index);
        backend.maxPool2dBackward(dy, index, window, dx);
        double[] gradients = Tensors.values(dy);
        double[] places = Tensors.values(index);
        double[] maxima = Tensors.values(y);
        double[] expected = new double[values.length];
        for (int i = 0; i < y.size(); i++) {
            int plane = i / (down * across) * height * width;
            int best = -1;
            for (int tap = 0; tap < kernel * kernel; tap++) {
                int row = i / across % down * 2 - window.paddingH() + tap / kernel;
                int column = i % across * 2 - window.paddingW() + tap % kernel;
                if (row >= 0 && row < height && column >= 0 && column < width) {
                    int next = row * width + column;
                    double was = best < 0 ? 0 : values[plane + best];
                    boolean larger = values[plane + next] > was
                            || (Double.isNaN(values[plane + next]) && !Double.isNaN(was));
                    best = best < 0 || larger ? next : best;
                }
            }
            assertThat(places[i]).as("index %d", i).isEqualTo(best);
            assertThat(maxima[i]).isEqualTo((Double) values[plane + best]);
            expected[plane + best] = (float) (expected[plane + best] + gradients[i]);
        }
        assertThat(Tensors.values(dx)).isEqualTo(expected);
        for (View view : new View[] {x, y, index, dy, dx}) {
            assertMarginsUntouched(view);
        }
    }
}
