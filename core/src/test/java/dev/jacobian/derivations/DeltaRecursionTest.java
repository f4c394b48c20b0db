package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.loss.MseLoss;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The formulas of docs/derivations/delta-recursion.md. */
final class DeltaRecursionTest {
    enum Activation {
        IDENTITY, TANH, SIGMOID, RELU, SOFTPLUS;

        Tensor value(Tensor s) {
            return switch (this) {
                case IDENTITY -> s;
                case TANH -> s.tanh();
                case SIGMOID -> s.sigmoid();
                case RELU -> s.relu();
                case SOFTPLUS -> s.softplus();
            };
        }

        Tensor slope(Tensor s) {
            return switch (this) {
                case IDENTITY -> s.onesLike();
                case TANH -> s.tanh().square().neg().add(1);
                case SIGMOID -> s.sigmoid().mul(s.neg().sigmoid());
                case RELU -> s.gt(0).to(DType.FLOAT64);
                case SOFTPLUS -> s.sigmoid();
            };
        }
    }

    /** A network with examples as columns; layer l of the page has index l − 1 in every list but z. */
    private static final class Network {
        private final List<Activation> f;
        private final List<Tensor> w = new ArrayList<>();
        private final List<Tensor> b = new ArrayList<>();
        private final List<Tensor> s = new ArrayList<>();
        private final List<Tensor> z = new ArrayList<>();
        private final Tensor target;
        private final int n;

        Network(List<Activation> f, int n) {
            this.f = f;
            this.n = n;
            z.add(normal(2, n).requireGrad());
            for (int l = 0; l < f.size(); l++) {
                w.add(normal(3 + l, 2 + l).requireGrad());
                b.add(normal(3 + l, 1).requireGrad());
                s.add(w.get(l).matmul(z.get(l)).add(b.get(l)));
                z.add(f.get(l).value(s.get(l)));
            }
            target = normal(2 + f.size(), n);
        }

        Tensor out() {
            return z.getLast();
        }

        Tensor loss() {
            return out().sub(target).square().sum().div(2.0 * n);
        }

        /** The loss as a function of one layer's activations, or of the loss itself for the last. */
        Tensor from(int layer, Tensor activations) {
            Tensor current = activations;
            for (int l = layer; l < f.size(); l++) {
                current = f.get(l).value(w.get(l).matmul(current).add(b.get(l)));
            }
            return current.sub(target).square().sum().div(2.0 * n);
        }

        /** δ of every layer by the recursion. */
        List<Tensor> deltas() {
            int last = f.size() - 1;
            Tensor delta = out().sub(target).div(n).mul(slope(last));
            List<Tensor> all = new ArrayList<>(List.of(delta));
            for (int l = last - 1; l >= 0; l--) {
                delta = w.get(l + 1).transpose().matmul(delta).mul(slope(l));
                all.addFirst(delta);
            }
            return all;
        }

        Tensor slope(int l) {
            return f.get(l).slope(s.get(l));
        }
    }

    private static Tensor normal(int rows, int columns) {
        return Rng.normal(rows, columns).to(DType.FLOAT64).detach();
    }

