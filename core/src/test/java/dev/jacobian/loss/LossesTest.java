package dev.jacobian.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The losses other than cross-entropy. */
final class LossesTest {
    private static final Offset<Double> CLOSE = within(1e-12);

    @BeforeEach
    void seed() {
        Rng.seed(4);
    }

    @Test
    void squaresErrors() {
        Tensor x = Tensor.of(1.0, 2, 3);
        Tensor t = Tensor.of(1.0, 4, 0);
        assertThat(new MseLoss().call(x, t).item()).isCloseTo(13.0 / 3, CLOSE);
        assertThat(new MseLoss(Reduction.SUM).call(x, t).item()).isEqualTo(13);
        assertThat(new MseLoss(Reduction.NONE).call(x, t).toDoubleArray()).containsExactly(0, 4, 9);
        assertThat(new MseLoss().call(x, Tensor.of(1, 4, 0)).item()).isCloseTo(13.0 / 3, CLOSE);
        assertThat(new MseLoss().call(Tensor.zeros(0), Tensor.zeros(0)).item()).isNaN();
    }

    @Test
    void takesAbsoluteErrors() {
        assertThat(new L1Loss().call(Tensor.of(1.0, 2, 3), Tensor.of(1.0, 4, 0)).item()).isCloseTo(5.0 / 3, CLOSE);
    }

    @Test
    void binaryCrossEntropyKeepsTheSmallLossesOfConfidentLogits() {
        Tensor losses = new BceWithLogitsLoss(Reduction.NONE).call(Tensor.of(20f, -20f, 60f), Tensor.of(1f, 0f, 1f));
        float small = (float) Math.log1p(Math.exp(-20));
        assertThat(losses.toArray()).containsExactly(new float[] {small, small, (float) Math.exp(-60)}, within(1e-15f));
    }

    @Test
    void computesBinaryCrossEntropy() {
        double[] x = {-2, 0, 0.5, 40, -800, 800};
        double[] t = {0, 1, 0.3, 1, 0, 0};
        double[] losses = new BceWithLogitsLoss(Reduction.NONE).call(Tensor.of(x), Tensor.of(t)).toDoubleArray();
        for (int i = 0; i < 4; i++) {
            double p = 1 / (1 + Math.exp(-x[i]));
            double expected = -t[i] * Math.log(p) - (t[i] == 1 ? 0 : (1 - t[i]) * Math.log(1 - p));
            assertThat(losses[i]).as("x = %s", x[i]).isCloseTo(expected, within(1e-10));
        }
        assertThat(losses[4]).isZero();
        assertThat(losses[5]).isEqualTo(800);

        Tensor zero = Tensor.of(0.0, 0.0).requireGrad();
        new BceWithLogitsLoss(Reduction.SUM).call(zero, Tensor.of(1.0, 0.0)).backward();
        assertThat(zero.grad().toDoubleArray()).containsExactly(-0.5, 0.5);
    }

    @Test
    void picksLogProbabilities() {
        Tensor x = Rng.normal(3, 4).to(DType.FLOAT64);
        Tensor t = Tensor.of(3, 0, -100);
        assertThat(new NllLoss().call(x.logSoftmax(1), t).item())
                .isCloseTo(new CrossEntropyLoss().call(x, t).item(), CLOSE);
        Tensor planes = Rng.normal(2, 4, 3).to(DType.FLOAT64);
        Tensor labels = Tensor.of(0, 1, 2, 3, 2, 1).reshape(2, 3);
        Tensor none = new NllLoss(-100, Reduction.NONE).call(planes, labels);
        assertThat(none.shape()).isEqualTo(Shape.of(2, 3));
        assertThat(none.select(0, 1).select(0, 0).item())
                .isEqualTo(-planes.select(0, 1).select(0, 3).select(0, 0).item());
        assertThat(new NllLoss().call(x, Tensor.of(-100, -100, -100)).item()).isNaN();
    }

