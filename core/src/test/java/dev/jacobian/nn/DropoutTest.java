package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DropoutTest {
    @BeforeEach
    void seed() {
        Rng.seed(21);
    }

    @Test
    void dropsItsShareAndScalesTheRest() {
        float[] y = new Dropout(0.2).call(Tensor.full(2, 100, 100)).toArray();
        long zeros = IntStream.range(0, y.length).filter(i -> y[i] == 0).count();
        assertThat(zeros / 1e4).isCloseTo(0.2, within(4 * Math.sqrt(0.2 * 0.8 / 1e4)));
        for (float value : y) {
            assertThat(value == 0 || Math.abs(value - 2.5f) < 1e-6).as("%s", value).isTrue();
        }
    }

    @Test
    void drawsAnewForEveryCallLayerAndStepAndTheSameForTheSame() {
        Sequential model = new Sequential(new Dropout(0.5), new IdentityLayer());
        Sequential other = new Sequential(new IdentityLayer(), new Dropout(0.5));
        Tensor x = Tensor.ones(256);
        float[] first = model.call(x).toArray();
        float[] second = model.call(x).toArray();
        float[] elsewhere = other.call(x).toArray();
        Rng.nextStep();
        float[] later = model.call(x).toArray();
        assertThat(second).isNotEqualTo(first);
        assertThat(elsewhere).isNotEqualTo(first).isNotEqualTo(second);
        assertThat(later).isNotEqualTo(first).isNotEqualTo(second);
        Rng.seed(21);
        assertThat(model.call(x).toArray()).containsExactly(first);
        assertThat(model.call(x).toArray()).containsExactly(second);
        Rng.seed(22);
        assertThat(model.call(x).toArray()).isNotEqualTo(first);
    }

    @Test
    void doesNothingInEvaluationAndAtZero() {
        Dropout dropout = new Dropout();
        dropout.eval();
        Tensor x = Tensor.ones(8);
        assertThat(dropout.call(x)).isSameAs(x);
        assertThat(new Dropout(0).call(x)).isSameAs(x);
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(new Dropout(0.4), Rng.normal(4, 5))).isEqualTo(20);
    }

    @Test
    void dropsEverythingAtOne() {
        Dropout dropout = new Dropout(1);
        Tensor x = Tensor.of(1, Float.NaN, Float.POSITIVE_INFINITY).requireGrad();
        Tensor y = dropout.call(x);
        assertThat(y.toArray()).containsExactly(0, 0, 0);
        y.mul(3).sum().backward();
        assertThat(x.grad().toArray()).containsExactly(0, 0, 0);
        assertThat(LayerGradients.check(new Dropout(1), Rng.normal(2, 3))).isEqualTo(6);
        dropout.eval();
        assertThat(dropout.call(x)).isSameAs(x);
    }

    @Test
    void refusesImpossibleProbabilities() {
        for (double p : new double[] {-0.1, 1.5, Double.NaN}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new Dropout(p))
                    .withMessage("dropout: p " + p + ", expected 0..1");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new Dropout(0.5).call(Tensor.of(1, 2)))
                .withMessage("dropout: type int32, expected a floating-point type; convert with to(DType.FLOAT32)"
                        + " (in Dropout)");
        assertThat(new Dropout(0.3)).hasToString("Dropout(p=0.3)");
    }
}
