package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.testing.ReferenceBackend;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Shapes: what changes them, and what is said when they do not fit. */
final class TensorShapeTest {
    private final Device device = Device.of(new ReferenceBackend());
    private Device.Use use;

    @BeforeEach
    void use() {
        use = device.use();
    }

    @AfterEach
    void close() {
        use.close();
    }

    private static Tensor counted(int... dims) {
        return Tensor.arange(Math.toIntExact(Shape.of(dims).size())).reshape(dims);
    }

    private static void fails(Function<Tensor, Tensor> call, Tensor x, String... parts) {
        assertThatIllegalArgumentException().isThrownBy(() -> call.apply(x)).satisfies(
                error -> assertThat(error).hasMessageContainingAll(parts));
    }

    @Test
    void shapesThatDoNotFitAreBothNamed() {
        Tensor x = Tensor.ones(2, 3);
        fails(v -> v.add(Tensor.ones(4)), x, "add", "[2, 3]", "[4]");
        fails(v -> v.lt(Tensor.ones(2, 2)), x, "lt", "[2, 3]", "[2, 2]");
        fails(v -> v.matmul(Tensor.ones(2, 3)), x, "matmul", "[2, 3]", "3 and 2");
        fails(v -> v.matmul(Tensor.scalar(1)), x, "matmul", "[]");
        fails(v -> v.matmul(Tensor.ones(5, 3, 2)), Tensor.ones(4, 2, 3), "matmul", "[5]", "[4]");
        fails(v -> v.linear(Tensor.ones(4, 5), null), x, "linear", "[2, 3]", "[4, 5]");
        fails(v -> v.linear(Tensor.ones(4, 3), Tensor.ones(3)), x, "linear", "bias", "[3]", "[4]");
        fails(v -> v.linear(Tensor.ones(4), null), x, "linear", "weight", "[4]");
        fails(v -> v.reshape(4, 2), x, "reshape", "[2, 3]", "[4, 2]");
        fails(v -> v.expand(2, 4), x, "expand", "[2, 3]", "[2, 4]");
        fails(v -> v.expand(3), x, "expand", "[2, 3]", "[3]");
        fails(v -> Tensor.concat(0, v, Tensor.ones(2, 4)), x, "concat", "[2, 3]", "[2, 4]");
        fails(v -> Tensor.concat(0, v, Tensor.ones(2)), x, "concat", "[2, 3]", "[2]");
        fails(v -> Tensor.stack(0, v, Tensor.ones(3, 2)), x, "concat", "[1, 2, 3]", "[1, 3, 2]");
        fails(v -> Tensor.where(v.gt(0), v, Tensor.ones(5)), x, "where", "[2, 3]", "[5]");
        fails(v -> v.gather(1, Tensor.arange(3)), x, "gather", "[3]", "[2, 3]");
        fails(v -> v.scatterAdd(1, Tensor.arange(2).reshape(2, 1), 4), x, "scatter add", "[2, 1]", "[2, 3]");
        fails(v -> v.crossEntropy(Tensor.of(1), -1, 0), x, "cross entropy", "[1]", "[2]");
        fails(v -> v.crossEntropy(Tensor.of(1, 1), -1, 1.5), x, "cross entropy", "1.5");
        fails(v -> v.softmaxMargin(Tensor.of(1), 0.5), x, "softmax margin", "[1]", "[2]");
        fails(v -> v.softmaxMargin(Tensor.of(1, 1), Double.NaN), x, "softmax margin", "NaN", "between 0 and 1");
        fails(v -> v.slice(1, 0, 0).softmaxMargin(Tensor.of(1, 1), 1), x, "softmax margin", "[2, 0]", "one class");
        fails(v -> v.split(1, 1, 1).getFirst(), x, "split", "[1, 1]", "3", "[2, 3]");
        fails(v -> v.squeeze(1), x, "squeeze", "[2, 3]");
        fails(v -> Tensor.diag(v), x, "diag", "[2, 3]");
        fails(v -> v.permute(0, 0), x, "permute", "[0, 0]", "[2, 3]");
        fails(v -> v.permute(0), x, "permute", "[0]");
        fails(v -> v.sum(new int[] {0, -2}, false), x, "sum", "twice");
        fails(v -> v.flatten(1, 0), x, "flatten");
        fails(v -> v.pad(0, -1, 0, 0), x, "pad", "-1");
        fails(v -> v.clamp(2, 1), x, "clamp", "2.0", "1.0");
        fails(_ -> Tensor.of(new float[][] {{1, 2}, {3}}), x, "row 1");
        fails(_ -> Tensor.linspace(0, 1, 0), x, "linspace", "0");
        fails(_ -> Tensor.concat(0), x, "concat");
    }