    static Stream<List<Activation>> networks() {
        Stream<List<Activation>> single = Stream.of(Activation.values()).map(List::of);
        return Stream.concat(single, Stream.of(List.of(Activation.TANH, Activation.IDENTITY),
                List.of(Activation.RELU, Activation.SIGMOID),
                List.of(Activation.SOFTPLUS, Activation.TANH, Activation.RELU),
                List.of(Activation.TANH, Activation.RELU, Activation.SIGMOID, Activation.IDENTITY),
                List.of(Activation.RELU, Activation.TANH, Activation.SOFTPLUS, Activation.RELU, Activation.SIGMOID)));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void theRecursionGivesAutogradsGradients(List<Activation> f) {
        Rng.seed(11);
        Network net = new Network(f, 5);
        List<Tensor> deltas = net.deltas();
        List<Tensor> inputs = new ArrayList<>();
        List<Tensor> byHand = new ArrayList<>();
        for (int l = 0; l < f.size(); l++) {
            Tensor delta = deltas.get(l);
            inputs.addAll(List.of(net.w.get(l), net.b.get(l), net.s.get(l), net.z.get(l)));
            byHand.addAll(List.of(delta.matmul(net.z.get(l).transpose()), delta.sum(1, true), delta,
                    net.w.get(l).transpose().matmul(delta)));
        }
        inputs.add(net.out());
        byHand.add(net.out().sub(net.target).div(net.n));
        List<Tensor> gradients = Autograd.grad(net.loss(), inputs.toArray(Tensor[]::new));
        for (int i = 0; i < inputs.size(); i++) {
            assertThat(gradients.get(i).abs().max().item()).as("gradient %s is not zero", i).isGreaterThan(1e-6);
            assertThat(Differences.largest(gradients.get(i), byHand.get(i))).as("gradient %s", i).isLessThan(1e-12);
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void theRecursionGivesTheSlopesOfTheLoss(List<Activation> f) {
        Rng.seed(12);
        Network net = new Network(f, 3);
        List<Tensor> deltas = net.deltas();
        for (int l = 0; l < f.size(); l++) {
            int at = l;
            Tensor byW = Differences.jacobian(
                    w -> net.from(at + 1, f.get(at).value(w.matmul(net.z.get(at)).add(net.b.get(at)))),
                    net.w.get(l));
            Tensor byB = Differences.jacobian(
                    b -> net.from(at + 1, f.get(at).value(net.w.get(at).matmul(net.z.get(at)).add(b))),
                    net.b.get(l));
            Tensor byZ = Differences.jacobian(z -> net.from(at, z), net.z.get(l));
            assertThat(Differences.largest(byW, deltas.get(l).matmul(net.z.get(l).transpose()))).isLessThan(1e-8);
            assertThat(Differences.largest(byB, deltas.get(l).sum(1, true))).isLessThan(1e-8);
            assertThat(Differences.largest(byZ, net.w.get(l).transpose().matmul(deltas.get(l)))).isLessThan(1e-8);
        }
    }

    /** ∂Z_kn/∂W_ij = f'(S)_kn Z_jn [i = k], ∂Z_kn/∂b_i = f'(S)_kn [i = k], ∂Z⁺_kn/∂Z_ij = f'(S)_kn W_ki [j = n]. */
    @Test
    void oneWeightMovesOneRowAndOneActivationOneColumn() {
        Rng.seed(13);
        Network net = new Network(List.of(Activation.TANH), 4);
        Tensor slope = net.slope(0);
        Tensor identity3 = Tensor.eye(3).to(DType.FLOAT64);
        Tensor identity4 = Tensor.eye(4).to(DType.FLOAT64);
        Tensor byW = Autograd.jacobian(w -> w.matmul(net.z.get(0).detach()).add(net.b.get(0).detach()).tanh(),
                net.w.get(0).detach()); // [k, n, i, j]
        Tensor byB = Autograd.jacobian(b -> net.w.get(0).detach().matmul(net.z.get(0).detach()).add(b).tanh(),
                net.b.get(0).detach()).squeeze(3); // [k, n, i]
        Tensor byZ = Autograd.jacobian(z -> net.w.get(0).detach().matmul(z).add(net.b.get(0).detach()).tanh(),
                net.z.get(0).detach()); // [k, n, i, j]
        Tensor rowsOnly = slope.reshape(3, 4, 1, 1).mul(net.z.get(0).transpose().reshape(1, 4, 1, 2))
                .mul(identity3.reshape(3, 1, 3, 1));
        Tensor columnsOnly = slope.reshape(3, 4, 1, 1).mul(net.w.get(0).reshape(3, 1, 2, 1))
                .mul(identity4.reshape(1, 4, 1, 4));
        assertThat(Differences.largest(byW, rowsOnly)).isLessThan(1e-12);
        assertThat(Differences.largest(byB, slope.unsqueeze(2).mul(identity3.unsqueeze(1)))).isLessThan(1e-12);
        assertThat(Differences.largest(byZ, columnsOnly)).isLessThan(1e-12);
        // The chain rule as inner products of matrices: Σ_kn ∂L/∂Z_kn · ∂Z_kn/∂W_ij.
        Tensor byOut = net.out().sub(net.target).div(net.n);
        Tensor product = byOut.reshape(1, 12).matmul(byW.reshape(12, 6)).reshape(3, 2);
        assertThat(Differences.largest(product, net.deltas().getFirst().matmul(net.z.get(0).transpose())))
                .isLessThan(1e-12);
    }

    @Test
    void examplesAsRowsTransposeEverythingButTheWeights() {
        Rng.seed(14);
        Network net = new Network(List.of(Activation.TANH, Activation.IDENTITY), 5);
        List<Tensor> columns = Autograd.grad(net.loss(), net.w.get(0), net.b.get(0), net.z.get(0), net.w.get(1));
        Tensor x = net.z.get(0).detach().transpose().requireGrad();
        Tensor b0 = net.b.get(0).detach().squeeze(1).requireGrad();
        Tensor out = x.linear(net.w.get(0), b0).tanh().linear(net.w.get(1), net.b.get(1).detach().squeeze(1));
        assertThat(Differences.largest(out, net.out().transpose())).isLessThan(1e-12);
        Tensor loss = new MseLoss().call(out, net.target.transpose()).mul(out.dim(1) / 2.0);
        assertThat(loss.item()).isCloseTo(net.loss().item(), within(1e-12));
        List<Tensor> rows = Autograd.grad(loss, net.w.get(0), b0, x, net.w.get(1));
        assertThat(Differences.largest(rows.get(0), columns.get(0))).isLessThan(1e-12);
        assertThat(Differences.largest(rows.get(1), columns.get(1).squeeze(1))).isLessThan(1e-12);
        assertThat(Differences.largest(rows.get(2), columns.get(2).transpose())).isLessThan(1e-12);
        assertThat(Differences.largest(rows.get(3), columns.get(3))).isLessThan(1e-12);
    }

    /** A weight of 0 and no bias put S on the kink, where the formula needs a choice: f' = 0. */
    @Test
    void atTheKinkTheDerivativeIsChosenToBeZero() {
        Tensor w = Tensor.of(new double[][] {{0}}).requireGrad();
        Tensor z = Tensor.of(new double[][] {{2}});
        Tensor gradient = Autograd.grad(w.matmul(z).relu().sub(1).square().sum().div(2), w).getFirst();
        assertThat(gradient.item()).isZero();
        double h = 1e-6;
        double right = (Math.pow(2 * h - 1, 2) - 1) / 2 / h;
        assertThat(right).as("slope to the right").isCloseTo(-2, within(1e-5));
    }
}
