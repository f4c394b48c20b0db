package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.testing.FusedBackend;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What is particular to how convolution cuts its work: bands, blocks of channels, remainders by strides, tails. */
class CpuConv2dTest {
    private static final CpuBackend BACKEND = Tensors.backend(2);
    private static final FusedBackend REFERENCE = new FusedBackend();
    private static final Window2d THREE = Window2d.of(3, 3);

    private record Case(Window2d window, int groups, View x, View weight, View bias, View dy) {
        static Case of(Window2d window, int groups, int filters, int... x) {
            View dy = Tensors.random(4, x[0], filters, window.outputHeight(x[2]), window.outputWidth(x[3]));
            return new Case(window, groups, Tensors.random(1, x),
                    Tensors.random(2, filters, x[1] / groups, window.kernelH(), window.kernelW()),
                    Tensors.random(3, filters), dy);
        }
    }

    /** A dense view in the midst of memory that is not to be touched. */
    private static View guarded(Shape shape) {
        View all = Tensors.empty(DType.FLOAT32, Shape.of(Math.toIntExact(shape.size() + 64)));
        Tensors.set(all, constant(all.size(), 77));
        return all.as(shape, shape.strides(), 32);
    }

    private static double[] constant(long n, double value) {
        double[] values = new double[Math.toIntExact(n)];
        Arrays.fill(values, value);
        return values;
    }

    private static void check(Case c) {
        for (View bias : new View[] {c.bias, null}) {
            View y = guarded(c.dy.shape());
            View expected = Tensors.empty(DType.FLOAT32, c.dy.shape());
            BACKEND.conv2d(c.x, c.weight, bias, c.window, c.groups, y);
            REFERENCE.conv2d(c.x, c.weight, bias, c.window, c.groups, expected);
            compare(y, expected, c.weight.size() / c.weight.dim(0));
        }
        View dx = guarded(c.x.shape());
        View expectedDx = Tensors.empty(DType.FLOAT32, c.x.shape());
        BACKEND.conv2dBackwardInput(c.dy, c.weight, c.window, c.groups, dx);
        REFERENCE.conv2dBackwardInput(c.dy, c.weight, c.window, c.groups, expectedDx);
        compare(dx, expectedDx, c.weight.size() / c.x.dim(1));
        View dweight = guarded(c.weight.shape());
        View expectedDweight = Tensors.empty(DType.FLOAT32, c.weight.shape());
        BACKEND.conv2dBackwardWeight(c.x, c.dy, c.window, c.groups, dweight);
        REFERENCE.conv2dBackwardWeight(c.x, c.dy, c.window, c.groups, expectedDweight);
        compare(dweight, expectedDweight, c.dy.size() / c.dy.dim(1));
    }

    /** Products are 2.25 in the mean; as for other products, each sum errs by √n units of their magnitudes' sum. */
    private static void compare(View got, View expected, long terms) {
        double[] values = Tensors.values(got);
        double[] wanted = Tensors.values(expected);
        double reach = 2.25 * terms * Math.ulp(1f) * (6 + 2 * Math.sqrt((double) terms));
        for (int i = 0; i < wanted.length; i++) {
            if (Double.isNaN(wanted[i])) {
                assertThat(values[i]).isNaN();
            } else {
                assertThat(values[i]).isCloseTo(wanted[i], within(reach + Math.abs(wanted[i]) * 1e-6));
            }
        }
        long bytes = ((HostBuffer) got.buffer()).segment().byteSize() / Float.BYTES;
        for (long i = 0; i < bytes; i++) {
            if (i < got.offset() || i >= got.offset() + got.size()) {
                assertThat(Floats.get(Floats.memory(got), i)).isEqualTo(77);
            }
        }
    }

    @Test
    void rowsOfAllLengths() {
        for (int width = 1; width < 20; width++) {
            check(Case.of(THREE.padding(1, 1), 1, 9, 2, 3, 5, width));
        }
        check(Case.of(THREE.padding(1, 1), 1, 3, 1, 2, 3, 200));
        check(Case.of(THREE.padding(0, 1), 1, 3, 1, 2, 3, 1100));
    }

