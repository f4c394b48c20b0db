package dev.jacobian.backend;

import static dev.jacobian.backend.Elements.INF;
import static dev.jacobian.backend.Elements.NAN;
import static dev.jacobian.backend.Elements.assertElements;
import static dev.jacobian.backend.Elements.bools;
import static dev.jacobian.backend.Elements.doubles;
import static dev.jacobian.backend.Elements.filled;
import static dev.jacobian.backend.Elements.floats;
import static dev.jacobian.backend.Elements.ints;
import static dev.jacobian.backend.Elements.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.jacobian.backend.Philox;
import dev.jacobian.testing.ReferenceBackend;
import dev.jacobian.testing.ReferenceProvider;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Primitives that move, reduce, multiply, index and draw. */
final class ReferenceBackendTest {
    private static final double MAX_INT = Integer.MAX_VALUE;
    private static final double MIN_INT = Integer.MIN_VALUE;

    private final Backend backend = new ReferenceBackend();

    @Test
    void isTheLastThatIsChosenAndHasNoFusedKernel() {
        ReferenceProvider provider = new ReferenceProvider();
        assertThat(provider.name()).isEqualTo("reference");
        assertThat(provider.priority()).isNegative();
        assertThat(provider.explanation()).isNotBlank().doesNotEndWith(".");
        assertThat(provider.backends()).singleElement().extracting(Backend::name).isEqualTo("reference");
        assertThat(backend.describe()).startsWith("reference (");
        for (Class<?> kind : List.of(SoftmaxKernel.class, AdamKernel.class, Backend.class)) {
            for (DType dtype : DType.values()) {
                assertThat(backend.supports(dtype)).isTrue();
                assertThat((Object) backend.kernel(kind, dtype)).isNull();
            }
        }
    }

    @Test
    void movesBytesInAndOut() {
        DeviceBuffer buffer = backend.allocate(16);
        assertThat(buffer.bytes()).isEqualTo(16);
        backend.upload(MemorySegment.ofArray(new byte[] {1, 2, 3}), buffer, 5);
        byte[] read = new byte[5];
        backend.synchronize();
        backend.download(buffer, 4, MemorySegment.ofArray(read));
        assertThat(read).containsExactly(-1, 1, 2, 3, -1);
        backend.free(buffer);
        assertThatIllegalStateException()
                .isThrownBy(() -> backend.download(buffer, 0, MemorySegment.ofArray(new byte[1])));
    }

