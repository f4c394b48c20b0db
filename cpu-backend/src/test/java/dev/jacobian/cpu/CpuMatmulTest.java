package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuMatmulTest {
    private final CpuBackend backend = Tensors.backend(2);

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "BOOL", mode = EnumSource.Mode.EXCLUDE)
    void multipliesBatchesOfAnyLayout(DType dtype) {
        View a = cast(Tensors.random(1, 3, 1, 5, 7).expand(Shape.of(3, 4, 5, 7)), dtype);
        View b = cast(Tensors.random(2, 3, 4, 9, 7), dtype).permute(0, 1, 3, 2);
        View out = cast(Tensors.random(3, 3, 4, 5, 9), dtype);
        double[] expected = Tensors.values(out);
        double[] left = Tensors.values(a);
        double[] right = Tensors.values(b);
        for (int i = 0; i < expected.length; i++) {
            for (int p = 0; p < 7; p++) {
                expected[i] += left[i / 9 * 7 + p] * right[i / 45 * 63 + p * 9 + i % 9];
            }
        }
        View plain = Tensors.empty(dtype, out.shape());
        backend.matmul(a, b, plain, false);
        double[] before = Tensors.values(out);
        backend.matmul(Tensors.scattered(a), b, out, true);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Tensors.values(out)[i]).isCloseTo(expected[i], within(2e-5));
            assertThat(Tensors.values(plain)[i]).isCloseTo(expected[i] - before[i], within(2e-5));
        }
    }

    private View cast(View x, DType dtype) {
        View out = Tensors.empty(dtype, x.shape());
        backend.copy(x, out);
        return out;
    }

    @Test
    void anEmptySumIsZero() {
        View out = Tensors.random(1, 2, 3);
        View a = Tensors.empty(DType.FLOAT32, Shape.of(2, 0));
        View b = Tensors.empty(DType.FLOAT32, Shape.of(0, 3));
        double[] before = Tensors.values(out);
        backend.matmul(a, b, out, true);
        assertThat(Tensors.values(out)).isEqualTo(before);
        backend.matmul(a, b, out, false);
        assertThat(Tensors.values(out)).containsOnly(0);
    }
}