    @Test
    void manyImagesShareSums() {
        check(Case.of(THREE.padding(1, 1), 1, 8, 75, 3, 4, 5));
        check(Case.of(THREE.padding(1, 1), 1, 17, 40, 16, 8, 8));
    }

    @Test
    void bandsOfRowsOfOneImage() {
        check(Case.of(THREE.padding(1, 1), 1, 16, 1, 24, 61, 33));
        check(Case.of(Window2d.of(5, 3).padding(2, 1).stride(2, 1), 1, 16, 1, 8, 90, 40));
    }

    @Test
    void blocksOfChannels() {
        check(Case.of(THREE.padding(1, 1), 1, 9, 2, 150, 6, 6));
        check(Case.of(THREE.padding(1, 1).stride(2, 2), 1, 150, 1, 9, 12, 12));
    }

    /** Images whose channels are read where they are, also where vectors do not divide them, in blocks and in bands. */
    @Test
    void windowsOfOneElement() {
        for (int width = 1; width < 60; width++) {
            check(Case.of(Window2d.of(1, 1), 1, 9, 2, 3, 2, width));
        }
        check(Case.of(Window2d.of(1, 1), 2, 18, 3, 10, 7, 7));
        check(Case.of(Window2d.of(1, 1), 1, 9, 2, 700, 9, 11));
        check(Case.of(Window2d.of(1, 1), 1, 700, 1, 9, 17, 19));
        check(Case.of(Window2d.of(1, 1), 1, 1, 1, 700, 17, 19));
        check(Case.of(Window2d.of(1, 1), 1, 17, 1, 80, 61, 33));
        check(Case.of(Window2d.of(1, 1), 1, 17, 1, 300, 50, 7));
    }

    /** Channels for Winograd's method, and images that its tiles of 4×4 do not divide. */
    @Test
    void windowsOfThreeByThree() {
        for (int padding = 0; padding <= 2; padding++) {
            for (int[] size : new int[][] {{1, 1}, {2, 3}, {7, 7}, {5, 9}, {4, 33}, {16, 12}, {5, 15}, {3, 16},
                    {4, 17}}) {
                if (Math.min(size[0], size[1]) + 2 * padding >= 3) {
                    Window2d window = THREE.padding(padding, 2 - padding);
                    if (size[1] + 2 * window.paddingW() >= 3) {
                        check(Case.of(window, 1, 33, 2, 17, size[0], size[1]));
                        check(Case.of(window, 1, 16, 17, 48, size[0], size[1]));
                    }
                }
            }
        }
        check(Case.of(THREE.padding(1, 1), 1, 130, 5, 72, 8, 8));
        check(Case.of(THREE.padding(1, 1), 1, 16, 2, 16, 41, 50));
        for (int batch = 1; batch < 20; batch += 3) {
            check(Case.of(THREE.padding(2, 1), 1, 33, batch, 17, 5, 6));
        }
        check(Case.of(THREE.padding(1, 0), 1, 18, 1, 16, 9, 570));
    }

    /** More transformed weights than are kept at a time. */
    @Test
    void manyChannels() {
        check(Case.of(THREE.padding(1, 1), 1, 300, 1, 200, 4, 5));
        check(Case.of(THREE.padding(1, 1), 1, 90, 1, 500, 6, 6));
    }

    @Test
    void stridesAndDilations() {
        for (int stride = 1; stride <= 4; stride++) {
            for (int dilation = 1; dilation <= 3; dilation++) {
                for (int kernel = 1; kernel <= 4; kernel++) {
                    Window2d window = Window2d.of(kernel, 5 - kernel).stride(stride, 5 - stride)
                            .dilation(dilation, 4 - dilation).padding(kernel / 2, 1);
                    check(Case.of(window, 1, 5, 2, 16, 17, 37));
                }
            }
        }
        check(Case.of(THREE.padding(1, 1).stride(2, 2), 1, 32, 3, 16, 32, 32));
    }

