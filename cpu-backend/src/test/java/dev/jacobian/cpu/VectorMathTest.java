package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The functions of the row kernels in use, on vectors or on scalars, against those of double precision. */
class VectorMathTest {
    private static final int SAMPLES = 200_000;
    private static final float[] SPECIAL = {
            0f,
            -0f,
            1f,
            -1f,
            0.5f,
            -0.5f,
            1.5f,
            2.5f,
            -2.5f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            -1e-40f,
            1e-20f,
            -1e-8f,
            1e-8f,
            8388607.5f,
            -8388608f,
            1e30f,
            -1e30f,
            88.72284f,
            88.72285f,
            -87.5f,
            -103.9f,
            -104.1f,
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN
    };

    private final CpuBackend backend = Tensors.backend(1);

    @ParameterizedTest
    @CsvSource({
            "EXP, -110, 90, 2",
            "EXP, -1, 1, 2",
            "EXPM1, -20, 90, 2",
            "EXPM1, -1, 1, 2",
            "EXPM1, -1e-4, 1e-4, 2",
            "LOG, 0, 4, 2",
            "LOG, 0, 1e30, 2",
            "LOG, 0, 1e-38, 2",
            "LOG, 0.99, 1.01, 2",
            "LOG1P, -1, 2, 2",
            "LOG1P, -1e-3, 1e-3, 2",
            "LOG1P, 0, 1e30, 2",
            "SIN, -7, 7, 2",
            "SIN, -8000, 8000, 2",
            "SIN, -1e9, 1e9, 2",
            "COS, -7, 7, 2",
            "COS, -8000, 8000, 2",
            "TANH, -10, 10, 3",
            "TANH, -0.1, 0.1, 3",
            "SIGMOID, -105, 20, 3",
            "ERF, -4, 4, 2",
            "ERF, -0.01, 0.01, 2",
            "RSQRT, 0, 10, 2",
            "SQRT, 0, 10, 0.5",
            "RECIPROCAL, -10, 10, 0.5"
    })
    void staysWithinItsBound(UnaryOp op, double low, double high, double bound) {
        float[] x = new float[SAMPLES];
        Random random = new Random(op.name().hashCode());
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (low + (high - low) * random.nextDouble());
        }
        double[] y = apply(op, x);
        for (int i = 0; i < x.length; i++) {
            double expected = PlainMath.apply(op, x[i]);
            assertThat(ulps(y[i], expected)).as("%s(%s) = %s", op, x[i], expected).isLessThanOrEqualTo(bound);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOT")
    void hasTheSpecialValuesOfTheJdk(UnaryOp op) {
        double[] y = apply(op, SPECIAL);
        for (int i = 0; i < SPECIAL.length; i++) {
            double expected = (float) PlainMath.apply(op, SPECIAL[i]);
            if (Double.isNaN(expected) || Double.isInfinite(expected) || expected == 0) {
                assertThat(y[i]).as("%s(%s)", op, SPECIAL[i]).isEqualTo(Double.valueOf(expected));
            } else {
                assertThat(ulps(y[i], expected)).as("%s(%s) = %s", op, SPECIAL[i], y[i]).isLessThanOrEqualTo(3);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOT")
    void givesAnElementTheSameBitsAtEveryPlace(UnaryOp op) {
        float[] x = new float[75];
        Random random = new Random(5);
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() * 4;
        }
        double[] all = apply(op, x);
        for (int length = 1; length <= x.length; length += 7) {
            for (int start = 0; start + length <= x.length; start += 3) {
                float[] part = Arrays.copyOfRange(x, start, start + length);
                assertThat(apply(op, part)).isEqualTo(Arrays.copyOfRange(all, start, start + length));
            }
        }
    }

    @Test
    void powersAreThoseOfTheJdk() {
        Random random = new Random(9);
        int special = SPECIAL.length;
        int n = special * special + SAMPLES;
        double[] a = new double[n];
        double[] b = new double[n];
        for (int i = 0; i < n; i++) {
            a[i] = i < special * special ? SPECIAL[i / special] : (float) Math.exp(random.nextGaussian() * 8);
            b[i] = i < special * special ? SPECIAL[i % special] : (float) (random.nextGaussian() * 6);
        }
        for (int i = special * special; i < n; i += 5) {
            a[i] = -a[i];
            b[i] = Math.rint(b[i]);
        }
        Shape shape = Shape.of(n);
        View out = Tensors.floats(shape);
        backend.binary(BinaryOp.POW, Tensors.floats(shape, a), Tensors.floats(shape, b), out);
        double[] y = Tensors.values(out);
        for (int i = 0; i < n; i++) {
            double expected = Math.pow(a[i], b[i]);
            assertThat(ulps(y[i], expected)).as("pow(%s, %s) = %s", a[i], b[i], y[i]).isLessThanOrEqualTo(1);
        }
    }

    private double[] apply(UnaryOp op, float[] x) {
        Shape shape = Shape.of(x.length);
        View out = Tensors.floats(shape);
        double[] values = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            values[i] = x[i];
        }
        backend.unary(op, Tensors.floats(shape, values), out);
        return Tensors.values(out);
    }

    /** How far a float is from the exact result, in units of the last place of the result rounded to a float. */
    private static double ulps(double got, double expected) {
        float rounded = (float) expected;
        if (got == rounded || (Double.isNaN(got) && Double.isNaN(rounded))) {
            return Float.isInfinite(rounded) || Float.isNaN(rounded) ? 0 : Math.abs(got - expected) / Math.ulp(rounded);
        }
        return Float.isInfinite(rounded) || Double.isInfinite(got)
                ? Double.POSITIVE_INFINITY
                : Math.abs(got - expected) / Math.ulp(rounded);
    }
}
