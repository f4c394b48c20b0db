package dev.jacobian.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GradientsTest {
    private static Param withGradient(double... gradient) {
        Param param = Param.of("weight", Tensor.of(new double[gradient.length]));
        param.accumulateGrad(Tensor.of(gradient));
        return param;
    }

    @Test
    void clipNormScalesAllGradientsByOneFactor() {
        Param a = withGradient(3, 0);
        Param b = withGradient(-4);
        Param untouched = Param.of("bias", Tensor.of(1f));
        Tensor norm;
        try (var _ = MemoryScope.open()) {
            norm = MemoryScope.keep(Gradients.clipNorm(List.of(a, untouched, b), 1));
        }
        assertThat(norm.item()).isEqualTo(5);
        double factor = 1 / (5 + 1e-6);
        assertThat(a.grad().toDoubleArray()).containsExactly(new double[] {3 * factor, 0}, within(1e-15));
        assertThat(b.grad().item()).isCloseTo(-4 * factor, within(1e-15));
        assertThat(untouched.grad()).isNull();
        assertThat(a.hasFreshGrad()).isTrue();
    }

    @Test
    void clipNormLeavesSmallGradientsAlone() {
        Param param = withGradient(3, 4);
        assertThat(Gradients.clipNorm(List.of(param), 100).item()).isEqualTo(5);
        assertThat(param.grad().toDoubleArray()).containsExactly(3, 4);
        Param zero = withGradient(0, 0);
        assertThat(Gradients.clipNorm(List.of(zero), 1).item()).isZero();
        assertThat(zero.grad().toDoubleArray()).containsExactly(0, 0);
    }

    @Test
    void clipNormAcrossTypes() {
        Param wide = withGradient(3);
        Param narrow = Param.of("weight", Tensor.of(0f));
        narrow.accumulateGrad(Tensor.of(4f));
        assertThat(Gradients.clipNorm(List.of(wide, narrow), 2.5).item()).isEqualTo(5);
        assertThat(narrow.grad().item()).isCloseTo(2, within(1e-6));
    }

    @Test
    void clipValueCutsEachElement() {
        Param param = withGradient(-3, 0.5, 2);
        Gradients.clipValue(List.of(param), 1);
        assertThat(param.grad().toDoubleArray()).containsExactly(-1, 0.5, 1);
    }

    @Test
    void saysWhatIsWrong() {
        Param param = withGradient(1);
        assertThatThrownBy(() -> Gradients.clipNorm(List.of(param), 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Gradients.clipValue(List.of(param), Double.NaN))
                .isInstanceOf(IllegalArgumentException.class);
        param.useUpGrad();
        assertThatThrownBy(() -> Gradients.clipNorm(List.of(param), 1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("backward()");
        assertThatThrownBy(() -> Gradients.clipValue(List.of(param), 1)).hasMessageContaining("clip value");
    }
}
