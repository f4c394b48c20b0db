package dev.jacobian.cuda;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Copies that the conformance tests' small shapes do not reach: tiles, many axes, offsets between fours. */
@Tag("software-device")
final class CudaCopyTest {
    private static final DType[] TYPES = {DType.FLOAT32, DType.INT32, DType.BOOL};
    private static final int[][] ORDERS = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    private final SplittableRandom random = new SplittableRandom(5);

    private static void copy(Twin x, Twin out) {
        Cuda.device().backend().copy(x.view, out.view);
        Twin.REFERENCE.copy(x.want, out.want);
    }

    /** Both sides in any order of axes, with and without gaps, below and above a tile's 32. */
    @Test
    void transposes() {
        for (int[] dims : new int[][] {{3, 45, 70}, {33, 8, 32}, {64, 2, 9}}) {
            for (int[] order : ORDERS) {
                for (int[] into : ORDERS) {
                    for (int gap = 0; gap < 2; gap++) {
                        try (Twin x = Twin.permuted(random, DType.FLOAT32, dims, order, gap, 1);
                                Twin out = Twin.permuted(random, DType.FLOAT32, dims, into, gap, 2)) {
                            copy(x, out);
                            out.assertSame("transposed: dims, from, to, gap", dims, order, into, gap);
                        }
                    }
                }
            }
        }
    }

    @Test
    void convertsWhateverTheStrides() {
        int[] dims = {5, 12, 8};
        for (DType from : TYPES) {
            for (DType to : TYPES) {
                for (int offset = 0; offset < 2; offset++) {
                    for (int[] order : ORDERS) {
                        try (Twin x = Twin.permuted(random, from, dims, ORDERS[0], 4 * offset, offset);
                                Twin out = Twin.permuted(random, to, dims, order, 0, 4 - 4 * offset)) {
                            copy(x, out);
                            out.assertSame("from, to, offset", from, to, offset);
                        }
                    }
                }
            }
        }
    }

    /** More axes than a kernel takes, none of which merge. */
    @Test
    void copiesManyAxes() {
        int[] dims = new int[11];
        long[] strides = new long[11];
        long[] reversed = new long[11];
        for (int i = 0; i < 11; i++) {
            dims[i] = 2;
            strides[i] = 1L << (10 - i);
            reversed[i] = 1L << i;
        }
        try (Twin x = Twin.of(random, DType.FLOAT32, dims, strides, 0);
                Twin out = Twin.of(random, DType.FLOAT32, dims, reversed, 0)) {
            copy(x, out);
            out.assertSame("eleven axes in reverse order");
        }
    }

    @Test
    void fillsStridedViewsOfAllTypes() {
        Backend card = Cuda.device().backend();
        for (DType dtype : TYPES) {
            for (double value : new double[] {1, -2.75, Double.NaN, 1e12}) {
                for (int gap = 0; gap < 5; gap++) {
                    try (Twin out = Twin.permuted(random, dtype, new int[] {3, 4, 8}, ORDERS[1], gap, 4L * (gap % 2))) {
                        card.fill(value, out.view);
                        Twin.REFERENCE.fill(value, out.want);
                        out.assertSame("filled: value, dtype, gap", value, dtype, gap);
                    }
                }
            }
        }
    }
}
