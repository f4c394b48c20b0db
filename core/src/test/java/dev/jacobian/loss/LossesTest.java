package dev.jacobian.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
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

    /** p = [¼, ¼, ½]: with label 2 and margin ½ the others' hinges are ¼; with label 0 they are ½ and ¾. */
    @Test
    void asksForAMarginOfProbabilities() {
        Tensor x = Tensor.of(new double[][] {{0, 0, Math.log(2)}, {0, 0, Math.log(2)}});
        Tensor labels = Tensor.of(2, 0);
        assertThat(new SoftmaxMarginLoss().call(x, labels).item()).isCloseTo((0.5 + 1.25) / 2, CLOSE);
        assertThat(new SoftmaxMarginLoss(0.5)).isEqualTo(new SoftmaxMarginLoss());
        assertThat(new SoftmaxMarginLoss(0.5, Reduction.SUM).call(x, labels).item()).isCloseTo(0.5 + 1.25, CLOSE);
        assertThat(new SoftmaxMarginLoss(0.1, Reduction.NONE).call(x, labels).toDoubleArray())
                .containsExactly(new double[] {0, 0.45}, CLOSE);
        Tensor single = new SoftmaxMarginLoss(0.5, Reduction.NONE).call(x.select(0, 1), Tensor.of(0).reshape());
        assertThat(single.shape()).isEqualTo(Shape.SCALAR);
        assertThat(single.item()).isCloseTo(1.25, CLOSE);
        Tensor planes = x.unsqueeze(2).expand(2, 3, 4).copy();
        Tensor everywhere = new SoftmaxMarginLoss(0.5, Reduction.NONE).call(planes, Tensor.zeros(2, 4).to(DType.INT32));
        assertThat(everywhere.shape()).isEqualTo(Shape.of(2, 4));
        assertThat(everywhere.sub(1.25).abs().max().item()).isCloseTo(0, CLOSE);
    }

    @Test
    void marginsOfProbabilitiesEndAtOne() {
        Tensor x = Rng.normal(5, 4).to(DType.FLOAT64).requireGrad();
        Tensor labels = Tensor.of(0, 1, 2, 3, 0);
        Tensor own = x.softmax(1).gather(1, labels.unsqueeze(1)).squeeze(1);
        Tensor gradient = Autograd.grad(v -> new SoftmaxMarginLoss(1, Reduction.SUM).call(v, labels), x.detach());
        for (double margin : new double[] {1, 1.5, 7}) {
            Tensor losses = new SoftmaxMarginLoss(margin, Reduction.NONE).call(x, labels);
            assertThat(losses.sub(own.mul(-4).add(1 + 3 * margin)).abs().max().item()).isCloseTo(0, CLOSE);
            Tensor same = Autograd.grad(v -> new SoftmaxMarginLoss(margin, Reduction.SUM).call(v, labels), x.detach());
            assertThat(same.sub(gradient).abs().max().item()).isCloseTo(0, CLOSE);
        }
        for (double margin : new double[] {-1, -3}) {
            assertThat(new SoftmaxMarginLoss(margin, Reduction.SUM).call(x, labels).item()).isZero();
        }
        Tensor equal = Tensor.zeros(2, 3).to(DType.FLOAT64).requireGrad();
        Tensor none = new SoftmaxMarginLoss(0, Reduction.SUM).call(equal, Tensor.of(2, 0));
        none.backward();
        assertThat(none.item()).isZero();
        assertThat(equal.grad().toDoubleArray()).containsOnly(0);
        for (double margin : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new SoftmaxMarginLoss(margin, Reduction.MEAN))
                    .withMessage("softmax margin loss: margin " + margin
                            + ", expected a finite number, best between 0 and 1");
        }
    }

    @Test
    void takesAnyProbabilities() {
        SoftmaxMarginLoss loss = new SoftmaxMarginLoss(0.5, Reduction.NONE);
        Tensor huge = Tensor.of(new double[][] {{1e30, -1e30, 0}, {-1e30, 1e30, 0}});
        assertThat(loss.call(huge, Tensor.of(0, 0)).toDoubleArray()).containsExactly(0, 2);
        assertThat(loss.call(Tensor.of(new double[][] {{3}, {-1e30}}), Tensor.of(0, 0)).toDoubleArray())
                .containsOnly(0);
        Tensor notNumbers = Tensor.of(new double[][] {
                {Double.NaN, 0}, {0, Double.POSITIVE_INFINITY}, {Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY}});
        assertThat(loss.call(notNumbers, Tensor.of(1, 1, 1)).toDoubleArray()).containsOnly(Double.NaN);
        assertThat(loss.call(Tensor.zeros(0, 3), Tensor.zeros(0).to(DType.INT32)).shape()).isEqualTo(Shape.of(0));
        assertThat(new SoftmaxMarginLoss().call(Tensor.zeros(0, 3), Tensor.zeros(0).to(DType.INT32)).item()).isNaN();
    }

    @Test
    void hasRightGradients() {
        for (Reduction reduction : Reduction.values()) {
            for (Loss loss : List.of(new MseLoss(reduction), new L1Loss(reduction), new BceWithLogitsLoss(reduction))) {
                GradientCheck.of(xs -> loss.call(xs.get(0), xs.get(1)), Rng.normal(3, 2), Rng.normal(3, 2)).orThrow();
            }
            Tensor labels = Tensor.of(1, 0, 3);
            for (Loss loss : List.of(new NllLoss(0, reduction), new MultiMarginLoss(1, reduction),
                    new SoftmaxMarginLoss(0.2, reduction))) {
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
        for (Loss loss : List.of(new NllLoss(), new MultiMarginLoss(), new SoftmaxMarginLoss())) {
            assertThatThrownBy(() -> loss.call(Tensor.ones(2, 3), Tensor.of(0, 3)).item())
                    .isInstanceOf(IndexRangeException.class)
                    .hasMessageContaining("index 3 at element 1 out of range; expected 0..2");
            assertThatIllegalArgumentException().isThrownBy(() -> loss.call(Tensor.ones(2, 0), Tensor.of(0, 1)))
                    .withMessageEndingWith("prediction of shape [2, 0], expected at least one class");
        }
    }
}
