package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.UnaryOp;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where operands lie: repeated along axes, by fours or not, in types of different sizes, along many axes. */
@Tag("software-device")
final class CudaElementwiseTest {
    private static final DType[] TYPES = {DType.FLOAT32, DType.INT32, DType.BOOL};
    private static final int[] DIMS = {3, 5, 8};
    /** Dense, one row repeated, one column repeated, one element, every other element, rows that are no fours. */
    private static final long[][] STRIDES = {{40, 8, 1}, {0, 0, 1}, {0, 1, 0}, {0, 0, 0}, {80, 16, 2}, {45, 9, 1}};

    private final SplittableRandom random = new SplittableRandom(3);

    private interface Call {
        void run(Backend backend, boolean onCard);
    }

    private static void onBoth(Call call) {
        call.run(Cuda.device().backend(), true);
        call.run(Twin.REFERENCE, false);
    }

    @Test
    void combinesAnyLayouts() {
        for (DType dtype : TYPES) {
            for (long[] left : STRIDES) {
                for (long[] right : STRIDES) {
                    for (int offset = 0; offset < 2; offset++) {
                        combine(dtype, left, right, offset);
                    }
                }
            }
        }
    }

    private void combine(DType dtype, long[] left, long[] right, int offset) {
        try (Twin a = Twin.of(random, dtype, DIMS, left, offset);
                Twin b = Twin.of(random, dtype, DIMS, right, 0);
                Twin c = Twin.of(random, DType.BOOL, DIMS, left, 4L * offset);
                Twin out = Twin.dense(random, dtype, DIMS);
                Twin less = Twin.of(random, DType.BOOL, DIMS, STRIDES[4], 0);
                Twin chosen = Twin.of(random, dtype, DIMS, STRIDES[0], offset)) {
            onBoth((backend, card) -> {
                backend.binary(BinaryOp.MAXIMUM, card ? a.view : a.want, card ? b.view : b.want,
                        card ? out.view : out.want);
                backend.compare(CompareOp.GE, card ? a.view : a.want, card ? b.view : b.want,
                        card ? less.view : less.want);
                backend.where(card ? c.view : c.want, card ? a.view : a.want, card ? b.view : b.want,
                        card ? chosen.view : chosen.want);
            });
            out.assertSame("maximum: dtype, strides, offset", dtype, left, right, offset);
            less.assertSame("at least: dtype, strides, offset", dtype, left, right, offset);
            chosen.assertSame("where: dtype, strides, offset", dtype, left, right, offset);
        }
    }

    @Test
    void appliesNumbersAndFunctionsToAnyLayout() {
        for (long[] strides : STRIDES) {
            for (int offset = 0; offset < 2; offset++) {
                try (Twin x = Twin.of(random, DType.FLOAT32, DIMS, strides, offset);
                        Twin y = Twin.of(random, DType.FLOAT32, DIMS, STRIDES[5], 0);
                        Twin z = Twin.dense(random, DType.FLOAT32, DIMS)) {
                    onBoth((backend, card) -> {
                        backend.binary(BinaryOp.DIV, card ? x.view : x.want, 3, card ? y.view : y.want);
                        backend.unary(UnaryOp.SQRT, card ? x.view : x.want, card ? z.view : z.want);
                    });
                    y.assertSame("quotient: strides", strides);
                    // The sign of a NaN is free, so what is not a number is made 0.
                    onBoth((backend, card) -> backend.binary(BinaryOp.RELU_GRAD, card ? y.view : y.want,
                            card ? z.view : z.want, card ? z.view : z.want));
                    z.assertSame("root: strides", strides);
                }
            }
        }
    }

    @Test
    void refusesTypesThatHaveNoSuchFunction() {
        Backend card = Cuda.device().backend();
        try (Twin x = Twin.dense(random, DType.INT32, 3); Twin y = Twin.dense(random, DType.BOOL, 3)) {
            assertThatThrownBy(() -> card.unary(UnaryOp.EXP, x.view, x.view))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("exp: got int32 on cuda, expected one of [float32]; convert it first");
            assertThatThrownBy(() -> card.binary(BinaryOp.ADD, y.view, y.view, y.view))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("add: got bool on cuda, expected one of [float32, int32]; convert it first");
        }
    }

    /** More axes than a kernel takes. */
    @Test
    void walksManyAxes() {
        int[] dims = new int[10];
        long[] strides = new long[10];
        long[] repeated = new long[10];
        for (int i = 0; i < 10; i++) {
            dims[i] = i % 3 == 0 ? 3 : 2;
            strides[i] = 1L << (2 * (9 - i));
            repeated[i] = i % 2 == 0 ? 1L << i : 0;
        }
        try (Twin a = Twin.of(random, DType.FLOAT32, dims, strides, 0);
                Twin b = Twin.of(random, DType.FLOAT32, dims, repeated, 0);
                Twin out = Twin.dense(random, DType.FLOAT32, dims)) {
            onBoth((backend, card) -> backend.binary(BinaryOp.SUB, card ? a.view : a.want, card ? b.view : b.want,
                    card ? out.view : out.want));
            out.assertSame("difference along ten axes");
        }
    }
}
