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
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class CrossEntropyLossTest {
    private static final Offset<Double> CLOSE = within(1e-12);

    private final CrossEntropyLoss loss = new CrossEntropyLoss();

    @BeforeEach
    void seed() {
        Rng.seed(2);
    }

    private static double[] each(double[][] logits, int[] labels, double smoothing) {
        double[] losses = new double[labels.length];
        for (int i = 0; i < losses.length; i++) {
            double sum = 0;
            double plain = 0;
            for (double x : logits[i]) {
                sum += Math.exp(x);
                plain += x;
            }
            int c = logits[i].length;
            losses[i] = Math.log(sum) - (1 - smoothing) * logits[i][labels[i]] - smoothing * plain / c;
        }
        return losses;
    }

    @Test
    void takesClassIndices() {
        double[][] logits = {{1, 2, 3}, {0.5, -1, 0}};
        int[] labels = {2, 1};
        double[] expected = each(logits, labels, 0);
        Tensor x = Tensor.of(logits);
        Tensor t = Tensor.of(labels);
        assertThat(loss.call(x, t).item()).isCloseTo((expected[0] + expected[1]) / 2, CLOSE);
        assertThat(loss.call(x, t).rank()).isZero();
        assertThat(loss.reduction(Reduction.SUM).call(x, t).item()).isCloseTo(expected[0] + expected[1], CLOSE);
        assertThat(loss.reduction(Reduction.NONE).call(x, t).toDoubleArray()).containsExactly(expected, CLOSE);
        assertThat(loss.reduction(Reduction.NONE).labelSmoothing(0.3).call(x, t).toDoubleArray())
                .containsExactly(each(logits, labels, 0.3), CLOSE);
        assertThat(loss.call(Tensor.of(logits[0]), Tensor.of(2).reshape()).item()).isCloseTo(expected[0], CLOSE);
    }

    @Test
    void takesProbabilities() {
        Tensor x = Rng.normal(4, 3).to(DType.FLOAT64);
        Tensor labels = Tensor.of(0, 2, 1, 1);
        for (double smoothing : new double[] {0, 0.2}) {
            for (Reduction reduction : Reduction.values()) {
                CrossEntropyLoss kind = new CrossEntropyLoss(-100, smoothing, reduction);
                assertThat(kind.call(x, labels.oneHot(3)).toDoubleArray())
                        .containsExactly(kind.call(x, labels).toDoubleArray(), CLOSE);
            }
        }
        Tensor soft = Rng.normal(4, 3).softmax(1);
        double expected = -x.logSoftmax(1).mul(soft).sum().item() / 4;
        assertThat(loss.call(x, soft).item()).isCloseTo(expected, CLOSE);
    }

    @Test
    void takesFurtherAxesBehindTheClasses() {
        Tensor x = Rng.normal(2, 3, 4, 5).to(DType.FLOAT64);
        int[] labels = new int[40];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i * 7 % 3;
        }
        Tensor t = Tensor.of(labels).reshape(2, 4, 5);
        Tensor none = loss.reduction(Reduction.NONE).call(x, t);
        assertThat(none.shape()).isEqualTo(Shape.of(2, 4, 5));
        Tensor logProbability = x.logSoftmax(1);
        for (int[] place : new int[][] {{0, 0, 0}, {1, 2, 3}, {1, 3, 4}}) {
            int label = labels[place[0] * 20 + place[1] * 5 + place[2]];
            double expected = -logProbability.select(0, place[0]).select(0, label).select(0, place[1])
                    .select(0, place[2]).item();
            assertThat(none.select(0, place[0]).select(0, place[1]).select(0, place[2]).item()).isCloseTo(expected,
                    CLOSE);
        }
        assertThat(loss.call(x, t).item()).isCloseTo(none.mean().item(), CLOSE);
        Tensor probabilities = t.oneHot(3).permute(0, 3, 1, 2);
        assertThat(loss.call(x, probabilities).item()).isCloseTo(none.mean().item(), CLOSE);
    }

    @Test
    void leavesOutIgnoredExamples() {
        double[][] logits = {{1, 2, 3}, {0.5, -1, 0}, {0, 0, 9}};
        double[] expected = each(logits, new int[] {2, 0, 1}, 0);
        Tensor x = Tensor.of(logits).requireGrad();
        Tensor result = loss.call(x, Tensor.of(2, -100, 1));
        assertThat(result.item()).isCloseTo((expected[0] + expected[2]) / 2, CLOSE);
        result.backward();
        assertThat(x.grad().select(0, 1).toDoubleArray()).containsExactly(0, 0, 0);
        assertThat(loss.ignoreIndex(2).call(x, Tensor.of(2, 0, 2)).item()).isCloseTo(expected[1], CLOSE);
        assertThat(loss.ignoreIndex(2).reduction(Reduction.SUM).call(x, Tensor.of(2, 0, 1)).item())
                .isCloseTo(expected[1] + expected[2], CLOSE);
        assertThat(loss.call(x, Tensor.of(-100, -100, -100)).item()).isNaN();
        assertThat(loss.reduction(Reduction.SUM).call(x, Tensor.of(-100, -100, -100)).item()).isZero();
    }

    @Test
    void staysFiniteForLargeLogits() {
        Tensor x = Tensor.of(new float[][] {{1e4f, 0, -1e4f}}).requireGrad();
        Tensor result = loss.call(x, Tensor.of(1));
        assertThat(result.item()).isEqualTo(1e4);
        result.backward();
        assertThat(x.grad().toArray()).containsExactly(1, -1, 0);
    }

    @Test
    void hasRightGradients() {
        Tensor labels = Tensor.of(2, -100, 0, 1);
        for (Reduction reduction : Reduction.values()) {
            for (double smoothing : new double[] {0, 0.3}) {
                CrossEntropyLoss kind = new CrossEntropyLoss(-100, smoothing, reduction);
                GradientCheck.of(x -> kind.call(x, labels), Rng.normal(4, 3)).orThrow();
                GradientCheck.secondOrder(x -> kind.call(x, labels), Rng.normal(4, 3)).orThrow();
                GradientCheck
                        .of(xs -> kind.call(xs.get(0), xs.get(1)), Rng.normal(2, 3, 2), Rng.normal(2, 3, 2).softmax(1))
                        .orThrow();
            }
        }
        Tensor planes = Tensor.of(2, 1, 0, 1).reshape(2, 2);
        GradientCheck.of(x -> loss.call(x, planes), Rng.normal(2, 3, 2)).orThrow();
    }

    @Test
    void saysWhichLabelIsOutOfRange() {
        Tensor x = Rng.normal(3, 10);
        for (int label : new int[] {10, -1, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> loss.call(x, Tensor.of(0, label, 3)).item())
                    .isInstanceOf(IndexRangeException.class)
                    .hasMessageContaining("index " + label + " at element 1 out of range; expected 0..9");
        }
    }

    @Test
    void saysWhatDoesNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> loss.call(Tensor.ones(4, 3), Tensor.of(1, 2)))
                .withMessage(
                        "cross entropy: labels of shape [2], expected [4] for predictions of shape [4, 3], whose axis 1"
                                + " are the classes");
        assertThatIllegalArgumentException().isThrownBy(() -> loss.call(Tensor.ones(4, 3), Tensor.ones(4, 2)))
                .withMessage(
                        "cross entropy: prediction of shape [4, 3] and target of shape [4, 2], expected equal shapes;"
                                + " reshape one of them");
        assertThatIllegalArgumentException().isThrownBy(() -> loss.call(Tensor.ones(4, 3), Tensor.ones(4)))
                .withMessage("cross entropy: target of shape [4] and type float32 for predictions of shape [4, 3],"
                        + " expected labels of type int32, or probabilities of the predictions' shape; convert labels"
                        + " with to(DType.INT32)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> loss.call(Tensor.of(1, 2), Tensor.scalar(1).to(DType.INT32)))
                .withMessage("cross entropy: prediction of type int32, expected a floating-point type; convert with"
                        + " to(DType.FLOAT32)");
        assertThatIllegalArgumentException().isThrownBy(() -> loss.call(Tensor.ones(1, 2), Tensor.of(true)))
                .withMessage(
                        "cross entropy: target of type bool, expected int32 labels or floating-point probabilities;"
                                + " convert with to(DType)");
        assertThatIllegalArgumentException().isThrownBy(() -> loss.call(Tensor.scalar(1), Tensor.scalar(1)))
                .withMessage("cross entropy: prediction of shape [], expected [C], [N, C] or [N, C, ...]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> loss.call(Tensor.scalar(1), Tensor.scalar(1).to(DType.INT32)));
        assertThatIllegalArgumentException().isThrownBy(() -> loss.labelSmoothing(1.5))
                .withMessage("cross entropy: label smoothing 1.5, expected 0..1");
    }
}