    @Test
    void newMemoryReadsAsNaN() {
        View fresh = new View(backend.allocate(8), DType.FLOAT32, Shape.of(2));
        assertElements(fresh, NAN, NAN);
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void viewsOfNoElementAreLeftAlone(DType dtype) {
        View none = filled(dtype, 2, 0, 3);
        View indices = filled(DType.INT32, 2, 0, 3);
        backend.fill(1, none);
        backend.copy(none, filled(DType.FLOAT64, 2, 0, 3));
        backend.unary(UnaryOp.NEG, none, none);
        backend.binary(BinaryOp.ADD, none, none, none);
        backend.binary(BinaryOp.ADD, none, 1, none);
        backend.compare(CompareOp.EQ, none, none, filled(DType.BOOL, 2, 0, 3));
        backend.where(filled(DType.BOOL, 2, 0, 3), none, none, none);
        backend.reduce(ReduceOp.MAX, none, filled(dtype, 1, 0, 3));
        backend.argReduce(ReduceOp.MAX, none, 2, filled(DType.INT32, 2, 0, 1));
        backend.matmul(none, filled(dtype, 2, 3, 4), filled(dtype, 2, 0, 4), false);
        backend.gather(filled(dtype, 2, 5, 3), 1, indices, none);
        View target = filled(dtype, 2, 5, 3);
        double[] before = read(target);
        backend.scatterAdd(none, 1, indices, target);
        assertElements(target, before);
        backend.random(Distribution.UNIFORM, new RandomKey(1, 2, ints(0)), filled(DType.FLOAT32, 0));
    }

    @Test
    void fillConverts() {
        View ints = filled(DType.INT32, 2);
        backend.fill(-2.9, ints);
        assertElements(ints, -2, -2);
        View floats = filled(DType.FLOAT32, 2, 2);
        backend.fill(0.1, floats.permute(1, 0).as(Shape.of(2), new long[] {2}, 1));
        assertElements(floats, 7, 0.1f, 7, 0.1f);
        View bools = filled(DType.BOOL, 1);
        backend.fill(-0.0, bools);
        assertElements(bools, 0);
    }

    @Test
    void copyConvertsBetweenTypes() {
        View x = doubles(0.1, 1e300, -1e-50, NAN, -INF, 2.9, -2.9, 3e9, -3e9, 0.5, -0.0);
        View narrow = filled(DType.FLOAT32, 11);
        backend.copy(x, narrow);
        assertElements(narrow, 0.1f, INF, -0.0, NAN, -INF, 2.9f, -2.9f, 3e9, -3e9, 0.5, -0.0);
        View whole = filled(DType.INT32, 11);
        backend.copy(x, whole);
        assertElements(whole, 0, MAX_INT, 0, 0, MIN_INT, 2, -2, MAX_INT, MIN_INT, 0, 0);
        View bool = filled(DType.BOOL, 11);
        backend.copy(x, bool);
        assertElements(bool, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0);
        View fromInt = filled(DType.FLOAT32, 2);
        backend.copy(ints(16777217, MIN_INT), fromInt);
        assertElements(fromInt, 16777216, MIN_INT);
        View fromBool = filled(DType.FLOAT64, 2);
        backend.copy(bools(0, 1), fromBool);
        assertElements(fromBool, 0, 1);
    }

    @Test
    void copyFollowsStridesOnBothSides() {
        View x = Elements.of(DType.FLOAT32, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        View out = filled(DType.FLOAT32, 3, 2);
        backend.copy(x.permute(1, 0), out);
        assertElements(out, 1, 4, 2, 5, 3, 6);
        View wide = filled(DType.FLOAT32, 2, 4);
        backend.copy(x, wide.as(Shape.of(2, 3), new long[] {4, 1}, 1));
        assertElements(wide, 7, 1, 2, 3, 7, 4, 5, 6);
        View repeated = filled(DType.FLOAT32, 2, 2);
        backend.copy(floats(8, 9).expand(Shape.of(2, 2)), repeated);
        assertElements(repeated, 8, 9, 8, 9);
    }

    @Test
    void whereTakesBySide() {
        View out = filled(DType.INT32, 2, 2);
        View condition = Elements.of(DType.BOOL, Shape.of(2, 2), 1, 0, 0, 1);
        backend.where(condition, ints(1, 2).expand(Shape.of(2, 2)), ints(MIN_INT, MAX_INT).expand(Shape.of(2, 2)), out);
        assertElements(out, 1, MAX_INT, MIN_INT, 2);
        View doubles = doubles(0, 0, 0);
        backend.where(bools(1, 0, 1), doubles(NAN, 2, -0.0), doubles(3, INF, 4), doubles);
        assertElements(doubles, NAN, INF, -0.0);
    }

    @Test
    void reducesAnyAxes() {
        View x = Elements.of(DType.FLOAT32, Shape.of(2, 2, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        View out = filled(DType.FLOAT32, 2, 2, 1);
        backend.reduce(ReduceOp.SUM, x, out);
        assertElements(out, 6, 15, 24, 33);
        out = filled(DType.FLOAT32, 1, 2, 1);
        backend.reduce(ReduceOp.SUM, x, out);
        assertElements(out, 30, 48);
        out = filled(DType.FLOAT32, 1, 1, 3);
        backend.reduce(ReduceOp.MAX, x, out);
        assertElements(out, 10, 11, 12);
        out = filled(DType.FLOAT32, 1, 1, 1);
        backend.reduce(ReduceOp.MIN, x, out);
        assertElements(out, 1);
        out = filled(DType.FLOAT32, 3, 1, 2);
        backend.reduce(ReduceOp.SUM, x.permute(2, 1, 0), out);
        assertElements(out, 5, 17, 7, 19, 9, 21);
        out = filled(DType.FLOAT32, 2, 2, 3);
        backend.reduce(ReduceOp.SUM, x, out);
        assertElements(out, read(x));
        View spaced = filled(DType.FLOAT32, 4);
        backend.reduce(ReduceOp.SUM, x, spaced.as(Shape.of(2, 1, 1), new long[] {2, 1, 1}, 1));
        assertElements(spaced, 7, 21, 7, 57);
    }

    @Test
    void sumsAreRoundedOnceAndIntegersWrapAround() {
        View out = filled(DType.FLOAT32, 1);
        backend.reduce(ReduceOp.SUM, floats(16777216, 1, 1), out);
        assertElements(out, 16777218);
        backend.reduce(ReduceOp.SUM, floats(INF, 1, -INF), out);
        assertElements(out, NAN);
        View whole = filled(DType.INT32, 1);
        backend.reduce(ReduceOp.SUM, ints(MAX_INT, 1), whole);
        assertElements(whole, MIN_INT);
        backend.reduce(ReduceOp.MAX, ints(MIN_INT, -3), whole);
        assertElements(whole, -3);
    }

    @Test
    void extremesAreNaNIfAnyIs() {
        View out = filled(DType.FLOAT64, 1);
        backend.reduce(ReduceOp.MAX, doubles(1, NAN, INF), out);
        assertElements(out, NAN);
        backend.reduce(ReduceOp.MIN, doubles(-INF, NAN), out);
        assertElements(out, NAN);
    }

    @Test
    void reductionsOfNoElementsAreNeutral() {
        for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64, DType.INT32)) {
            boolean floating = dtype.isFloating();
            assertElements(ofNone(ReduceOp.SUM, dtype), 0, 0);
            assertElements(ofNone(ReduceOp.MAX, dtype), floating ? -INF : MIN_INT, floating ? -INF : MIN_INT);
            assertElements(ofNone(ReduceOp.MIN, dtype), floating ? INF : MAX_INT, floating ? INF : MAX_INT);
        }
        assertElements(ofNone(ReduceOp.MAX, DType.BOOL), 0, 0);
        assertElements(ofNone(ReduceOp.MIN, DType.BOOL), 1, 1);
    }

    private View ofNone(ReduceOp op, DType dtype) {
        View out = filled(dtype, 2, 1);
        backend.reduce(op, filled(dtype, 2, 0), out);
        return out;
    }

    @Test
    void reducesBoolToAnyAndAll() {
        View x = Elements.of(DType.BOOL, Shape.of(3, 2), 0, 0, 0, 1, 1, 1);
        View out = filled(DType.BOOL, 3, 1);
        backend.reduce(ReduceOp.MAX, x, out);
        assertElements(out, 0, 1, 1);
        backend.reduce(ReduceOp.MIN, x, out);
        assertElements(out, 0, 0, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> backend.reduce(ReduceOp.SUM, x, out));
    }

    @Test
    void argReduceTakesTheFirstOfEqualsAndTheFirstNaN() {
        View x = Elements.of(DType.FLOAT32, Shape.of(2, 3), 1, 5, 5, 2, NAN, NAN);
        View rows = filled(DType.INT32, 2, 1);
        backend.argReduce(ReduceOp.MAX, x, 1, rows);
        assertElements(rows, 1, 1);
        backend.argReduce(ReduceOp.MIN, x, 1, rows);
        assertElements(rows, 0, 1);
        View columns = filled(DType.INT32, 1, 3);
        backend.argReduce(ReduceOp.MAX, x, 0, columns);
        assertElements(columns, 1, 1, 1);
        View transposed = filled(DType.INT32, 3, 1);
        backend.argReduce(ReduceOp.MIN, x.permute(1, 0), 1, transposed);
        assertElements(transposed, 0, 1, 1);
        View one = filled(DType.INT32, 1);
        backend.argReduce(ReduceOp.MIN, doubles(0.0, -0.0), 0, one);
        assertElements(one, 0);
        backend.argReduce(ReduceOp.MAX, ints(MIN_INT, MAX_INT, MAX_INT), 0, one);
        assertElements(one, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> backend.argReduce(ReduceOp.SUM, ints(1, 2), 0, one));
    }

    @Test
    void multipliesMatrices() {
        View a = Elements.of(DType.FLOAT32, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        View b = Elements.of(DType.FLOAT32, Shape.of(3, 2), 1, 0, -1, 2, 3, 1);
        View out = filled(DType.FLOAT32, 2, 2);
        backend.matmul(a, b, out, false);
        assertElements(out, 8, 7, 17, 16);
        backend.matmul(a, b, out, true);
        assertElements(out, 16, 14, 34, 32);
        View square = filled(DType.FLOAT32, 3, 3);
        backend.matmul(a.permute(1, 0), b.permute(1, 0), square, false);
        assertElements(square, 1, 7, 7, 2, 8, 11, 3, 9, 15);
    }

    @Test
    void multipliesBatchesThatMayRepeat() {
        View a = Elements.of(DType.FLOAT64, Shape.of(2, 1, 2), 1, 2, 3, 4);
        View b = Elements.of(DType.FLOAT64, Shape.of(2, 2), 1, 10, 100, 1000);
        View out = filled(DType.FLOAT64, 2, 1, 2);
        backend.matmul(a, b.expand(Shape.of(2, 2, 2)), out, false);
        assertElements(out, 201, 2010, 403, 4030);
        View more = filled(DType.FLOAT64, 2, 2, 1, 1);
        View left = Elements.of(DType.FLOAT64, Shape.of(2, 1, 1, 1), 2, 3).expand(Shape.of(2, 2, 1, 1));
        View right = Elements.of(DType.FLOAT64, Shape.of(1, 2, 1, 1), 5, 7).expand(Shape.of(2, 2, 1, 1));
        backend.matmul(left, right, more, false);
        assertElements(more, 10, 14, 15, 21);
    }

    @Test
    void productsOfNoTermsAreZeroAndRoundingIsLast() {
        View out = filled(DType.FLOAT32, 1, 1);
        backend.matmul(filled(DType.FLOAT32, 1, 0), filled(DType.FLOAT32, 0, 1), out, true);
        assertElements(out, 7);
        backend.matmul(filled(DType.FLOAT32, 1, 0), filled(DType.FLOAT32, 0, 1), out, false);
        assertElements(out, 0);
        backend.fill(16777216, out);
        View ones = floats(1, 1);
        backend.matmul(ones.reshape(Shape.of(1, 2)), ones.reshape(Shape.of(2, 1)), out, true);
        assertElements(out, 16777218);
        backend.matmul(floats(0).reshape(Shape.of(1, 1)), floats(INF).reshape(Shape.of(1, 1)), out, false);
        assertElements(out, NAN);
        View whole = filled(DType.INT32, 1, 1);
        View large = ints(65536).reshape(Shape.of(1, 1));
        backend.matmul(large, large, whole, true);
        assertElements(whole, 7);
    }

    @Test
    void gathersAlongAnyAxis() {
        View x = Elements.of(DType.FLOAT32, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        View out = filled(DType.FLOAT32, 2, 2);
        backend.gather(x, 1, Elements.of(DType.INT32, Shape.of(2, 2), 2, 0, 1, 1), out);
        assertElements(out, 3, 1, 5, 5);
        View rows = filled(DType.FLOAT32, 3, 3);
        backend.gather(x, 0, Elements.of(DType.INT32, Shape.of(3, 1), 1, 0, 1).expand(Shape.of(3, 3)), rows);
        assertElements(rows, 4, 5, 6, 1, 2, 3, 4, 5, 6);
        View middle = filled(DType.FLOAT32, 3, 1, 1);
        View permuted = x.permute(1, 0).as(Shape.of(3, 2, 1), new long[] {1, 3, 1}, 0);
        backend.gather(permuted, 1, Elements.of(DType.INT32, Shape.of(3, 1, 1), 0, 1, 0), middle);
        assertElements(middle, 1, 5, 3);
    }

    @Test
    void scatterAddsInOrder() {
        View out = filled(DType.FLOAT32, 2, 3);
        View x = Elements.of(DType.FLOAT32, Shape.of(2, 2), 1, 2, 3, 4);
        backend.scatterAdd(x, 1, Elements.of(DType.INT32, Shape.of(2, 2), 2, 2, 0, 1), out);
        assertElements(out, 7, 7, 10, 10, 11, 7);
        View large = floats(16777216);
        backend.scatterAdd(floats(1, 1, 2), 0, ints(0, 0, 0), large);
        assertElements(large, 16777218);
        View whole = ints(MAX_INT, 0);
        backend.scatterAdd(ints(1, 5), 0, ints(0, 1), whole);
        assertElements(whole, MIN_INT, 5);
        View columns = filled(DType.FLOAT32, 1, 2);
        backend.scatterAdd(x.permute(1, 0), 0, Elements.of(DType.INT32, Shape.of(2, 2), 0, 0, 0, 0), columns);
        assertElements(columns, 10, 14);
    }

    @Test
    void indicesOutOfRangeAreRefused() {
        View x = floats(1, 2, 3);
        View out = filled(DType.FLOAT32, 2);
        assertThatExceptionOfType(IndexRangeException.class).isThrownBy(() -> backend.gather(x, 0, ints(0, 3), out))
                .withMessage("gather: index 3 at element 1 out of range; expected 0..2");
        assertThatExceptionOfType(IndexRangeException.class).isThrownBy(() -> backend.gather(x, 0, ints(-1, 0), out))
                .withMessage("gather: index -1 at element 0 out of range; expected 0..2");
        View wide = filled(DType.FLOAT32, 5);
        View inner = wide.as(Shape.of(3), new long[] {1}, 1);
        for (int wrong : new int[] {-1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThatExceptionOfType(IndexRangeException.class)
                    .isThrownBy(() -> backend.scatterAdd(floats(1), 0, ints(wrong), inner))
                    .withMessage("scatterAdd: index " + wrong + " at element 0 out of range; expected 0..2");
        }
        assertElements(wide, 7, 7, 7, 7, 7);
    }

    @Test
    void randomBitsArePhilox() {
        View uniform = filled(DType.FLOAT32, 4);
        backend.random(Distribution.UNIFORM, new RandomKey(0, 0, ints(0)), uniform);
        // The words of the generator's published known answer for an all-zero counter and key.
        int[] words = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
        assertElements(uniform, IntStream.of(words).mapToDouble(word -> (word >>> 8) * 0x1p-24).toArray());
        View normal = filled(DType.FLOAT64, 4);
        backend.random(Distribution.NORMAL, new RandomKey(0, 0, ints(0)), normal);
        assertElements(normal, IntStream.of(words).mapToDouble(Philox::normal).toArray());
    }

    @Test
    void randomElementsDependOnKeyAndPositionOnly() {
        long seed = 0x123456789ABCDEFL;
        long stream = -5;
        View many = filled(DType.FLOAT32, 7, 3);
        backend.random(Distribution.UNIFORM, new RandomKey(seed, stream, ints(9)), many);
        int[] words = new int[4];
        double[] expected = new double[21];
        for (int i = 0; i < expected.length; i++) {
            Philox.block(seed, stream, 9, i / 4, words);
            expected[i] = Philox.uniform(words[i % 4]);
        }
        assertElements(many, expected);
        View few = filled(DType.FLOAT64, 21);
        backend.random(Distribution.UNIFORM, new RandomKey(seed, stream, ints(9)), few);
        assertElements(few, expected);
        View step = ints(8);
        backend.random(Distribution.UNIFORM, new RandomKey(seed, stream, step), few);
        assertThat(read(few)).isNotEqualTo(expected);
        backend.fill(9, step);
        backend.random(Distribution.UNIFORM, new RandomKey(seed, stream, step), few);
        assertElements(few, expected);
    }
}
