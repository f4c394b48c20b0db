package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rows by index and sums into rows at sizes that the conformance tests do not reach: wide rows, long lists, targets
 * that most elements share. Bits must be the reference's, which adds one element after another.
 */
@Tag("software-device")
final class CudaGatherTest {
    private final SplittableRandom random = new SplittableRandom(3);

    /** Indices on both sides, under the shape of what is gathered or added. */
    private record Index(Twin memory, View card, View reference) implements AutoCloseable {
        static Index of(int[] values, int[] dims, long... strides) {
            Twin memory = Twin.dense(new SplittableRandom(0), DType.INT32, values.length);
            MemorySegment content = MemorySegment.ofArray(values);
            Cuda.device().backend().upload(content, memory.view.buffer(), 0);
            Twin.REFERENCE.upload(content, memory.want.buffer(), 0);
            Shape shape = Shape.of(dims);
            return new Index(memory, memory.view.as(shape, strides, 0), memory.want.as(shape, strides, 0));
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    /** Below {@code limit}; so many of a hundred are the same. */
    private int[] indices(int n, int limit, int hot) {
        int[] indices = new int[n];
        Arrays.setAll(indices, _ -> random.nextInt(100) < hot ? limit / 2 : random.nextInt(limit));
        return indices;
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "FLOAT64", mode = EnumSource.Mode.EXCLUDE)
    void selectsRows(DType dtype) {
        Backend card = Cuda.device().backend();
        for (int width : new int[] {1, 3, 8, 64, 130, 256}) {
            for (int offset : new int[] {0, 1, 4}) {
                int[] dims = {70, width};
                try (Twin x = Twin.permuted(random, dtype, new int[] {9, width}, new int[] {0, 1}, offset, offset);
                        Twin out = Twin.permuted(random, dtype, dims, new int[] {0, 1}, 0, 4);
                        Index index = Index.of(indices(70, 9, 0), dims, 1, 0)) {
                    card.gather(x.view, 0, index.card, out.view);
                    Twin.REFERENCE.gather(x.want, 0, index.reference, out.want);
                    out.assertSame("rows of width, offset", width, offset);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"FLOAT32", "INT32"})
    void addsRows(DType dtype) {
        for (int n : new int[] {16, 17, 130, 900}) {
            for (int width : new int[] {1, 33, 128, 132, 260}) {
                for (int offset : new int[] {0, 1}) {
                    for (int limit : new int[] {1, 7, 500}) {
                        addRows(dtype, n, width, offset, limit);
                    }
                }
            }
        }
    }

    private void addRows(DType dtype, int n, int width, int offset, int limit) {
        int[] dims = {n, width};
        try (Twin x = Twin.permuted(random, dtype, dims, new int[] {0, 1}, 4 * offset, offset);
                Twin out = Twin.permuted(random, dtype, new int[] {limit, width}, new int[] {0, 1}, offset, 4);
                Index index = Index.of(indices(n, limit, limit / 10), dims, 1, 0)) {
            add(x, 0, index, out);
            out.assertSame("n, width, offset, limit", n, width, offset, limit);
        }
    }

    private static void add(Twin x, int axis, Index index, Twin out) {
        Cuda.device().backend().scatterAdd(x.view, axis, index.card, out.view);
        Twin.REFERENCE.scatterAdd(x.want, axis, index.reference, out.want);
    }

    /** Every axis, with indices of their own, of their row's or of their column's, in any order of memory. */
    @Test
    void addsAlongEveryAxis() {
        int[] dims = {5, 40, 36};
        long[][] strides = {{1440, 36, 1}, {1, 180, 5}, {40, 1, 0}, {0, 36, 1}, {36, 0, 1}};
        for (int axis = 0; axis < 3; axis++) {
            int[] into = dims.clone();
            into[axis] = 11;
            for (int[] order : new int[][] {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}}) {
                for (int i = 0; i < strides.length; i++) {
                    try (Twin x = Twin.permuted(random, DType.FLOAT32, dims, order, 0, 0);
                            Twin out = Twin.permuted(random, DType.FLOAT32, into, order, 0, 0);
                            Index index = Index.of(indices(7200, 11, 0), dims, strides[i])) {
                        add(x, axis, index, out);
                        out.assertSame("axis, order, indices", axis, order, i);
                    }
                }
            }
        }
    }

    /** Many short lines, and many long ones with indices of their own. */
    @Test
    void addsManyLines() {
        for (int[] dims : new int[][] {{2, 5000}, {30, 4100}}) {
            try (Twin x = Twin.dense(random, DType.FLOAT32, dims);
                    Twin out = Twin.dense(random, DType.FLOAT32, 6, dims[1]);
                    Index index = Index.of(indices(dims[0] * dims[1], 6, 0), dims, dims[1], 1)) {
                add(x, 0, index, out);
                out.assertSame("lines", dims);
            }
        }
    }

    /** Whichever warp meets it, the first wrong index is reported, with its place in the index tensor. */
    @Test
    void reportsTheFirstWrongIndex() {
        int n = 3000;
        int[] wrong = new int[n];
        wrong[2900] = -1;
        wrong[1234] = 3;
        wrong[1235] = -5;
        for (int width : new int[] {1, 8, 256}) {
            int[] dims = {n, width};
            try (Twin x = Twin.dense(random, DType.FLOAT32, dims);
                    Twin table = Twin.dense(random, DType.FLOAT32, 3, width);
                    Index index = Index.of(wrong, dims, 1, 0)) {
                Backend card = Cuda.device().backend();
                String message = "index 3 at element " + 1234L * width + " out of range; expected 0..2";
                card.scatterAdd(x.view, 0, index.card, table.view);
                assertThatExceptionOfType(IndexRangeException.class).isThrownBy(card::synchronize)
                        .withMessage("scatterAdd: " + message);
                card.gather(table.view, 0, index.card, x.view);
                assertThatExceptionOfType(IndexRangeException.class).isThrownBy(card::synchronize)
                        .withMessage("gather: " + message);
                card.synchronize();
            }
        }
    }
}