    @Test
    void asksForAMargin() {
        // label 1: (1 − 2 + 0.5)+ = 0, (1 − 2 + 3)+ = 2; over 3 classes.
        Tensor x = Tensor.of(new double[][] {{0.5, 2, 3}});
        assertThat(new MultiMarginLoss().call(x, Tensor.of(1)).item()).isCloseTo(2.0 / 3, CLOSE);
        assertThat(new MultiMarginLoss(2, Reduction.SUM).call(x, Tensor.of(1)).item()).isCloseTo(3.5 / 3, CLOSE);
        assertThat(new MultiMarginLoss(1, Reduction.NONE).call(x.reshape(3), Tensor.of(1).reshape()).shape())
                .isEqualTo(Shape.SCALAR);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MultiMarginLoss().call(Tensor.ones(1, 2, 1), Tensor.of(1).reshape(1, 1)))
                .withMessage("multi margin loss: prediction of shape [1, 2, 1], expected [C] or [N, C]");
    }

    /**
     * ∂/∂o of the hinge loss of a softmax p: Σ over l ≠ y with p_l − p_y + margin > 0 of p_j ([l=j] − [y=j] − p_l +
     * p_y).
     */
    @Test
    void differentiatesTheHingeOfASoftmax() {
        Tensor logits = Rng.normal(3, 4).to(DType.FLOAT64).requireGrad();
        int[] labels = {1, 3, 0};
        double margin = 0.2;
        Tensor p = logits.softmax(1);
        new MultiMarginLoss(margin, Reduction.SUM).call(p, Tensor.of(labels)).mul(4).backward();
        double[] probability = p.toDoubleArray();
        double[] gradient = logits.grad().toDoubleArray();
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 4; j++) {
                double expected = 0;
                double py = probability[i * 4 + labels[i]];
                for (int l = 0; l < 4; l++) {
                    double pl = probability[i * 4 + l];
                    if (l != labels[i] && pl - py + margin > 0) {
                        expected += probability[i * 4 + j] * ((l == j ? 1 : 0) - (labels[i] == j ? 1 : 0) - pl + py);
                    }
                }
                assertThat(gradient[i * 4 + j]).isCloseTo(expected, CLOSE);
            }
        }
    }

    @Test
    void hasRightGradients() {
        for (Reduction reduction : Reduction.values()) {
            for (Loss loss : List.of(new MseLoss(reduction), new L1Loss(reduction), new BceWithLogitsLoss(reduction))) {
                GradientCheck.of(xs -> loss.call(xs.get(0), xs.get(1)), Rng.normal(3, 2), Rng.normal(3, 2)).orThrow();
            }
            Tensor labels = Tensor.of(1, 0, 3);
            for (Loss loss : List.of(new NllLoss(0, reduction), new MultiMarginLoss(1, reduction))) {
                GradientCheck.of(x -> loss.call(x, labels), Rng.normal(3, 4)).orThrow();
            }
        }
    }

    @Test
    void saysWhatDoesNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new MseLoss().call(Tensor.ones(4, 1), Tensor.ones(4)))
                .withMessage(
                        "mse loss: prediction of shape [4, 1] and target of shape [4], expected equal shapes; reshape"
                                + " one of them");
        assertThatIllegalArgumentException().isThrownBy(() -> new L1Loss().call(Tensor.of(1), Tensor.of(1)))
                .withMessage("l1 loss: prediction of type int32, expected a floating-point type; convert with"
                        + " to(DType.FLOAT32)");
        assertThatIllegalArgumentException().isThrownBy(() -> new NllLoss().call(Tensor.ones(2, 3), Tensor.ones(2)))
                .withMessage("nll loss: labels of type float32, expected int32; convert with to(DType.INT32)");
        for (Loss loss : List.of(new NllLoss(), new MultiMarginLoss())) {
            assertThatThrownBy(() -> loss.call(Tensor.ones(2, 3), Tensor.of(0, 3)).item())
                    .isInstanceOf(IndexRangeException.class)
                    .hasMessageContaining("index 3 at element 1 out of range; expected 0..2");
        }
    }
}