    /** Rows that the kernel moves over by one are computed as columns, others as they are. */
    @Test
    void rowsOfHeightOne() {
        for (int width = 1; width < 40; width += 3) {
            for (int kernel = 1; kernel <= Math.min(5, width); kernel++) {
                Window2d window = Window2d.of(1, kernel).padding(0, kernel / 2);
                check(Case.of(window, 1, 9, 2, 3, 1, width));
                check(Case.of(window.stride(3, 1).dilation(2, 1), 1, 5, 1, 1, 1, width));
                check(Case.of(window.stride(1, 2), 2, 4, 2, 6, 1, width));
                check(Case.of(window.padding(1, kernel / 2), 1, 2, 1, 2, 1, width));
            }
        }
        check(Case.of(Window2d.of(1, 31).padding(0, 15), 1, 1, 1, 1, 1, 20_000));
        check(Case.of(Window2d.of(1, 9).padding(0, 16).dilation(1, 4), 1, 17, 2, 32, 1, 3001));
        check(Case.of(Window2d.of(1, 7).padding(0, 3), 24, 24, 2, 24, 1, 65));
        check(Case.of(Window2d.of(1, 3).padding(0, 1), 1, 16, 3, 150, 1, 40));
    }

    @Test
    void groups() {
        check(Case.of(THREE.padding(1, 1), 4, 64, 2, 64, 7, 9));
        check(Case.of(THREE.padding(1, 1), 40, 40, 3, 40, 13, 11));
        check(Case.of(THREE.padding(1, 1).stride(2, 2), 20, 60, 2, 20, 12, 15));
    }

    /** One channel and one output a group, in rows of all lengths, and windows of more taps than are summed at a time. */
    @Test
    void depthwise() {
        for (int width = 1; width <= 40; width++) {
            for (int padding = 0; padding <= 2; padding++) {
                if (width + 2 * padding >= 3) {
                    check(Case.of(THREE.padding(1, padding), 5, 5, 1 + width % 3, 5, 3 + width % 5, width));
                    check(Case.of(THREE.padding(padding, 1).stride(2, 2), 3, 3, 2, 3, width, 9));
                }
            }
        }
        check(Case.of(Window2d.of(5, 5).padding(2, 2), 18, 18, 2, 18, 14, 14));
        check(Case.of(Window2d.of(7, 4).padding(3, 1).stride(3, 2).dilation(1, 2), 7, 7, 2, 7, 23, 31));
        check(Case.of(Window2d.of(1, 1), 9, 9, 3, 9, 7, 7));
        check(Case.of(THREE.padding(1, 1), 3, 3, 2, 3, 70, 61));
        check(Case.of(THREE.padding(1, 1), 1, 1, 40, 1, 9, 2500));
    }

    /** A single output of many channels. */
    @Test
    void oneOutput() {
        check(Case.of(THREE.padding(1, 1), 1, 1, 2, 150, 6, 17));
        check(Case.of(Window2d.of(1, 1), 1, 1, 3, 19, 5, 25));
        check(Case.of(THREE.padding(1, 1).stride(2, 2), 2, 2, 2, 180, 9, 12));
    }

    @Test
    void aNumberThatIsNoneAtTheBorderOfItsChannel() {
        for (int width : new int[] {5, 16, 28}) {
            for (float special : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                for (int at : new int[] {0, width - 1, 9 * width - 1, 4 * width}) {
                    Case c = Case.of(THREE.padding(1, 1), 3, 3, 2, 3, 9, width);
                    Floats.set(Floats.memory(c.x), 4 * 9 * width + at, special);
                    checkExactly(c);
                    c = Case.of(THREE, 3, 3, 2, 3, 11, width + 2);
                    Floats.set(Floats.memory(c.dy), 9 * width + at, special);
                    checkExactly(c);
                }
            }
        }
    }

