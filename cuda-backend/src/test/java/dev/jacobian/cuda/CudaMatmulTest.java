package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How products reach cuBLAS, which takes matrices with one dense axis, and batches with one stride. */
final class CudaMatmulTest {
    private final SplittableRandom random = new SplittableRandom(17);

    @Test
    void takesMatricesAsTheyAre() {
        assertThat(CudaMatmul.leadingDimension(3, 5, 5, 1)).isEqualTo(5);
        assertThat(CudaMatmul.leadingDimension(3, 5, 9, 1)).as("a slice of columns").isEqualTo(9);
        assertThat(CudaMatmul.leadingDimension(3, 5, 1, 3)).as("transposed").isEqualTo(-3);
        assertThat(CudaMatmul.leadingDimension(3, 5, 1, 7)).as("a slice, transposed").isEqualTo(-7);
    }

    @Test
    void ignoresStridesOfSingleRowsAndColumns() {
        assertThat(CudaMatmul.leadingDimension(1, 5, 0, 1)).isEqualTo(5);
        assertThat(CudaMatmul.leadingDimension(1, 5, 77, 4)).isEqualTo(-4);
        assertThat(CudaMatmul.leadingDimension(3, 1, 6, 99)).isEqualTo(6);
        assertThat(CudaMatmul.leadingDimension(3, 1, 1, 0)).isPositive();
        assertThat(CudaMatmul.leadingDimension(1, 1, 0, 0)).isNotZero();
    }

    @Test
    void refusesWhatNeedsACopy() {
        assertThat(CudaMatmul.leadingDimension(3, 5, 10, 2)).as("every second column").isZero();
        assertThat(CudaMatmul.leadingDimension(3, 5, 0, 1)).as("one row repeated").isZero();
        assertThat(CudaMatmul.leadingDimension(3, 5, 1, 0)).as("one column repeated").isZero();
        assertThat(CudaMatmul.leadingDimension(3, 5, 2, 1)).as("rows that overlap").isZero();
        assertThat(CudaMatmul.leadingDimension(3, 1, 0, 1)).as("one element repeated").isZero();
        assertThat(CudaMatmul.leadingDimension(3, 5, 1L << 31, 1)).as("rows too far apart").isZero();
    }

    /** Strides of […, 3, 4] by […, 4, 5]; the batch axes have lengths 2 and 3. */
    @Test
    @Tag("software-device")
    void multipliesAnyStrides() {
        long[][] left = {{36, 12, 4, 1}, {36, 12, 1, 3}, {12, 24, 4, 1}, {0, 12, 4, 1}, {12, 0, 4, 1}, {0, 0, 1, 3},
                {72, 24, 8, 2}, {0, 24, 8, 2}, {24, 0, 1, 0}, {4, 8, 24, 1}, {0, 0, 0, 0}, {7, 5, 3, 2}};
        long[][] right = {{60, 20, 5, 1}, {60, 20, 1, 4}, {20, 40, 5, 1}, {0, 20, 5, 1}, {20, 0, 5, 1}, {0, 0, 5, 1},
                {0, 0, 1, 4}, {120, 40, 10, 2}, {0, 40, 2, 8}, {5, 10, 30, 1}, {0, 0, 0, 1}, {1, 1, 1, 1}};
        for (long[] a : left) {
            for (long[] b : right) {
                multiply(new int[] {2, 3, 3, 4}, a, new int[] {2, 3, 4, 5}, b);
            }
        }
    }

    /** One row, one column and one term, with strides that say nothing; and batches that are rows of one product. */
    @Test
    @Tag("software-device")
    void multipliesSingleRowsAndColumns() {
        multiply(new int[] {6, 1, 4}, new long[] {4, 999, 1}, new int[] {6, 4, 5}, new long[] {0, 5, 1});
        multiply(new int[] {6, 1, 4}, new long[] {1, 0, 6}, new int[] {6, 4, 5}, new long[] {0, 5, 1});
        multiply(new int[] {6, 1, 4}, new long[] {8, 3, 2}, new int[] {6, 4, 5}, new long[] {0, 1, 4});
        multiply(new int[] {6, 3, 4}, new long[] {15, 5, 1}, new int[] {6, 4, 1}, new long[] {0, 1, 999});
        multiply(new int[] {3, 4}, new long[] {4, 1}, new int[] {4, 1}, new long[] {1, 0});
        multiply(new int[] {3, 1}, new long[] {1, 0}, new int[] {1, 5}, new long[] {0, 1});
        multiply(new int[] {1, 1}, new long[] {0, 0}, new int[] {1, 1}, new long[] {5, 5});
        multiply(new int[] {2, 1, 2, 3, 4}, new long[] {12, 5, 24, 4, 1}, new int[] {2, 1, 2, 4, 5},
                new long[] {0, 7, 20, 5, 1});
    }

    @Test
    @Tag("software-device")
    void multipliesWhatIsEmpty() {
        multiply(new int[] {2, 3, 0}, new long[] {0, 0, 1}, new int[] {2, 0, 5}, new long[] {0, 5, 1});
        multiply(new int[] {0, 3, 4}, new long[] {12, 4, 1}, new int[] {0, 4, 5}, new long[] {20, 5, 1});
        multiply(new int[] {2, 0, 4}, new long[] {0, 4, 1}, new int[] {2, 4, 5}, new long[] {20, 5, 1});
        multiply(new int[] {2, 3, 4}, new long[] {12, 4, 1}, new int[] {2, 4, 0}, new long[] {0, 0, 1});
    }

    private void multiply(int[] aDims, long[] aStrides, int[] bDims, long[] bStrides) {
        int[] dims = aDims.clone();
        dims[dims.length - 1] = bDims[bDims.length - 1];
        for (boolean accumulate : new boolean[] {false, true}) {
            try (Twin a = Twin.of(random, DType.FLOAT32, aDims, aStrides, 1);
                    Twin b = Twin.of(random, DType.FLOAT32, bDims, bStrides, 2);
                    Twin out = Twin.dense(random, DType.FLOAT32, dims)) {
                Cuda.device().backend().matmul(a.view, b.view, out.view, accumulate);
                Twin.REFERENCE.matmul(a.want, b.want, out.want, accumulate);
                assertThat(out.floats()).as("%s %s by %s %s", Arrays.toString(aDims), Arrays.toString(aStrides),
                        Arrays.toString(bDims), Arrays.toString(bStrides))
                        .containsExactly(out.wanted(), within(1e-5f));
            }
        }
    }
}
