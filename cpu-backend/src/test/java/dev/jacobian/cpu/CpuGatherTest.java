package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuGatherTest {
    private final CpuBackend backend = Tensors.backend(2);

    private static View indices(int limit, int... dims) {
        Shape shape = Shape.of(dims);
        double[] values = new Random(1).ints(shape.size(), 0, limit).asDoubleStream().toArray();
        return Tensors.of(DType.INT32, shape, values);
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void gathersAlongEveryAxis(DType dtype) {
        View x = Tensors.of(dtype, Shape.of(4, 6), new Random(2).ints(24, 0, 2).asDoubleStream().toArray());
        View down = indices(4, 9, 6);
        View across = indices(6, 4, 11);
        for (View source : List.of(x, Tensors.transposed(x), Tensors.scattered(x))) {
            View out = Tensors.empty(dtype, down.shape());
            backend.gather(source, 0, down, out);
            View wide = Tensors.empty(dtype, across.shape());
            backend.gather(source, 1, across, wide);
            double[] values = Tensors.values(x);
            for (int i = 0; i < 54; i++) {
                int row = (int) Tensors.values(down)[i];
                assertThat(Tensors.values(out)[i]).isEqualTo(values[row * 6 + i % 6]);
            }
            for (int i = 0; i < 44; i++) {
                int column = (int) Tensors.values(across)[i];
                assertThat(Tensors.values(wide)[i]).isEqualTo(values[i / 11 * 6 + column]);
            }
        }
    }

    @Test
    void selectsAndAddsWholeRows() {
        for (int width : new int[] {1, 7, 64, 500}) {
            View x = Tensors.random(3, 20, width);
            View rows = indices(20, 90, 1);
            View index = rows.expand(Shape.of(90, width));
            View out = Tensors.empty(DType.FLOAT32, index.shape());
            backend.gather(x, 0, index, out);
            View sum = Tensors.random(4, 20, width);
            double[] expected = Tensors.values(sum);
            double[] values = Tensors.values(x);
            double[] selected = Tensors.values(out);
            backend.scatterAdd(out, 0, index, sum);
            for (int i = 0; i < 90; i++) {
                int row = (int) Tensors.values(rows)[i];
                for (int c = 0; c < width; c++) {
                    assertThat(selected[i * width + c]).isEqualTo(values[row * width + c]);
                    expected[row * width + c] = (float) (expected[row * width + c] + values[row * width + c]);
                }
            }
            assertThat(Tensors.values(sum)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "BOOL", mode = EnumSource.Mode.EXCLUDE)
    void addsAlongEveryAxis(DType dtype) {
        View x = Tensors.of(dtype, Shape.of(30, 8), new Random(5).ints(240, -9, 9).asDoubleStream().toArray());
        View index = indices(4, 30, 8);
        View out = Tensors.of(dtype, Shape.of(4, 8));
        backend.scatterAdd(Tensors.scattered(x), 0, index, out);
        double[] expected = new double[32];
        for (int i = 0; i < 240; i++) {
            expected[((int) Tensors.values(index)[i]) * 8 + i % 8] += Tensors.values(x)[i];
        }
        assertThat(Tensors.values(out)).isEqualTo(expected);
        View line = Tensors.of(dtype, Shape.of(4));
        backend.scatterAdd(Tensors.of(dtype, Shape.of(5), 1, 2, 3, 4, 5), 0, Tensors.ints(3, 0, 3, 3, 0), line);
        assertThat(Tensors.values(line)).containsExactly(7, 0, 0, 8);
    }

    @Test
    void badIndicesAreNamedAndNothingIsTouched() {
        View x = Tensors.random(6, 3, 2);
        View index = Tensors.of(DType.INT32, Shape.of(2, 2), 0, 2, 3, -1);
        View out = Tensors.empty(DType.FLOAT32, Shape.of(2, 2));
        assertThatThrownBy(() -> backend.gather(x, 0, index, out))
                .isInstanceOf(IndexRangeException.class)
                .hasMessage("gather: index 3 at element 2 out of range; expected 0..2");
        assertThatThrownBy(() -> backend.gather(x, 0, Tensors.transposed(index), out))
                .hasMessage("gather: index 3 at element 2 out of range; expected 0..2");
        View sum = Tensors.floats(Shape.of(3, 2));
        assertThatThrownBy(() -> backend.scatterAdd(out, 0, index, sum))
                .isInstanceOf(IndexRangeException.class)
                .hasMessageStartingWith("scatterAdd: index 3 at element 2");
    }
}
