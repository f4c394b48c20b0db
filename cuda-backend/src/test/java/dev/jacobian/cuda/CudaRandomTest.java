package dev.jacobian.cuda;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.Philox;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dropout wherever input and output begin and however the input lies, with the bits of the definition. */
@Tag("software-device")
final class CudaRandomTest {
    private final SplittableRandom random = new SplittableRandom(1);

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.25, 0.9, 1 - 0x1p-24, 1 - 0x1p-40})
    void dropsWhereTheNumberIsLess(double p) {
        for (int[] dims : new int[][] {{1, 1, 1}, {3, 5, 7}, {2, 3, 4}, {5, 1, 300}, {4, 0, 3}}) {
            for (int[] order : new int[][] {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}}) {
                for (int offset = 0; offset < 2; offset++) {
                    drop(p, dims, order, offset);
                }
            }
        }
    }

    /** More axes than a kernel takes: launches that do not begin with a Philox block. */
    @Test
    void walksManyAxes() {
        int[] dims = new int[9];
        int[] order = new int[9];
        Arrays.fill(dims, 3);
        Arrays.setAll(order, i -> 8 - i);
        drop(0.5, dims, order, 0);
    }

    private void drop(double p, int[] dims, int[] order, int offset) {
        int[] rowMajor = new int[dims.length];
        Arrays.setAll(rowMajor, i -> i);
        try (Twin x = Twin.permuted(random, DType.FLOAT32, dims, order, 0, offset);
                Twin y = Twin.permuted(random, DType.FLOAT32, dims, rowMajor, 0, 1 - offset);
                Twin step = Twin.dense(random, DType.INT32)) {
            int[] number = {-12345};
            Cuda.device().backend().upload(MemorySegment.ofArray(number), step.view.buffer(), 0);
            RandomKey key = new RandomKey(-7, 1L << 40, step.view);
            ((DropoutKernel) Cuda.device().backend()).dropout(x.view, p, key, y.view);
            expect(x.want, dims, (float) p, number[0], y.want);
            y.assertSame("p, dims, order, offset", p, dims, order, offset);
        }
    }

    /** The definition, with words of the seed and stream above. */
    private static void expect(View x, int[] dims, float p, int step, View y) {
        try (Twin dense = Twin.dense(new SplittableRandom(0), DType.FLOAT32, dims)) {
            Twin.REFERENCE.copy(x, dense.want);
            float[] values = dense.wanted();
            int[] words = new int[4];
            for (int i = 0; i < y.size(); i++) {
                Philox.block(-7, 1L << 40, step, i / 4, words);
                values[i] = Philox.uniform(words[i % 4]) >= p ? values[i] / (1 - p) : 0;
            }
            Twin.REFERENCE.upload(MemorySegment.ofArray(values).asSlice(0, y.size() * Float.BYTES), y.buffer(),
                    y.offset() * Float.BYTES);
        }
    }
}
