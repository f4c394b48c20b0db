package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.loss.MultiMarginLoss;
import dev.jacobian.loss.Reduction;
import dev.jacobian.loss.SoftmaxMarginLoss;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas of docs/derivations/softmax-margin.md. */
final class SoftmaxMarginTest {
    private static final int[] LABELS = {0, 0, 3};

    private final Tensor logits = Tensor.of(new double[][] {{2, 1, 0.5, -1}, {5, 0, 1, 0}, {-1, 2, 1.5, 0}});
    private final double[] p = logits.softmax(1).toDoubleArray();

    private static Tensor losses(double margin, Tensor logits, int... labels) {
        return new SoftmaxMarginLoss(margin, Reduction.NONE).call(logits, Tensor.of(labels));
    }

    private static double[] gradient(double margin, Tensor logits, int... labels) {
        return Autograd.grad(x -> losses(margin, x, labels).sum(), logits).toDoubleArray();
    }

    private double own(int example) {
        return p[4 * example + LABELS[example]];
    }

    /** [l in A], 0 for the label. */
    private int active(int example, int l, double margin) {
        return l != LABELS[example] && p[4 * example + l] - own(example) + margin > 0 ? 1 : 0;
    }

    private static int same(int a, int b) {
        return a == b ? 1 : 0;
    }

