package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The layers without parameters. */
final class ActivationsTest {
    private static final double[] POINTS = {-30, -3, -1, -0.1, 0.1, 0.7, 2, 30};

    /** Layer, what PyTorch would print, its definition, and its derivative at 0. */
    static Stream<Arguments> elementwise() {
        return Stream.of(
                activation(new ReLU(), "ReLU()", x -> Math.max(x, 0), 0),
                activation(new LeakyReLU(), "LeakyReLU(negative_slope=0.01)", x -> x > 0 ? x : 0.01 * x, 0.01),
                activation(new LeakyReLU(0.3), "LeakyReLU(negative_slope=0.3)", x -> x > 0 ? x : 0.3 * x, 0.3),
                activation(new ELU(), "ELU(alpha=1.0)", x -> x > 0 ? x : Math.expm1(x), 1),
                activation(new ELU(0.5), "ELU(alpha=0.5)", x -> x > 0 ? x : 0.5 * Math.expm1(x), 0.5),
                activation(new SiLU(), "SiLU()", x -> x / (1 + Math.exp(-x)), 0.5),
                activation(new Tanh(), "Tanh()", Math::tanh, 1),
                activation(new Sigmoid(), "Sigmoid()", x -> 1 / (1 + Math.exp(-x)), 0.25),
                activation(new Softplus(), "Softplus(beta=1.0)", x -> Math.log1p(Math.exp(x)), 0.5),
                activation(new Softplus(2), "Softplus(beta=2.0)", x -> Math.log1p(Math.exp(2 * x)) / 2, 0.5),
                activation(new IdentityLayer(), "IdentityLayer()", x -> x, 1));
    }

    private static Arguments activation(Layer layer, String text, DoubleUnaryOperator definition, double slope) {
        return arguments(layer, text, definition, slope);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("elementwise")
    void followsItsDefinition(Layer layer, String text, DoubleUnaryOperator definition, double slopeAtZero) {
        double[] y = layer.call(Tensor.of(POINTS)).toDoubleArray();
        for (int i = 0; i < POINTS.length; i++) {
            double expected = definition.applyAsDouble(POINTS[i]);
            assertThat(y[i]).as("at %s", POINTS[i]).isCloseTo(expected,
                    within(1e-12 * Math.max(1, Math.abs(expected))));
        }
        assertThat(layer.call(Tensor.scalar(Double.NaN)).item()).isNaN();
        assertThat(layer).hasToString(text);
        assertThat(layer.parameters()).isEmpty();
        assertThat(LayerGradients.check(layer, Tensor.of(POINTS))).isEqualTo(POINTS.length);

        Tensor zero = Tensor.scalar(0).requireGrad();
        layer.call(zero).mul(1).backward();
        assertThat(zero.grad().item()).isCloseTo(slopeAtZero, within(1e-7));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("elementwise")
    void keepsGradientsFiniteForLargeInputs(Layer layer, String text, DoubleUnaryOperator definition, double slope) {
        Tensor x = Tensor.of(-1e4f, 1e4f).requireGrad();
        layer.call(x).mul(1).sum().backward();
        assertThat(x.grad().toArray()).doesNotContain(Float.NaN);
    }

    @Test
    void computesGelu() {
        // x/2 (1 + erf(x/√2)) with erf from tables.
        assertThat(new GELU().call(Tensor.of(-1.0, 0, 1, 2)).toDoubleArray())
                .containsExactly(new double[] {-0.15865525393145707, 0, 0.8413447460685429, 1.9544997361036416},
                        within(1e-12));
        assertThat(LayerGradients.check(new GELU(), Rng.normal(6))).isEqualTo(6);
        assertThat(new GELU()).hasToString("GELU()");
    }

    @Test
    void normalisesAlongAnAxis() {
        Tensor x = Tensor.of(new double[][] {{0, Math.log(3)}, {1, 1}});
        assertThat(new Softmax(-1).call(x).toDoubleArray())
                .containsExactly(new double[] {0.25, 0.75, 0.5, 0.5}, within(1e-12));
        assertThat(new LogSoftmax(1).call(x).toDoubleArray())
                .containsExactly(new double[] {Math.log(0.25), Math.log(0.75), Math.log(0.5), Math.log(0.5)},
                        within(1e-12));
        Tensor random = Rng.normal(2, 3, 2);
        assertThat(LayerGradients.check(new Softmax(1), random)).isEqualTo(12);
        assertThat(LayerGradients.check(new LogSoftmax(0), random)).isEqualTo(12);
        assertThat(new Softmax(1)).hasToString("Softmax(dim=1)");
        assertThat(new LogSoftmax(-1)).hasToString("LogSoftmax(dim=-1)");
        assertThatIllegalArgumentException().isThrownBy(() -> new Softmax(3).call(Tensor.ones(2, 5)))
                .withMessage("softmax: axis 3 out of range for shape [2, 5]; valid -2..1 (in Softmax)");
        assertThatIllegalArgumentException().isThrownBy(() -> new LogSoftmax(0).call(Tensor.of(1, 2)));
    }

    @Test
    void flattens() {
        Tensor x = Rng.normal(2, 3, 4, 5);
        assertThat(new Flatten().call(x).shape()).isEqualTo(Shape.of(2, 60));
        assertThat(new Flatten(0, 1).call(x).shape()).isEqualTo(Shape.of(6, 4, 5));
        assertThat(new Flatten(-2, -1).call(x).toArray()).containsExactly(x.toArray());
        assertThat(new Flatten()).hasToString("Flatten(start_dim=1, end_dim=-1)");
        assertThat(LayerGradients.check(new Flatten(), Rng.normal(2, 2, 2))).isEqualTo(8);
        assertThatIllegalArgumentException().isThrownBy(() -> new Flatten().call(Tensor.ones(3)))
                .withMessage("flatten: axis 1 out of range for shape [3]; valid -1..0 (in Flatten)");
    }

    @Test
    void refusesIntegersWhereTheyMakeNoSense() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Tanh().call(Tensor.of(1, 2)))
                .withMessage("tanh: not defined for int32; convert with to(DType.FLOAT32) (in Tanh)");
        assertThatIllegalArgumentException().isThrownBy(() -> new Softplus(0))
                .withMessage("softplus: beta 0.0, expected above 0");
        assertThat(new ReLU().call(Tensor.of(-1, 2)).dtype()).isEqualTo(DType.INT32);
    }
}
