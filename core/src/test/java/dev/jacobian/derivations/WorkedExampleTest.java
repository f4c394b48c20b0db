package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The numbers of docs/derivations/worked-example.md: every matrix that problem set 001 prints, examples as columns. */
final class WorkedExampleTest {
    private final Tensor x = Tensor.of(new double[][] {{0.75, 0.2, -0.75, 0.2}, {0.8, 0.05, 0.8, -0.05}});
    private final Tensor target = Tensor.of(new double[][] {{1, 1, -1, -1}});
    private final Param w1 = Param.of("w1", Tensor.of(new double[][] {{0.6, 0.01}, {0.7, 0.43}, {0, 0.88}}));
    private final Param w2 = Param.of("w2", Tensor.of(new double[][] {{0.02, 0.03, 0.09}}));
    private final Tensor s1 = w1.matmul(x);
    private final Tensor z1 = s1.relu();
    private final Tensor out = w2.matmul(z1);
    private final Tensor loss = out.sub(target).square().sum().div(2 * 4);

    /** Checks what is printed; those numbers of which cutting off and rounding make different ones, and which it was. */
    private static List<String> printed(Tensor computed, int decimals, double[][] printed) {
        assertThat(computed.shape()).isEqualTo(Tensor.of(printed).shape());
        double[] want = Tensor.of(printed).toDoubleArray();
        double[] got = computed.toDoubleArray();
        List<String> ambiguous = new ArrayList<>();
        for (int i = 0; i < got.length; i++) {
            // Ten decimals first: 0.458 is a product of short numbers, not 0.45799999999999996.
            BigDecimal value = BigDecimal.valueOf(got[i]).setScale(10, RoundingMode.HALF_EVEN);
            BigDecimal cut = value.setScale(decimals, RoundingMode.DOWN);
            BigDecimal rounded = value.setScale(decimals, RoundingMode.HALF_UP);
            boolean isCut = cut.compareTo(BigDecimal.valueOf(want[i])) == 0;
            assertThat(isCut ? cut : rounded).as("element %s, %s", i, value)
                    .isEqualByComparingTo(BigDecimal.valueOf(want[i]));
            if (cut.compareTo(rounded) != 0) {
                ambiguous.add(value.setScale(6, RoundingMode.HALF_UP) + (isCut ? " cut" : " rounded"));
            }
        }
        return ambiguous;
    }

    @Test
    void forward() {
        assertThat(printed(s1, 4, new double[][] {{0.458, 0.1205, -0.442, 0.1195}, {0.869, 0.1615, -0.181, 0.1185},
                {0.704, 0.044, 0.704, -0.044}})).isEmpty();
        assertThat(printed(z1, 4, new double[][] {{0.458, 0.1205, 0, 0.1195}, {0.869, 0.1615, 0, 0.1185},
                {0.704, 0.044, 0.704, 0}})).isEmpty();
        assertThat(printed(out, 4, new double[][] {{0.0985, 0.0112, 0.0633, 0.0059}})).containsExactly("0.098590 cut",
                "0.063360 cut");
        assertThat(printed(loss.reshape(1, 1), 5, new double[][] {{0.49161}})).isEmpty();
    }

    /** The page has six decimals, rounded. */
    private static void onThePage(Tensor computed, double... shown) {
        assertThat(computed.toDoubleArray()).containsExactly(shown, within(5.1e-7));
    }

    @Test
    void theNumbersOfThePage() {
        onThePage(out, 0.098590, 0.011215, 0.063360, 0.005945);
        onThePage(loss, 0.491612);
        List<Tensor> gradients = Autograd.grad(loss, out, s1, w2, w1);
        onThePage(gradients.get(0), -0.225353, -0.247196, 0.265840, 0.251486);
        onThePage(gradients.get(1), -0.004507, -0.004944, 0, 0.005030, -0.006761, -0.007416, 0, 0.007545, -0.020282,
                -0.022248, 0.023926, 0);
        onThePage(gradients.get(2), -0.102946, -0.205952, 0.017627);
        onThePage(gradients.get(3), -0.003363, -0.004104, -0.005045, -0.006156, -0.037605, 0.001803);
        onThePage(w2.sub(gradients.get(2).mul(0.5)), 0.071473, 0.132976, 0.081187);
        onThePage(w1.sub(gradients.get(3).mul(0.5)), 0.601682, 0.012052, 0.702522, 0.433078, 0.018803, 0.879099);
    }

    @Test
    void backwardByHandAndByAutograd() {
        Tensor delta2 = out.sub(target).div(4);
        assertThat(printed(delta2, 4, new double[][] {{-0.2253, -0.2471, 0.2658, 0.2514}}))
                .containsExactly("-0.225353 cut", "-0.247196 cut", "0.251486 cut");
        Tensor mask = Tensor.of(new double[][] {{1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 1, 0}});
        Tensor delta1 = w2.transpose().matmul(delta2).mul(mask);
        assertThat(printed(delta1, 4, new double[][] {{-0.0045, -0.0049, 0, 0.0050}, {-0.0068, -0.0074, 0, 0.0075},
                {-0.0203, -0.0222, 0.0239, 0}})).containsExactly("-0.006761 rounded", "-0.020282 rounded");
        Tensor dw2 = delta2.matmul(z1.transpose());
        Tensor dw1 = delta1.matmul(x.transpose());
        assertThat(printed(dw2, 4, new double[][] {{-0.1029, -0.2059, 0.0176}})).containsExactly("-0.205952 cut");
        assertThat(printed(dw1, 4, new double[][] {{-0.0033, -0.0041}, {-0.0050, -0.0061}, {-0.0376, 0.0018}}))
                .containsExactly("-0.003363 cut", "-0.006156 cut");
        List<Tensor> gradients = Autograd.grad(loss, out, s1, w2, w1);
        assertThat(Differences.largest(gradients.get(0), delta2)).isLessThan(1e-15);
        assertThat(Differences.largest(gradients.get(1), delta1)).isLessThan(1e-15);
        assertThat(Differences.largest(gradients.get(2), dw2)).isLessThan(1e-15);
        assertThat(Differences.largest(gradients.get(3), dw1)).isLessThan(1e-15);
        Tensor slopes = Differences.jacobian(
                w -> w2.matmul(w.matmul(x).relu()).sub(target).square().sum().div(8), w1.detach());
        assertThat(Differences.largest(slopes, dw1)).isLessThan(1e-9);
    }

    @Test
    void step() {
        loss.backward();
        new Sgd(List.of(w1, w2), 0.5).step();
        assertThat(printed(w2, 4, new double[][] {{0.0714, 0.1329, 0.0811}}))
                .containsExactly("0.071473 cut", "0.132976 cut", "0.081187 cut");
        assertThat(printed(w1, 4, new double[][] {{0.6016, 0.0120}, {0.7025, 0.4330}, {0.0188, 0.8790}}))
                .containsExactly("0.601682 cut", "0.012052 cut", "0.433078 cut", "0.879099 cut");
        Tensor again = w2.matmul(w1.matmul(x).relu()).sub(target).square().sum().div(8);
        assertThat(again.item()).isLessThan(loss.item());
    }
}
