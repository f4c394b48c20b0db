package dev.jacobian.nn.init;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class InitializerTest {
    @BeforeEach
    void seed() {
        Rng.seed(1);
    }

    /** Name, initialiser, shape, expected standard deviation, and the bound or 0 for none. */
    static Stream<Arguments> random() {
        double rootThree = Math.sqrt(3);
        // [64, 32, 3, 3]: fan-in 288, fan-out 576
        return Stream.of(
                arguments("uniform", Initializer.uniform(-0.5, 0.5), 0.5 / rootThree, 0.5),
                arguments("normal", Initializer.normal(0, 0.7), 0.7, 0),
                arguments("kaiming uniform", Initializer.kaimingUniform(0), Math.sqrt(2.0 / 288),
                        Math.sqrt(6.0 / 288)),
                arguments("kaiming uniform of PyTorch's layers", Initializer.kaimingUniform(Math.sqrt(5)),
                        Math.sqrt(1.0 / 288 / 3), Math.sqrt(1.0 / 288)),
                arguments("kaiming uniform, fan-out", Initializer.kaimingUniform(0, FanMode.FAN_OUT),
                        Math.sqrt(2.0 / 576), Math.sqrt(6.0 / 576)),
                arguments("kaiming normal", Initializer.kaimingNormal(0.2), Math.sqrt(2 / 1.04 / 288), 0),
                arguments("kaiming normal, fan-out", Initializer.kaimingNormal(0, FanMode.FAN_OUT),
                        Math.sqrt(2.0 / 576), 0),
                arguments("xavier uniform", Initializer.xavierUniform(1), Math.sqrt(2.0 / 864), Math.sqrt(6.0 / 864)),
                arguments("xavier normal", Initializer.xavierNormal(2), 2 * Math.sqrt(2.0 / 864), 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("random")
    void drawsWithItsMomentsAndTheSameForTheSameSeed(String name, Initializer initializer, double deviation,
            double bound) {
        Tensor drawn = initializer.initialize(64, 32, 3, 3);
        assertThat(drawn.shape()).isEqualTo(Shape.of(64, 32, 3, 3));
        assertThat(drawn.dtype()).isEqualTo(DType.FLOAT32);
        double[] x = drawn.toDoubleArray();
        double mean = Arrays.stream(x).average().orElseThrow();
        double spread = Math.sqrt(Arrays.stream(x).map(v -> v * v).average().orElseThrow());
        assertThat(mean).as(name).isCloseTo(0, within(5 * deviation / Math.sqrt(x.length)));
        assertThat(spread).as(name).isCloseTo(deviation, within(deviation * 0.03));
        double largest = Arrays.stream(x).map(Math::abs).max().orElseThrow();
        if (bound > 0) {
            assertThat(largest).isBetween(bound * 0.999, bound * (1 + 1e-6));
        } else {
            assertThat(largest).isGreaterThan(3 * deviation);
        }
        assertThat(initializer.initialize(64, 32, 3, 3).toDoubleArray()).isNotEqualTo(x);
        Rng.seed(1);
        assertThat(initializer.initialize(64, 32, 3, 3).toDoubleArray()).containsExactly(x);
    }

    @Test
    void shiftsAndFills() {
        double[] normal = Initializer.normal(5, 0.1).initialize(1000).toDoubleArray();
        assertThat(Arrays.stream(normal).average().orElseThrow()).isCloseTo(5, within(0.02));
        double[] uniform = Initializer.uniform(2, 3).initialize(100).toDoubleArray();
        assertThat(Arrays.stream(uniform)).allMatch(v -> v >= 2 && v <= 3);
        assertThat(Initializer.constant(0.25).initialize(2).toArray()).containsExactly(0.25f, 0.25f);
        assertThat(Initializer.zeros().initialize(2).toArray()).containsExactly(0, 0);
        assertThat(Initializer.ones().initialize().item()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("matrices")
    void drawsOrthonormalRowsOrColumns(int rows, int columns) {
        Tensor q = Initializer.orthogonal(2).initialize(rows, columns).to(DType.FLOAT64);
        Tensor square = rows <= columns ? q.matmul(q.transpose()) : q.transpose().matmul(q);
        int n = Math.min(rows, columns);
        assertThat(square.sub(Tensor.eye(n).mul(4)).abs().max().item()).isLessThan(1e-6);
    }

    static Stream<Arguments> matrices() {
        return Stream.of(arguments(1, 1), arguments(4, 4), arguments(3, 7), arguments(9, 2), arguments(1, 5),
                arguments(5, 1), arguments(33, 32));
    }

    @Test
    void drawsOrthogonalMatricesUniformly() {
        Tensor q = Initializer.orthogonal(1).initialize(8, 2, 2);
        assertThat(q.shape()).isEqualTo(Shape.of(8, 2, 2));
        // Of uniformly distributed ones, every element has mean 0; without the signs, the diagonal has not.
        double sum = 0;
        int draws = 400;
        for (int i = 0; i < draws; i++) {
            double[] m = Initializer.orthogonal(1).initialize(2, 2).toDoubleArray();
            sum += m[0];
        }
        assertThat(sum / draws).isCloseTo(0, within(4 * Math.sqrt(0.5 / draws)));
        assertThat(Initializer.orthogonal(1).initialize(0, 3).size()).isZero();
    }

    @Test
    void refusesWhatHasNoFans() {
        assertThatIllegalArgumentException().isThrownBy(() -> Initializer.kaimingUniform(0).initialize(5))
                .withMessage(
                        "kaiming uniform: shape [5], expected at least two axes, [out, in, ...]; use uniform, normal"
                                + " or constant for biases");
        assertThatIllegalArgumentException().isThrownBy(() -> Initializer.xavierNormal(1).initialize())
                .withMessageStartingWith("xavier normal: shape []");
        assertThatIllegalArgumentException().isThrownBy(() -> Initializer.orthogonal(1).initialize(5))
                .withMessage("orthogonal: shape [5], expected at least two axes; use normal for biases");
        assertThatIllegalArgumentException().isThrownBy(() -> Initializer.uniform(1, 0))
                .withMessage("uniform: low 1.0, high 0.0, expected low <= high");
        assertThatIllegalArgumentException().isThrownBy(() -> Initializer.normal(0, -1))
                .withMessage("normal: standard deviation -1.0, expected at least 0");
        assertThat(Initializer.xavierUniform(1).initialize(0, 0).size()).isZero();
        assertThat(Initializer.kaimingNormal(0).initialize(3, 0).size()).isZero();
    }
}
