package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.optim.Adam;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas of docs/derivations/weight-decay.md. */
final class WeightDecayTest {
    private static final double LR = 0.1;
    private static final Tensor START = Tensor.of(3.0, -2);

    private static Tensor risk(Tensor w) {
        Tensor a = Tensor.of(new double[][] {{1, 2}, {-1, 0.5}, {0.3, -2}});
        return a.matmul(w).tanh().sub(Tensor.of(1.0, 0, -2)).square().sum();
    }

    private static Tensor penalised(Tensor w, double lambda) {
        return risk(w).add(w.square().sum().mul(lambda));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.01, 0.05, 1})
    void theOptimisersStepIsTheFormulas(double lambda) {
        Tensor theta = START;
        Param decayed = Param.of("decayed", START);
        Param inLoss = Param.of("inLoss", START);
        Sgd decay = new Sgd(List.of(decayed), LR).weightDecay(2 * lambda);
        Sgd plain = new Sgd(List.of(inLoss), LR);
        for (int step = 0; step < 30; step++) {
            Tensor gradient = Autograd.grad(WeightDecayTest::risk, theta);
            theta = theta.sub(gradient.add(theta.mul(2 * lambda)).mul(LR));
            risk(decayed).backward();
            decay.step();
            penalised(inLoss, lambda).backward();
            plain.step();
            assertThat(Differences.largest(theta, decayed)).as("step %s", step).isLessThan(1e-13);
            assertThat(Differences.largest(theta, inLoss)).as("step %s", step).isLessThan(1e-13);
        }
        assertThat(Differences.largest(theta, START)).isGreaterThan(0.1);
    }

    @Test
    void thePenaltysGradient() {
        double lambda = 0.3;
        Tensor gradient = Autograd.grad(w -> penalised(w, lambda), START);
        Tensor formula = Autograd.grad(WeightDecayTest::risk, START).add(START.mul(2 * lambda));
        assertThat(Differences.largest(gradient, formula)).isLessThan(1e-13);
        assertThat(Differences.largest(gradient, Differences.jacobian(w -> penalised(w, lambda), START)))
                .isLessThan(1e-8);
    }

    /** weightDecay = λ would be the penalty (λ/2)‖θ‖²: the factor 2 is the user's to give. */
    @Test
    void withoutTheFactorTwoItIsAnotherPenalty() {
        Param half = Param.of("half", START);
        risk(half).backward();
        new Sgd(List.of(half), LR).weightDecay(0.5).step();
        Tensor halved = START.sub(Autograd.grad(w -> penalised(w, 0.25), START).mul(LR));
        Tensor full = START.sub(Autograd.grad(w -> penalised(w, 0.5), START).mul(LR));
        assertThat(Differences.largest(half, halved)).isLessThan(1e-14);
        assertThat(Differences.largest(half, full)).isGreaterThan(0.1);
    }

    /** On a flat risk: θ (1 − 2λη) for AdamW and Sgd; a step of η against the sign for Adam. */
    @Test
    void adamWDecaysTheWeightsThemselves() {
        double decay = 0.04;
        Tensor shrunk = START.mul(1 - LR * decay);
        assertThat(Differences.largest(flat(p -> new AdamW(p, LR).weightDecay(decay)), shrunk)).isLessThan(1e-15);
        assertThat(Differences.largest(flat(p -> new Sgd(p, LR).weightDecay(decay)), shrunk)).isLessThan(1e-15);
        assertThat(Differences.largest(flat(p -> new Adam(p, LR).weightDecay(decay)), START.sub(START.sign().mul(LR))))
                .isLessThan(1e-7);
    }

    /** AdamW is a decay, w − ηωw, and Adam's step without one: the decay does not go through the rescaling. */
    @Test
    void adamWsDecayIsBesideTheScaledStep() {
        Tensor plain = step(p -> new Adam(p, LR));
        Tensor decayed = step(p -> new AdamW(p, LR).weightDecay(0.04));
        assertThat(Differences.largest(decayed, plain.sub(START.mul(LR * 0.04)))).isLessThan(1e-14);
        Tensor through = step(p -> new Adam(p, LR).weightDecay(0.04));
        assertThat(Differences.largest(decayed, through)).isGreaterThan(1e-3);
    }

    private static Tensor step(Function<List<Param>, Optimizer> make) {
        Param w = Param.of("w", START);
        Optimizer optimizer = make.apply(List.of(w));
        risk(w).backward();
        optimizer.step();
        return w;
    }

    private static Tensor flat(Function<List<Param>, Optimizer> make) {
        Param w = Param.of("w", START);
        Optimizer optimizer = make.apply(List.of(w));
        w.mul(0).sum().backward();
        optimizer.step();
        return w;
    }
}
