package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Batch normalisation of shapes that are cut into parts in every way, against plain loops in double precision. */
@Tag("software-device")
final class CudaBatchNormTest {
    private static final double EPSILON = 1e-5;

    /** Columns of one chunk and of several; runs cut by examples, by pieces, and by neither. */
    static Stream<int[]> shapes() {
        return Stream.of(new int[] {2100, 3}, new int[] {130, 70}, new int[] {5, 33}, new int[] {1500, 2, 5},
                new int[] {300, 2, 7, 7}, new int[] {40, 3, 2, 64}, new int[] {2, 1, 90, 91}, new int[] {3, 2, 4096},
                new int[] {2, 300, 3, 4});
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void normalises(int[] shape) {
        check(shape, 0, Activation.NONE);
        check(shape, 0, Activation.RELU);
    }

    /** A mean of a thousand deviations: sums of squares would lose the variance in it. */
    @ParameterizedTest
    @MethodSource("shapes")
    void keepsTheVarianceUnderALargeMean(int[] shape) {
        check(shape, 1000, Activation.NONE);
    }

    @Test
    void propagatesInfinitiesWithinTheirChannel() {
        Device card = Cuda.device();
        try (var _ = MemoryScope.open("of batches"); var _ = card.use()) {
            Tensor x = Tensor.of(new float[][] {{Float.POSITIVE_INFINITY, 1}, {2, 3}});
            Tensor one = Tensor.of(1f, 1f);
            Tensor[] statistics = {one.emptyLike(), one.emptyLike()};
            Tensor y = x.emptyLike();
            card.backend().kernel(BatchNormKernel.class, DType.FLOAT32).batchNorm(x.view(), one.view(), one.view(), 0,
                    Activation.NONE, statistics[0].view(), statistics[1].view(), y.view());
            assertThat(y.toArray()).containsExactly(Float.NaN, 0, Float.NaN, 2);
            assertThat(statistics[1].toArray()).containsExactly(Float.NaN, 1);
        }
    }

    private static void check(int[] dims, double center, Activation activation) {
        Shape shape = Shape.of(dims);
        Loops loops = new Loops(dims, center, activation);
        Device card = Cuda.device();
        BatchNormKernel kernel = card.backend().kernel(BatchNormKernel.class, DType.FLOAT32);
        String what = Arrays.toString(dims) + " about " + center + ", " + activation;
        try (var _ = MemoryScope.open("of batches"); var _ = card.use()) {
            Tensor x = tensor(loops.x).reshape(dims);
            Tensor weight = tensor(loops.weight);
            Tensor bias = tensor(loops.bias);
            Tensor mean = weight.emptyLike();
            Tensor variance = weight.emptyLike();
            Tensor y = x.emptyLike();
            kernel.batchNorm(x.view(), weight.view(), bias.view(), EPSILON, activation, mean.view(), variance.view(),
                    y.view());
            close(what + ": mean", mean, loops.mean, 1e-6);
            close(what + ": variance", variance, loops.variance, 4e-6);
            close(what + ": y", y, loops.y, 1e-5);

            Tensor result = activation == Activation.RELU ? tensor(loops.y).reshape(dims) : null;
            for (Tensor dy : new Tensor[] {tensor(loops.dy).reshape(dims), strided(loops.dy, dims)}) {
                Tensor dx = x.emptyLike();
                Tensor dweight = weight.emptyLike();
                Tensor dbias = weight.emptyLike();
                kernel.batchNormBackward(x.view(), weight.view(), tensor(loops.mean).view(),
                        tensor(loops.variance).view(), EPSILON, activation, result == null ? null : result.view(),
                        dy.view(), dx.view(), dweight.view(), dbias.view());
                // The mean is given as a float: 1000 of its units are lost in x - mean.
                double tolerance = center == 0 ? 1e-5 : 1e-3;
                close(what + ": dweight", dweight, loops.dweight, tolerance);
                close(what + ": dbias", dbias, loops.dbias, 1e-5);
                close(what + ": dx", dx, loops.dx, tolerance);
            }
            assertThat(y.shape()).isEqualTo(shape);
        }
    }

    private static Tensor tensor(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return Tensor.of(floats);
    }

    /** The same elements, every second one of a larger tensor. */
    private static Tensor strided(double[] values, int[] dims) {
        double[] base = new double[2 * values.length];
        for (int i = 0; i < values.length; i++) {
            base[2 * i] = values[i];
        }
        int[] doubled = dims.clone();
        doubled[dims.length - 1] *= 2;
        return tensor(base).reshape(doubled).slice(-1, 0, 2 * dims[dims.length - 1], 2);
    }

    private static void close(String what, Tensor got, double[] want, double tolerance) {
        float[] elements = got.toArray();
        double largest = Math.max(1, Arrays.stream(want).map(Math::abs).max().orElse(0)); // sums cancel
        for (int i = 0; i < want.length; i++) {
            assertThat(Math.abs(elements[i] - want[i])).as("%s, element %d: %s, expected %s", what, i, elements[i],
                    want[i]).isLessThanOrEqualTo(tolerance * largest);
        }
    }

    /** What is put in and what must come out. */
    private static final class Loops {
        final double[] x;
        final double[] dy;
        final double[] y;
        final double[] dx;
        final double[] weight;
        final double[] bias;
        final double[] mean;
        final double[] variance;
        final double[] dweight;
        final double[] dbias;

        Loops(int[] dims, double center, Activation activation) {
            int channels = dims[1];
            int size = Arrays.stream(dims).reduce(1, (a, b) -> a * b);
            int inner = size / dims[0] / channels;
            SplittableRandom random = new SplittableRandom(size);
            x = floats(random, size, center);
            dy = floats(random, size, 0.25);
            weight = floats(random, channels, 2);
            bias = floats(random, channels, 0.1);
            y = new double[size];
            dx = new double[size];
            mean = new double[channels];
            variance = new double[channels];
            dweight = new double[channels];
            dbias = new double[channels];
            double n = (double) size / channels;
            for (int i = 0; i < size; i++) {
                mean[i / inner % channels] += x[i] / n;
            }
            for (int i = 0; i < size; i++) {
                int c = i / inner % channels;
                variance[c] += (x[i] - mean[c]) * (x[i] - mean[c]) / n;
            }
            double[] g = new double[size];
            for (int i = 0; i < size; i++) {
                int c = i / inner % channels;
                double normal = (x[i] - mean[c]) / Math.sqrt(variance[c] + EPSILON);
                y[i] = normal * weight[c] + bias[c];
                if (activation == Activation.RELU && y[i] < 0) {
                    y[i] = 0;
                }
                g[i] = activation == Activation.NONE || y[i] > 0 ? dy[i] : 0;
                dbias[c] += g[i];
                dweight[c] += g[i] * normal;
            }
            for (int i = 0; i < size; i++) {
                int c = i / inner % channels;
                double reciprocal = 1 / Math.sqrt(variance[c] + EPSILON);
                dx[i] = weight[c] * reciprocal
                        * (g[i] - dbias[c] / n - (x[i] - mean[c]) * reciprocal * dweight[c] / n);
            }
        }

        private static double[] floats(SplittableRandom random, int count, double center) {
            double[] values = new double[count];
            for (int i = 0; i < count; i++) {
                values[i] = (float) (center + random.nextDouble(-1.7, 1.7));
            }
            return values;
        }
    }
}
