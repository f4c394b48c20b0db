package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuElementwiseTest {
    private final CpuBackend backend = Tensors.backend(2);

    /** A view of [n, 37] in every layout that the loops tell apart. */
    private static List<View> layouts(int n, long seed) {
        Shape shape = Shape.of(n, 37);
        View dense = Tensors.random(seed, n, 37);
        List<View> views = new ArrayList<>();
        views.add(dense);
        views.add(Tensors.transposed(dense));
        views.add(Tensors.scattered(dense));
        views.add(Tensors.random(seed, 37).expand(shape));
        views.add(Tensors.random(seed, n, 1).expand(shape));
        views.add(Tensors.random(seed).expand(shape));
        return views;
    }

    private static List<View> outputs(int n) {
        View dense = Tensors.empty(DType.FLOAT32, Shape.of(n, 37));
        return List.of(dense, Tensors.transposed(dense), Tensors.scattered(dense));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 3000})
    void everyLayoutIsRight(int n) {
        for (View a : layouts(n, 1)) {
            double[] left = Tensors.values(a);
            for (View out : outputs(n)) {
                backend.unary(UnaryOp.ABS, a, out);
                double[] result = Tensors.values(out);
                backend.binary(BinaryOp.MUL, a, 1.25, out);
                double[] product = Tensors.values(out);
                for (int i = 0; i < left.length; i++) {
                    assertThat(result[i]).isEqualTo(Math.abs(left[i]));
                    assertThat(product[i]).isEqualTo((float) (left[i] * 1.25));
                }
            }
            for (View b : layouts(n, 2)) {
                double[] right = Tensors.values(b);
                for (View out : outputs(n)) {
                    backend.binary(BinaryOp.SUB, a, b, out);
                    double[] result = Tensors.values(out);
                    for (int i = 0; i < left.length; i++) {
                        assertThat(result[i]).isEqualTo((float) (left[i] - right[i]));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(BinaryOp.class)
    void everyOperationIsThatOfItsDefinition(BinaryOp op) {
        View a = Tensors.random(3, 133);
        View b = Tensors.random(4, 133);
        for (double[] values : new double[][] {Tensors.values(a), Tensors.values(b)}) {
            assertThat(values).hasSize(133);
        }
        Tensors.set(a, 0, -0.0, Double.NaN, 1, Double.POSITIVE_INFINITY, 2);
        Tensors.set(b, -0.0, 0, 1, Double.NaN, Double.NEGATIVE_INFINITY, 0);
        View out = Tensors.empty(DType.FLOAT32, a.shape());
        backend.binary(op, a, b, out);
        double[] left = Tensors.values(a);
        double[] right = Tensors.values(b);
        double[] result = Tensors.values(out);
        for (int i = 0; i < left.length; i++) {
            double expected = (float) PlainMath.apply(op, left[i], right[i]);
            assertThat(result[i])
                    .as("%s(%s, %s)", op, left[i], right[i])
                    .satisfiesAnyOf(
                            y -> assertThat(y).isEqualTo(Double.valueOf(expected)),
                            y -> assertThat(Math.abs(y - expected)).isLessThan(5e-6 * (1 + Math.abs(expected))));
        }
    }

    @ParameterizedTest
    @EnumSource(CompareOp.class)
    void comparisonsAreThoseOfJava(CompareOp op) {
        for (int n : new int[] {1, 15, 16, 17, 40, 3000}) {
            for (View a : layouts(n, 1)) {
                for (View b : layouts(n, 1)) {
                    View out = Tensors.empty(DType.BOOL, a.shape());
                    backend.compare(op, a, b, out);
                    double[] left = Tensors.values(a);
                    double[] right = Tensors.values(b);
                    double[] result = Tensors.values(out);
                    for (int i = 0; i < left.length; i++) {
                        if (result[i] != (PlainMath.apply(op, left[i], right[i]) ? 1 : 0)) {
                            assertThat(result[i]).as("%s %s %s", left[i], op, right[i]).isEqualTo(-1);
                        }
                    }
                }
            }
            if (n > 40) {
                break;
            }
        }
        View nan = Tensors.floats(Shape.of(1), Double.NaN);
        View out = Tensors.empty(DType.BOOL, Shape.of(1));
        backend.compare(op, nan, nan, out);
        assertThat(Tensors.values(out)[0]).isEqualTo(op == CompareOp.NE ? 1 : 0);
    }

    @Test
    void whereChooses() {
        for (int n : new int[] {1, 5, 1000}) {
            View condition = Tensors.empty(DType.BOOL, Shape.of(n, 37));
            backend.compare(CompareOp.GT, Tensors.random(5, n, 37), Tensors.random(6, n, 37), condition);
            for (View mask : List.of(condition, Tensors.transposed(condition), Tensors.scattered(condition))) {
                for (View a : layouts(n, 7)) {
                    View b = Tensors.random(8, n, 37);
                    View out = Tensors.empty(DType.FLOAT32, a.shape());
                    backend.where(mask, a, b, out);
                    double[] taken = Tensors.values(mask);
                    double[] left = Tensors.values(a);
                    double[] right = Tensors.values(b);
                    double[] result = Tensors.values(out);
                    for (int i = 0; i < result.length; i++) {
                        assertThat(result[i]).isEqualTo(taken[i] != 0 ? left[i] : right[i]);
                    }
                }
            }
        }
    }

    @Test
    void outputsMayBeInputs() {
        for (View x : List.of(Tensors.random(1, 90, 40), Tensors.transposed(Tensors.random(1, 90, 40)))) {
            double[] before = Tensors.values(x);
            backend.binary(BinaryOp.ADD, x, x, x);
            backend.unary(UnaryOp.NEG, x, x);
            double[] after = Tensors.values(x);
            for (int i = 0; i < after.length; i++) {
                assertThat(after[i]).isEqualTo((float) (-2 * before[i]));
            }
        }
    }

    @Test
    void otherTypesHaveTheirOwnArithmetic() {
        View a = Tensors.ints(Integer.MAX_VALUE, -7, 65537);
        View b = Tensors.ints(1, 2, 65537);
        View out = Tensors.empty(DType.INT32, Shape.of(3));
        backend.binary(BinaryOp.ADD, a, b, out);
        assertThat(Tensors.values(out)).containsExactly(Integer.MIN_VALUE, -5, 131074);
        backend.binary(BinaryOp.MUL, a, b, out);
        assertThat(Tensors.values(out)).containsExactly(Integer.MAX_VALUE, -14, 131073);
        backend.unary(UnaryOp.SIGN, a, out);
        assertThat(Tensors.values(out)).containsExactly(1, -1, 1);
        assertThatThrownBy(() -> backend.unary(UnaryOp.EXP, a, out))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("EXP");

        View yes = Tensors.of(DType.BOOL, Shape.of(4), 0, 0, 1, 1);
        View no = Tensors.of(DType.BOOL, Shape.of(4), 0, 1, 0, 1);
        View bool = Tensors.empty(DType.BOOL, Shape.of(4));
        backend.binary(BinaryOp.MUL, yes, no, bool);
        assertThat(Tensors.values(bool)).containsExactly(0, 0, 0, 1);
        backend.binary(BinaryOp.MAXIMUM, yes, no, bool);
        assertThat(Tensors.values(bool)).containsExactly(0, 1, 1, 1);
        backend.unary(UnaryOp.NOT, yes, bool);
        assertThat(Tensors.values(bool)).containsExactly(1, 1, 0, 0);

        View x = Tensors.of(DType.FLOAT64, Shape.of(2), 0.1, -2);
        View y = Tensors.empty(DType.FLOAT64, Shape.of(2));
        backend.unary(UnaryOp.EXP, x, y);
        assertThat(Tensors.values(y)).containsExactly(Math.exp(0.1), Math.exp(-2));
    }
}