    @Test
    void axesOutOfRangeAreNamedWithTheValidOnes() {
        Tensor x = Tensor.ones(2, 5);
        fails(v -> v.softmax(3), x, "softmax: axis 3 out of range for shape [2, 5]; valid -2..1");
        fails(v -> v.sum(-3), x, "sum: axis -3", "valid -2..1");
        fails(v -> v.logSoftmax(2), x, "log softmax: axis 2");
        fails(v -> v.mean(2), x, "mean: axis 2");
        fails(v -> v.max(5), x, "max: axis 5");
        fails(v -> v.argmin(2), x, "argmin: axis 2");
        fails(v -> v.slice(2, 0, 1), x, "slice: axis 2");
        fails(v -> v.unsqueeze(4), x, "unsqueeze: axis 4", "-3..2");
        fails(v -> v.transpose(0, 2), x, "transpose: axis 2");
        fails(v -> v.select(1, 5), x, "select: index 5", "[2, 5]");
        fails(v -> v.select(1, -6), x, "select: index -6");
        fails(v -> v.gather(2, v.to(DType.INT32)), x, "gather: axis 2");
        fails(v -> Tensor.concat(2, v), x, "concat: axis 2");
        fails(v -> v.transpose(), Tensor.ones(3), "transpose: axis -2");
        fails(v -> v.sum(0), Tensor.scalar(1), "sum: axis 0", "no axes");
    }

    @Test
    void reshapeInfersOneLength() {
        Tensor x = counted(2, 6);
        assertThat(x.reshape(-1).shape()).isEqualTo(Shape.of(12));
        assertThat(x.reshape(3, -1).shape()).isEqualTo(Shape.of(3, 4));
        assertThat(x.reshape(3, 4).toIntArray()).isEqualTo(x.toIntArray());
        assertThat(x.transpose().reshape(4, 3).toIntArray()).containsExactly(0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11);
        assertThat(Tensor.ones(1).reshape().rank()).isZero();
        fails(v -> v.reshape(-1, -1), x, "reshape", "one length may be -1");
        fails(v -> v.reshape(-2), x, "reshape", "-2");
        fails(v -> v.reshape(5, -1), x, "reshape", "[5, -1]");
        Tensor empty = Tensor.ones(0, 3);
        assertThat(empty.reshape(-1).shape()).isEqualTo(Shape.of(0));
        assertThat(empty.reshape(-1, 3).shape()).isEqualTo(Shape.of(0, 3));
        assertThat(empty.reshape(7, 0).shape()).isEqualTo(Shape.of(7, 0));
        fails(v -> v.reshape(-1, 0), empty, "reshape", "[-1, 0]");
    }

    @Test
    void viewsShareMemoryAndCopiesDoNot() {
        Tensor x = counted(4, 6);
        for (Tensor view : List.of(x.transpose(), x.slice(0, 1, 3), x.reshape(24), x.select(1, 2), x.expand(3, 4, 6),
                x.unsqueeze(1), x.detach(), x.slice(1, 0, 6, 2), x.contiguous())) {
            assertThat(view.storage()).isSameAs(x.storage());
        }
        assertThat(x.copy().storage()).isNotSameAs(x.storage());
        assertThat(x.transpose().contiguous().storage()).isNotSameAs(x.storage());
        assertThat(x.transpose().reshape(24).storage()).isNotSameAs(x.storage());
    }

    @Test
    void slicesCountFromTheEnd() {
        Tensor x = Tensor.arange(7);
        assertThat(x.slice(0, -3, -1).toIntArray()).containsExactly(4, 5);
        assertThat(x.slice(0, 1, 7, 3).toIntArray()).containsExactly(1, 4);
        assertThat(x.slice(0, 1, 6, 2).slice(0, 1, 3).toIntArray()).containsExactly(3, 5);
        assertThat(x.slice(0, 3, 3).size()).isZero();
        assertThat(x.slice(0, 7, 7).size()).isZero();
        assertThat(x.select(0, -1).toIntArray()).containsExactly(6);
        fails(v -> v.slice(0, 5, 2), x, "slice: 5..2", "[7]");
        fails(v -> v.slice(0, 0, 8), x, "slice: 0..8");
        fails(v -> v.slice(0, -8, 2), x, "slice: -8..2");
        fails(v -> v.slice(0, 0, 7, 0), x, "by 0");
        Tensor last = counted(3, 4).slice(1, 3, 4);
        assertThat(last.toIntArray()).containsExactly(3, 7, 11);
    }