    private double doubleSum(int i, int j, double margin) {
        double sum = 0;
        for (int l = 0; l < 4; l++) {
            int y = LABELS[i];
            double derivative = p[4 * i + j] * (same(j, l) - same(j, y) - p[4 * i + l] + own(i));
            sum += active(i, l, margin) * derivative;
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.2, 0, -0.3, 1, 1.5})
    void theLossIsTheSumOfHinges(double margin) {
        double[] losses = losses(margin, logits, LABELS).toDoubleArray();
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int l = 0; l < 4; l++) {
                sum += active(i, l, margin) * (p[4 * i + l] - own(i) + margin);
            }
            assertThat(losses[i]).isCloseTo(sum, within(1e-15));
            assertThat(losses[i]).isLessThanOrEqualTo(1 + 3 * Math.max(0, margin));
        }
        Tensor byScores = new MultiMarginLoss(margin, Reduction.SUM).call(logits.softmax(1), Tensor.of(LABELS));
        assertThat(4 * byScores.item()).isCloseTo(losses[0] + losses[1] + losses[2], within(1e-14));
    }

    @Test
    void aDifferenceOfProbabilitiesHasThisDerivative() {
        for (int l = 0; l < 4; l++) {
            int other = l;
            double[] derivative = Autograd.grad(x -> {
                Tensor probability = x.softmax(0);
                return probability.select(0, other).sub(probability.select(0, 3));
            }, logits.select(0, 2)).toDoubleArray();
            for (int j = 0; j < 4; j++) {
                double expected = p[8 + j] * (same(j, l) - same(j, 3) - p[8 + l] + p[11]);
                assertThat(derivative[j]).isCloseTo(expected, within(1e-15));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.2, 0, -0.3, 1, 1.5})
    void theGradientIsTheDoubleSumAndTheClosedForm(double margin) {
        double[] gradient = gradient(margin, logits, LABELS);
        for (int i = 0; i < 3; i++) {
            int k = 0;
            double s = 0;
            double total = 0;
            for (int l = 0; l < 4; l++) {
                k += active(i, l, margin);
                s += active(i, l, margin) * p[4 * i + l];
            }
            for (int j = 0; j < 4; j++) {
                double closed = p[4 * i + j] * (active(i, j, margin) - k * same(j, LABELS[i]) - s + k * own(i));
                assertThat(gradient[4 * i + j]).isCloseTo(doubleSum(i, j, margin), within(1e-15));
                assertThat(gradient[4 * i + j]).isCloseTo(closed, within(1e-15));
                total += gradient[4 * i + j];
            }
            assertThat(total).isCloseTo(0, within(1e-15));
        }
        GradientCheck.of(x -> losses(margin, x, LABELS), logits).orThrow();
    }

    /** The source adds up the examples' gradients, each of which is by logits of its own. */
    @Test
    void anExamplesLogitsOnlyEnterItsOwnLoss() {
        double[] gradient = gradient(0.5, logits, LABELS);
        for (int j = 0; j < 4; j++) {
            double overExamples = doubleSum(0, j, 0.5) + doubleSum(1, j, 0.5) + doubleSum(2, j, 0.5);
            assertThat(gradient[j]).isCloseTo(doubleSum(0, j, 0.5), within(1e-15));
            assertThat(Math.abs(gradient[j] - overExamples)).isGreaterThan(1e-3);
        }
    }

    @Test
    void withEveryHingeOnItIsCrossEntropysGradientTimesTheNumberOfClassesTimesTheLabelsProbability() {
        for (double margin : new double[] {1, 2}) {
            Tensor own = logits.softmax(1).gather(1, Tensor.of(LABELS).unsqueeze(1));
            Tensor loss = losses(margin, logits, LABELS);
            assertThat(loss.sub(own.squeeze(1).mul(-4).add(1 + 3 * margin)).abs().max().item()).isLessThan(1e-14);
            Tensor entropy = Autograd.grad(
                    x -> new CrossEntropyLoss().reduction(Reduction.SUM).call(x, Tensor.of(LABELS)), logits);
            double[] expected = entropy.mul(own).mul(4).toDoubleArray();
            assertThat(gradient(margin, logits, LABELS)).containsExactly(expected, within(1e-15));
        }
        // Example 2 of margin ½ is such a one too.
        double[] wrong = gradient(0.5, logits.slice(0, 2, 3), 3);
        for (int j = 0; j < 4; j++) {
            assertThat(wrong[j]).isCloseTo(4 * p[11] * (p[8 + j] - same(j, 3)), within(1e-15));
        }
    }

    /** Two classes, the right one's logit 0, the wrong one's z. */
    @ParameterizedTest
    @ValueSource(doubles = {-6, -1.2, -1, 0, 4, 8, 30})
    void itVanishesForConfidentlyWrongExamples(double z) {
        Tensor x = Tensor.of(new double[][] {{0, z}});
        double wrong = 1 / (1 + Math.exp(-z));
        boolean on = z > -Math.log(3); // (1 + ½) / (1 − ½)
        assertThat(gradient(0.5, x, 0)[1]).isCloseTo(on ? 2 * wrong * (1 - wrong) : 0, within(1e-15));
        assertThat(losses(0.5, x, 0).item()).isCloseTo(on ? 2 * wrong - 0.5 : 0, within(1e-15));
        double entropy = Autograd.grad(v -> new CrossEntropyLoss().call(v, Tensor.of(0)), x).toDoubleArray()[1];
        assertThat(entropy).isCloseTo(wrong, within(1e-15));
    }

    /** Two classes: the hinge is on where e^z > (1 − m)/(1 + m), which is p_y below (1 + m)/2. */
    @ParameterizedTest
    @ValueSource(doubles = {-0.4, 0, 0.2, 0.9})
    void theHingeIsOnBelowHalfOfOnePlusTheMargin(double margin) {
        double edge = Math.log((1 - margin) / (1 + margin));
        assertThat(1 / (1 + Math.exp(edge))).isCloseTo((1 + margin) / 2, within(1e-15));
        double above = edge + 1e-6;
        Tensor on = Tensor.of(new double[][] {{0, above}});
        double wrong = 1 / (1 + Math.exp(-above));
        assertThat(losses(margin, on, 0).item()).isPositive();
        assertThat(gradient(margin, on, 0)[1]).isCloseTo(2 * wrong * (1 - wrong), within(1e-14));
        Tensor off = Tensor.of(new double[][] {{0, edge - 1e-6}});
        assertThat(losses(margin, off, 0).item()).isZero();
        assertThat(gradient(margin, off, 0)).containsOnly(0);
    }

    @Test
    void marginsWithoutALoss() {
        Tensor far = Tensor.of(new double[][] {{-1000, 1000, 0}});
        assertThat(losses(-1, far, 0).item()).as("p = [0, 1, 0]: behind by 1").isZero();
        assertThat(losses(-0.99, far, 0).item()).isCloseTo(0.01, within(1e-14));
        Tensor equal = Tensor.zeros(1, 3).to(DType.FLOAT64);
        assertThat(losses(0, equal, 1).item()).isZero();
        assertThat(losses(0.1, equal, 1).item()).isCloseTo(0.2, within(1e-15));
    }

    @Test
    void halfOfOnePlusTheMarginIsEnough() {
        // p = [¾, ¼, 0…] is the worst with p_y = ¾: its hinge is 0, and a little less has one above 0.
        assertThat(losses(0.5, Tensor.of(new double[][] {{Math.log(3) + 1e-9, 0, -800}}), 0).item()).isZero();
        assertThat(losses(0.5, Tensor.of(new double[][] {{Math.log(3) - 1e-9, 0, -800}}), 0).item()).isPositive();
    }

    /** p = [½, 0, ½] exactly: with margin ½ the hinge of class 1 is 0, and the source would count it. */
    @Test
    void aHingeOfExactlyZeroHasNoGradient() {
        Tensor x = Tensor.of(new double[][] {{1000, -1000, 1000}});
        assertThat(gradient(0.5, x, 0)).containsExactly(-0.5, 0, 0.5);
        double[] counted = {0.5 * (-2 - 0.5 + 2 * 0.5), 0, 0.5 * (1 - 0.5 + 2 * 0.5)};
        assertThat(counted).containsExactly(-0.75, 0, 0.75);
        Tensor equal = Tensor.zeros(1, 3).to(DType.FLOAT64);
        assertThat(gradient(0, equal, 1)).containsOnly(0);
    }
}