    @Test
    void aNumberThatIsNoneStaysWhereItIsSeen() {
        Case c = Case.of(THREE, 1, 9, 2, 17, 11, 13);
        Floats.set(Floats.memory(c.x), 17 * 11 * 13 + 5, Float.NaN);
        Floats.set(Floats.memory(c.x), 4 * 11 * 13 + 142, Float.NaN);
        Floats.set(Floats.memory(c.dy), 7 * 99 + 98, Float.NaN);
        check(c);
        Case deep = Case.of(THREE.stride(2, 2), 1, 17, 1, 3, 12, 12);
        Floats.set(Floats.memory(deep.x), 143, Float.NaN);
        Floats.set(Floats.memory(deep.dy), 3, Float.NaN);
        check(deep);
    }

    /** Where a tile of Winograd's method would spread them. */
    @Test
    void whatIsNotFiniteStaysInItsTile() {
        for (float special : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 3e38f}) {
            Case c = Case.of(THREE.padding(1, 1), 1, 20, 3, 16, 9, 10);
            Floats.set(Floats.memory(c.x), 16 * 90 + 45, special);
            checkExactly(c);
            c = Case.of(THREE.padding(1, 1), 1, 20, 3, 16, 9, 10);
            Floats.set(Floats.memory(c.dy), 20 * 90 + 45, special);
            checkExactly(c);
            c = Case.of(THREE.padding(1, 1), 1, 20, 3, 16, 9, 10);
            Floats.set(Floats.memory(c.weight), 16 * 9 + 4, special);
            checkExactly(c);
        }
    }

    /** The kinds of numbers, and those that are finite unless they are large. */
    private static void checkExactly(Case c) {
        View y = guarded(c.dy.shape());
        View expected = Tensors.empty(DType.FLOAT32, c.dy.shape());
        BACKEND.conv2d(c.x, c.weight, c.bias, c.window, c.groups, y);
        REFERENCE.conv2d(c.x, c.weight, c.bias, c.window, c.groups, expected);
        compareKinds(y, expected);
        View dx = guarded(c.x.shape());
        View expectedDx = Tensors.empty(DType.FLOAT32, c.x.shape());
        BACKEND.conv2dBackwardInput(c.dy, c.weight, c.window, c.groups, dx);
        REFERENCE.conv2dBackwardInput(c.dy, c.weight, c.window, c.groups, expectedDx);
        compareKinds(dx, expectedDx);
        View dweight = guarded(c.weight.shape());
        View expectedDweight = Tensors.empty(DType.FLOAT32, c.weight.shape());
        BACKEND.conv2dBackwardWeight(c.x, c.dy, c.window, c.groups, dweight);
        REFERENCE.conv2dBackwardWeight(c.x, c.dy, c.window, c.groups, expectedDweight);
        compareKinds(dweight, expectedDweight);
    }

    private static void compareKinds(View got, View expected) {
        double[] values = Tensors.values(got);
        double[] wanted = Tensors.values(expected);
        for (int i = 0; i < wanted.length; i++) {
            if (Double.isNaN(wanted[i])) {
                assertThat(values[i]).isNaN();
            } else if (Double.isInfinite(wanted[i])) {
                assertThat(values[i]).isEqualTo(wanted[i]);
            } else {
                assertThat(values[i]).isCloseTo(wanted[i], within(1e-2 + Math.abs(wanted[i]) * 1e-5));
            }
        }
    }

    @Test
    void anInfinityMeetsZeroPadding() {
        View x = Tensors.floats(Shape.of(1, 1, 2, 2), 1, 2, 3, Double.POSITIVE_INFINITY);
        View weight = Tensors.floats(Shape.of(1, 1, 1, 3), 1, 1, 1);
        View y = Tensors.empty(DType.FLOAT32, Shape.of(1, 1, 2, 2));
        BACKEND.conv2d(x, weight, null, Window2d.of(1, 3).padding(0, 1), 1, y);
        assertThat(Tensors.values(y)).containsExactly(3, 3, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);
    }
}
