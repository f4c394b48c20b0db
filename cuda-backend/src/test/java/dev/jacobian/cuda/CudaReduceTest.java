package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Reductions by rows and by columns, in one stage and several, over any axes in any order. */
@Tag("software-device")
final class CudaReduceTest {
    private static final int[][] ORDERS = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    private static final DType[] TYPES = {DType.FLOAT32, DType.INT32};

    private final SplittableRandom random = new SplittableRandom(11);

    /** Extremes and integer sums are exact, so that every way of cutting must give the reference's bits. */
    @Test
    void reducesAnyAxes() {
        int[] dims = {3, 5, 7, 4};
        for (int[] order : ORDERS) {
            for (int axes = 0; axes < 16; axes++) {
                for (DType dtype : TYPES) {
                    for (ReduceOp op : ReduceOp.values()) {
                        reduce(op, dtype, dims, order, axes);
                    }
                }
            }
        }
    }

    private void reduce(ReduceOp op, DType dtype, int[] dims, int[] order, int axes) {
        int[] kept = dims.clone();
        for (int i = 0; i < dims.length; i++) {
            kept[i] = (axes >> i & 1) == 1 ? 1 : dims[i];
        }
        try (Twin x = Twin.permuted(random, dtype, dims, order, axes % 3, 0);
                Twin out = Twin.permuted(random, dtype, kept, new int[] {1, 0, 3, 2}, 1, 1)) {
            Cuda.device().backend().reduce(op, x.view, out.view);
            Twin.REFERENCE.reduce(op, x.want, out.want);
            String what = op + " of " + dtype + " over axes " + Integer.toBinaryString(axes) + ", "
                    + Arrays.toString(order);
            if (op == ReduceOp.SUM && dtype == DType.FLOAT32) {
                assertThat(out.floats()).as(what).containsExactly(out.wanted(), within(1e-4f));
            } else {
                out.assertSame(what);
            }
        }
    }

    /** Rows and columns from one warp's to several chunks, few and many of them. */
    @Test
    void reducesLongAxes() {
        int[][] matrices = {{1, 1025}, {2, 4097}, {3, 50_003}, {700, 1030}, {1, 300_000}, {5000, 1}, {5003, 3},
                {2051, 40}, {600, 300}, {9, 2000}, {16_500, 65}};
        for (int[] dims : matrices) {
            for (int axis = 0; axis < 2; axis++) {
                for (DType dtype : TYPES) {
                    extremes(dims, axis, dtype);
                }
            }
        }
    }

    private void extremes(int[] dims, int axis, DType dtype) {
        int[] kept = dims.clone();
        kept[axis] = 1;
        Backend card = Cuda.device().backend();
        try (Twin x = Twin.dense(random, dtype, dims);
                Twin most = Twin.dense(random, dtype, kept);
                Twin at = Twin.dense(random, DType.INT32, kept)) {
            card.reduce(ReduceOp.MIN, x.view, most.view);
            Twin.REFERENCE.reduce(ReduceOp.MIN, x.want, most.want);
            most.assertSame("least: dtype, dims, axis", dtype, dims, axis);
            card.argReduce(ReduceOp.MAX, x.view, axis, at.view);
            Twin.REFERENCE.argReduce(ReduceOp.MAX, x.want, axis, at.want);
            at.assertSame("position of the largest: dtype, dims, axis", dtype, dims, axis);
            if (dtype == DType.INT32) {
                card.reduce(ReduceOp.SUM, x.view, most.view);
                Twin.REFERENCE.reduce(ReduceOp.SUM, x.want, most.want);
                most.assertSame("sum: dims, axis", dims, axis);
            }
        }
    }

    /** Numbers of one sign, whose rounding errors one sum after another would pile up to hundreds of units. */
    @Test
    void sumsLongAxesAccurately() {
        Backend card = Cuda.device().backend();
        for (int[] dims : new int[][] {{1, 1_000_000}, {1000, 1000}, {200_000, 5}, {50_000, 20}}) {
            for (int axis = 0; axis < 2; axis++) {
                int[] kept = dims.clone();
                kept[axis] = 1;
                try (Twin x = Twin.dense(random, DType.FLOAT32, dims);
                        Twin sums = Twin.dense(random, DType.FLOAT32, kept)) {
                    card.fill(0.1, x.view);
                    card.reduce(ReduceOp.SUM, x.view, sums.view);
                    float exact = (float) (dims[axis] * (double) 0.1f);
                    float[] got = Arrays.copyOf(sums.floats(), (int) Shape.of(kept).size());
                    for (float sum : got) {
                        assertThat(sum).as("%s along %d", Shape.of(dims), axis).isCloseTo(exact,
                                within(4 * Math.ulp(exact)));
                    }
                }
            }
        }
    }

    /** More axes than a kernel takes, kept and reduced in turn. */
    @Test
    void reducesManyAxes() {
        int rank = 20;
        int[] dims = new int[rank];
        int[] kept = new int[rank];
        long[] strides = new long[rank];
        Arrays.fill(dims, 1);
        Arrays.fill(kept, 1);
        for (int i = 0; i < rank; i++) {
            strides[i] = 1L << (rank - i);
            dims[i] = 2;
            kept[i] = i % 2 == 0 ? 2 : 1;
        }
        try (Twin x = Twin.of(random, DType.INT32, dims, strides, 0);
                Twin out = Twin.dense(random, DType.INT32, kept)) {
            Cuda.device().backend().reduce(ReduceOp.SUM, x.view, out.view);
            Twin.REFERENCE.reduce(ReduceOp.SUM, x.want, out.want);
            out.assertSame("sum over every other of twenty axes");
        }
    }

    @Test
    void refusesWhatHasNoKernel() {
        Backend card = Cuda.device().backend();
        try (Twin x = Twin.dense(random, DType.BOOL, 3);
                Twin y = Twin.dense(random, DType.FLOAT32, 3);
                Twin out = Twin.dense(random, DType.INT32, 1)) {
            assertThatThrownBy(() -> card.reduce(ReduceOp.MAX, x.view, out.view))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("max: got bool on cuda, expected one of [float32, int32]; convert it first");
            assertThatThrownBy(() -> card.argReduce(ReduceOp.SUM, y.view, 0, out.view))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("argReduce: got sum, expected max or min");
        }
    }

    @Test
    void reducesNothing() {
        for (DType dtype : TYPES) {
            for (ReduceOp op : ReduceOp.values()) {
                try (Twin x = Twin.dense(random, dtype, 3, 0, 2);
                        Twin out = Twin.permuted(random, dtype, new int[] {3, 1, 2}, new int[] {2, 1, 0}, 1, 0)) {
                    Cuda.device().backend().reduce(op, x.view, out.view);
                    Twin.REFERENCE.reduce(op, x.want, out.want);
                    out.assertSame("of none: op, dtype", op, dtype);
                }
            }
        }
    }
}
