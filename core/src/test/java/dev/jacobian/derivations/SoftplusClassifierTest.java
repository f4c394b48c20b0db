package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.Softplus;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas of docs/derivations/softplus-classifier.md. */
final class SoftplusClassifierTest {
    private static final int D = 3;
    private static final int HIDDEN = 5;
    private static final int M = 4;

    private Linear first;
    private Linear second;
    private Sequential model;
    private Tensor x; // [d, 1]
    private Tensor ha;
    private Tensor hs;
    private Tensor oa;
    private Tensor os;

    @BeforeEach
    void network() {
        Rng.seed(5);
        first = new Linear(D, HIDDEN);
        second = new Linear(HIDDEN, M);
        model = new Sequential(first, new Softplus(), second);
        model.to(DType.FLOAT64);
        x = Tensor.of(new double[][] {{0.5}, {-1.5}, {2}}).requireGrad();
        ha = first.weight().matmul(x).add(first.bias().unsqueeze(1));
        hs = ha.softplus();
        oa = second.weight().matmul(hs).add(second.bias().unsqueeze(1));
        os = oa.softmax(0);
    }

    private static Tensor oneHot(int label) {
        return Tensor.of(label).oneHot(M).to(DType.FLOAT64).transpose();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 2", "2, 8, 3", "784, 100, 10"})
    void parametersAreCounted(int d, int hidden, int m) {
        long count = new Sequential(new Linear(d, hidden), new Softplus(), new Linear(hidden, m)).parameterCount();
        assertThat(count).isEqualTo((long) hidden * d + hidden + (long) m * hidden + m);
    }

    /** The sums over components, and the layers of the library, which have examples as rows. */
    @Test
    void matricesComponentsAndLayersAgree() {
        assertThat(Differences.largest(model.call(x.transpose()), oa.transpose())).isLessThan(1e-14);
        double[] w = first.weight().toDoubleArray();
        double[] b = first.bias().toDoubleArray();
        double[] in = x.toDoubleArray();
        double[] hidden = hs.toDoubleArray();
        for (int j = 0; j < HIDDEN; j++) {
            double sum = b[j];
            for (int i = 0; i < D; i++) {
                sum += w[j * D + i] * in[i];
            }
            assertThat(hidden[j]).isCloseTo(Math.log1p(Math.exp(sum)), within(1e-14));
        }
        double[] v = second.weight().toDoubleArray();
        for (int k = 0; k < M; k++) {
            double sum = second.bias().toDoubleArray()[k];
            for (int j = 0; j < HIDDEN; j++) {
                sum += v[k * HIDDEN + j] * hidden[j];
            }
            assertThat(oa.toDoubleArray()[k]).isCloseTo(sum, within(1e-14));
        }
    }

    @Test
    void theOutputIsADistribution() {
        assertThat(os.gt(0).toBooleanArray()).containsOnly(true);
        assertThat(os.sum().item()).isCloseTo(1, within(1e-15));
        Tensor far = Tensor.of(-300.0, 300, 0).softmax(0);
        assertThat(far.gt(0).toBooleanArray()).containsOnly(true);
        assertThat(far.sum().item()).isCloseTo(1, within(1e-15));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void everyGradientStepByStep(int y) {
        double max = oa.max().item();
        assertThat(oa.logSumExp().item()).isCloseTo(oa.exp().sum().log().item(), within(1e-14))
                .isCloseTo(max + oa.sub(max).exp().sum().log().item(), within(1e-14));
        Tensor loss = oa.logSumExp().sub(oa.select(0, y).squeeze(0));
        assertThat(loss.item()).isCloseTo(-Math.log(os.select(0, y).item()), within(1e-14));
        assertThat(loss.item())
                .isCloseTo(new CrossEntropyLoss().call(oa.transpose(), Tensor.of(y)).item(), within(1e-14));
        List<Tensor> gradients = Autograd.grad(loss, oa, second.weight(), second.bias(), hs, ha, first.weight(),
                first.bias(), x);
        Tensor byOa = os.sub(oneHot(y));
        Tensor byHs = second.weight().transpose().matmul(byOa);
        Tensor byHa = byHs.mul(ha.sigmoid());
        List<Tensor> formulas = List.of(byOa, byOa.matmul(hs.transpose()), byOa.squeeze(1), byHs, byHa,
                byHa.matmul(x.transpose()), byHa.squeeze(1), first.weight().transpose().matmul(byHa));
        for (int i = 0; i < formulas.size(); i++) {
            assertThat(Differences.largest(gradients.get(i), formulas.get(i))).as("gradient %s", i).isLessThan(1e-14);
        }
        assertThat(Differences.largest(byHa, Tensor.diag(ha.sigmoid().squeeze(1)).matmul(byHs)))
                .as("as a product with diag(σ)").isLessThan(1e-15);
        Tensor byW = Differences.jacobian(w -> {
            Tensor o = second.weight().matmul(w.matmul(x).add(first.bias().unsqueeze(1)).softplus())
                    .add(second.bias().unsqueeze(1));
            return o.logSumExp().sub(o.select(0, y).squeeze(0));
        }, first.weight().detach());
        assertThat(Differences.largest(gradients.get(5), byW)).isLessThan(1e-9);
    }

    @Test
    void theStableFormSurvivesLargeLogits() {
        Tensor far = Tensor.of(-1000.0, 0, 1000);
        assertThat(far.softmax(0).log().neg().select(0, 0).item()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(far.logSumExp().item() - far.select(0, 0).item()).isEqualTo(2000);
        assertThat(Autograd.grad(v -> v.logSumExp().sub(v.select(0, 0)), far).toDoubleArray()).containsExactly(-1, 0,
                1);
    }

    /** A stray factor d_o in the sum adds ln d_o to the loss. */
    @Test
    void theSourcesExtraFactorWouldShiftTheLoss() {
        double right = oa.logSumExp().item() - oa.select(0, 0).item();
        double source = -Math.log(oa.exp().select(0, 0).item() / oa.exp().mul(M).sum().item());
        assertThat(source - right).isCloseTo(Math.log(M), within(1e-14));
    }

    /** Column times diagonal matrix, and elementwise products for matrix products, do not even have shapes. */
    @Test
    void theSourcesOrderOfFactorsDoesNotMultiply() {
        Tensor byOa = os.sub(oneHot(0));
        Tensor byHs = second.weight().transpose().matmul(byOa);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> byHs.matmul(Tensor.diag(ha.detach().sigmoid().squeeze(1))));
        assertThatIllegalArgumentException().isThrownBy(() -> second.weight().transpose().mul(byOa));
        assertThat(byOa.mul(hs.transpose()).shape()).as("column * row broadcasts to the outer product")
                .isEqualTo(second.weight().shape());
    }

    @Test
    void trainingLowersTheLoss() {
        Rng.seed(4);
        Tensor corners = Tensor.of(new double[][] {{0, 2, 0}, {-1.7, -1, 0}, {1.7, -1, 0}, {0, 0, 3}});
        Tensor labels = Tensor.of(IntStream.range(0, 80).map(i -> i % M).toArray());
        Tensor points = corners.indexSelect(0, labels).add(Rng.normal(80, D).mul(0.5).to(DType.FLOAT64));
        Sgd sgd = new Sgd(model.parameters(), 0.2);
        double before = Double.POSITIVE_INFINITY;
        for (int step = 0; step < 40; step++) {
            Tensor risk = new CrossEntropyLoss().call(model.call(points), labels);
            assertThat(risk.item()).as("step %s", step).isLessThan(before);
            before = risk.item();
            risk.backward();
            sgd.step();
        }
        assertThat(before).isLessThan(0.3);
        assertThat(model.call(points).argmax(1).eq(labels).to(DType.FLOAT64).mean().item()).isGreaterThan(0.95);
    }
}
