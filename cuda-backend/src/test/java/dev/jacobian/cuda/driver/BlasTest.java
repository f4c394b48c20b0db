package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DeviceException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrix products against sums in double precision. */
class BlasTest {
    private static CudaContext context;

    @BeforeAll
    static void open() {
        context = TestDevice.open("");
    }

    private static float[] random(int size, long seed) {
        Random random = new Random(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({"false, false, 0, 1", "true, false, 1, 1", "false, true, 0, 3", "true, true, 1, 4"})
    void productsOfEveryTransposition(boolean transA, boolean transB, float beta, int batch) {
        int m = 33;
        int n = 17;
        int k = 29;
        int lda = (transA ? k : m) + 2;
        int ldb = (transB ? n : k) + 1;
        int ldc = m + 3;
        int strideA = lda * (transA ? m : k);
        int strideB = 0; // one for all
        int strideC = ldc * n;
        float[] a = random(strideA * batch, 1);
        float[] b = random(ldb * (transB ? k : n), 2);
        float[] c = random(strideC * batch, 3);
        CudaBuffer da = TestDevice.upload(context, a);
        CudaBuffer db = TestDevice.upload(context, b);
        CudaBuffer dc = TestDevice.upload(context, c);
        context.blas().gemm(transA, transB, m, n, k, da.address(), lda, strideA, db.address(), ldb, strideB, beta,
                dc.address(), ldc, strideC, batch);
        float[] got = TestDevice.floats(context, dc);
        for (int i = 0; i < got.length; i++) {
            int row = i % strideC % ldc;
            int column = i % strideC / ldc;
            double expected = c[i];
            if (row < m) {
                expected *= beta;
                for (int j = 0; j < k; j++) {
                    double x = a[i / strideC * strideA + (transA ? row * lda + j : j * lda + row)];
                    double y = b[transB ? j * ldb + column : column * ldb + j];
                    expected += x * y;
                }
            }
            assertThat((double) got[i]).as("element %d", i).isEqualTo(expected, within(2e-5));
        }
    }

    @Test
    void sumsOfNothing() {
        float[] ones = new float[24];
        Arrays.fill(ones, 1);
        CudaBuffer c = TestDevice.upload(context, ones);
        context.blas().gemm(false, false, 2, 3, 0, 0, 2, 0, 0, 1, 0, 1, c.address(), 2, 6, 4);
        context.blas().gemm(false, false, 0, 3, 5, 0, 1, 0, 0, 5, 0, 0, c.address(), 1, 0, 1);
        context.blas().gemm(false, false, 2, 3, 5, 0, 2, 0, 0, 5, 0, 0, c.address(), 2, 6, 0);
        assertThat(TestDevice.floats(context, c)).containsExactly(ones);
        context.blas().gemm(false, false, 2, 3, 0, 0, 2, 0, 0, 1, 0, 0, c.address(), 3, 12, 2);
        float[] expected = ones.clone();
        for (int i = 0; i < 24; i++) {
            expected[i] = i % 12 >= 9 || i % 3 == 2 ? 1 : 0;
        }
        assertThat(TestDevice.floats(context, c)).containsExactly(expected);
        context.blas().gemm(false, false, 2, 3, 0, 0, 2, 0, 0, 1, 0, 0, c.address(), 2, 6, 4);
        assertThat(TestDevice.floats(context, c)).containsExactly(new float[24]);
    }

    @Test
    void whatItRefusesSaysTheShapes() {
        CudaBuffer c = context.allocate(400);
        assertThatThrownBy(() -> context.blas().gemm(false, false, 5, 3, 2, c.address(), 1, 0, c.address(), 2, 0, 0,
                c.address(), 5, 0, 1)).isInstanceOf(DeviceException.class)
                .hasMessageContaining("matrix product of 1 x [5, 2] by [2, 3]")
                .hasMessageContaining("CUBLAS_STATUS_INVALID_VALUE");
        context.free(c);
    }

    @Test
    void versionIsOfCuda12() {
        assertThat(context.blas().version()).isBetween(120_000, 199_999);
    }
}