    @Test
    void partsJoinToTheWhole() {
        SplittableRandom random = new SplittableRandom(5);
        for (int round = 0; round < 40; round++) {
            int[] dims = random.ints(random.nextInt(1, 4), 1, 5).toArray();
            int axis = random.nextInt(dims.length);
            int cut = random.nextInt(dims[axis] + 1);
            Tensor x = counted(dims);
            List<Tensor> parts = x.split(axis - dims.length, cut, dims[axis] - cut);
            assertThat(Tensor.concat(axis, parts.toArray(Tensor[]::new)).toIntArray()).isEqualTo(x.toIntArray());
            Tensor stacked = Tensor.stack(axis, x, x.add(1));
            assertThat(stacked.dim(axis)).isEqualTo(2);
            assertThat(stacked.select(axis, 1).toIntArray()).isEqualTo(x.add(1).toIntArray());
            Tensor padded = x.pad(axis, 2, 1, -5);
            assertThat(padded.slice(axis, 2, 2 + dims[axis]).toIntArray()).isEqualTo(x.toIntArray());
            assertThat(padded.select(axis, 0).toIntArray()).containsOnly(-5);
            assertThat(padded.select(axis, -1).toIntArray()).containsOnly(-5);
        }
    }

    @Test
    void permutingAndInverting() {
        Tensor x = counted(2, 3, 4);
        Tensor y = x.permute(2, 0, -2);
        assertThat(y.shape()).isEqualTo(Shape.of(4, 2, 3));
        assertThat(y.permute(1, 2, 0).toIntArray()).isEqualTo(x.toIntArray());
        assertThat(y.select(0, 3).select(0, 1).toIntArray()).containsExactly(15, 19, 23);
        assertThat(x.transpose(0, 2).shape()).isEqualTo(Shape.of(4, 3, 2));
    }

    @Test
    void unitAxesComeAndGo() {
        Tensor x = counted(2, 3);
        assertThat(x.unsqueeze(0).shape()).isEqualTo(Shape.of(1, 2, 3));
        assertThat(x.unsqueeze(2).shape()).isEqualTo(Shape.of(2, 3, 1));
        assertThat(x.unsqueeze(-1).shape()).isEqualTo(Shape.of(2, 3, 1));
        assertThat(x.unsqueeze(-3).squeeze(0).shape()).isEqualTo(x.shape());
        assertThat(x.reshape(2, 1, 3).flatten(0, 1).shape()).isEqualTo(Shape.of(2, 3));
        assertThat(counted(2, 3, 4).flatten(-2, -1).shape()).isEqualTo(Shape.of(2, 12));
        assertThat(Tensor.ones(0, 3, 4).flatten(1, 2).shape()).isEqualTo(Shape.of(0, 12));
    }

    @Test
    void broadcastingFollowsNumPy() {
        SplittableRandom random = new SplittableRandom(9);
        for (int round = 0; round < 40; round++) {
            int[] dims = random.ints(random.nextInt(0, 4), 1, 4).toArray();
            int[] less = Arrays.copyOfRange(dims, random.nextInt(dims.length + 1), dims.length);
            for (int i = 0; i < less.length; i++) {
                less[i] = random.nextBoolean() ? 1 : less[i];
            }
            Tensor a = counted(dims);
            Tensor b = counted(less);
            Tensor sum = a.add(b);
            assertThat(sum.shape()).isEqualTo(a.shape());
            assertThat(sum.toIntArray()).isEqualTo(a.add(b.expand(dims).copy()).toIntArray());
            assertThat(b.add(a).toIntArray()).isEqualTo(sum.toIntArray());
        }
        assertThat(Tensor.ones(3, 1).add(Tensor.ones(1, 4)).shape()).isEqualTo(Shape.of(3, 4));
        assertThat(Tensor.ones(0, 1).add(Tensor.ones(3)).shape()).isEqualTo(Shape.of(0, 3));
        assertThat(Tensor.ones(2, 3).sumTo(Shape.of(3)).toArray()).containsOnly(2);
        assertThat(Tensor.ones(2, 3).sumTo(Shape.of(2, 1)).shape()).isEqualTo(Shape.of(2, 1));
    }

    @Test
    void reductionsKeepAxesOrDropThem() {
        Tensor x = counted(2, 3, 4);
        assertThat(x.sum(1).shape()).isEqualTo(Shape.of(2, 4));
        assertThat(x.sum(1, true).shape()).isEqualTo(Shape.of(2, 1, 4));
        assertThat(x.sum(new int[] {-1, 0}, false).toIntArray()).containsExactly(60, 92, 124);
        assertThat(x.sum().rank()).isZero();
        assertThat(x.sum(new int[0], false).toIntArray()).isEqualTo(x.toIntArray());
        assertThat(x.argmax(2).shape()).isEqualTo(Shape.of(2, 3));
        assertThat(x.mean(new int[] {0, 1, 2}, true).shape()).isEqualTo(Shape.of(1, 1, 1));
    }
}
