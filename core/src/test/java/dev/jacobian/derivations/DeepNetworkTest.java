package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A deep network with softmax and cross-entropy: gradients as products of transposed Jacobians. */
final class DeepNetworkTest {
    private static final Offset<Double> CLOSE = within(1e-12);

    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(2);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
        Rng.seed(0);
    }

    private static Tensor normal(int... shape) {
        return Rng.normal(shape).to(DType.FLOAT64);
    }

    private static void close(Tensor got, Tensor want) {
        assertThat(got.shape()).isEqualTo(want.shape());
        assertThat(got.toDoubleArray()).containsExactly(want.toDoubleArray(), CLOSE);
    }

    private static Tensor crossEntropy(Tensor y, Tensor target) {
        return target.mul(y.log()).sum().neg();
    }

    private static Tensor activate(Activation activation, Tensor z) {
        return switch (activation) {
            case NONE -> z;
            case RELU -> z.relu();
            case TANH -> z.tanh();
            case SIGMOID -> z.sigmoid();
        };
    }

    /** The derivative of the activation, as a column. */
    private static Tensor slope(Activation activation, Tensor z) {
        Tensor h = activate(activation, z).detach();
        return switch (activation) {
            case NONE -> h.onesLike();
            case RELU -> z.gt(0).to(DType.FLOAT64);
            case TANH -> h.square().neg().add(1);
            case SIGMOID -> h.mul(h.neg().add(1));
        };
    }

    /** Weights and biases of layers 1 to L at 0 to L − 1; columns z of the same, and h from the input on. */
    private record Network(Activation activation, List<Tensor> w, List<Tensor> b, List<Tensor> z, List<Tensor> h) {
        static Network of(Activation activation, int... widths) {
            List<Tensor> w = new ArrayList<>();
            List<Tensor> b = new ArrayList<>();
            for (int i = 1; i < widths.length; i++) {
                w.add(normal(widths[i], widths[i - 1]).requireGrad());
                b.add(normal(widths[i], 1).requireGrad());
            }
            return run(activation, normal(widths[0], 1).requireGrad(), w, b);
        }

        static Network run(Activation activation, Tensor input, List<Tensor> w, List<Tensor> b) {
            List<Tensor> z = new ArrayList<>();
            List<Tensor> h = new ArrayList<>(List.of(input));
            for (int i = 0; i < w.size(); i++) {
                z.add(w.get(i).matmul(h.get(i)).add(b.get(i)));
                h.add(activate(activation, z.get(i)));
            }
            return new Network(activation, w, b, z, h);
        }

        Tensor y() {
            return h.getLast().softmax(0);
        }

        /** ∂h_i/∂h_(i−1) = diag(σ′(z_i)) W_i, i from 1. */
        Tensor jacobian(int i) {
            Tensor slope = slope(activation, z.get(i - 1));
            return Tensor.diag(slope.flatten(0, 1)).matmul(w.get(i - 1).detach());
        }
    }

    private static Tensor target(int classes) {
        Tensor positive = normal(classes, 1).exp();
        return positive.div(positive.sum());
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void gradientsOfAllLayers(Activation activation) {
        Network net = Network.of(activation, 5, 4, 6, 3);
        Tensor target = target(3);
        List<Tensor> gradients = Autograd.grad(crossEntropy(net.y(), target),
                Stream.of(net.h, net.w, net.b).flatMap(List::stream).toArray(Tensor[]::new));
        int depth = net.w.size();
        List<Tensor> dh = gradients.subList(0, depth + 1);
        List<Tensor> dw = gradients.subList(depth + 1, 2 * depth + 1);
        List<Tensor> db = gradients.subList(2 * depth + 1, 3 * depth + 1);
        for (int i = 0; i <= depth; i++) {
            Tensor product = net.y().detach().sub(target);
            for (int k = depth; k > i; k--) {
                product = net.jacobian(k).transpose().matmul(product);
            }
            close(dh.get(i), product);
            if (i > 0) {
                Tensor dz = slope(activation, net.z.get(i - 1)).mul(product);
                close(dw.get(i - 1), dz.matmul(net.h.get(i - 1).detach().transpose()));
                close(db.get(i - 1), dz);
                assertThat(dw.get(i - 1).shape()).isEqualTo(net.w.get(i - 1).shape());
            }
        }
    }

    @Test
    void gradientsAgreeWithFiniteDifferences() {
        Network net = Network.of(Activation.TANH, 5, 4, 6, 3);
        Tensor target = target(3);
        Tensor[] inputs = Stream.of(List.of(net.h.getFirst()), net.w, net.b).flatMap(List::stream)
                .toArray(Tensor[]::new);
        GradientCheck.of(in -> crossEntropy(Network.run(Activation.TANH, in.getFirst(),
                in.subList(1, 4), in.subList(4, 7)).y(), target), inputs)
                .orThrow();
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void jacobianOfALayer(Activation activation) {
        Network net = Network.of(activation, 5, 4, 6, 3);
        for (int i = 1; i <= 3; i++) {
            Tensor w = net.w.get(i - 1).detach();
            Tensor b = net.b.get(i - 1).detach().flatten(0, 1);
            Tensor before = net.h.get(i - 1).detach().flatten(0, 1);
            close(net.jacobian(i), Autograd.jacobian(h -> activate(activation, w.matmul(h).add(b)), before));
        }
    }

    @Test
    void theProductPrintedInTheSourceStartsAndEndsOneLayerEarly() {
        // Where the widths differ, its factors do not fit together.
        Network uneven = Network.of(Activation.TANH, 5, 4, 6, 3);
        assertThat(uneven.jacobian(1).shape()).isEqualTo(Shape.of(4, 5));
        Tensor error = uneven.y().detach().sub(target(3));
        Tensor last = uneven.jacobian(2).transpose();
        assertThatIllegalArgumentException().isThrownBy(() -> last.matmul(error));
        // Where all are equal, it is another vector.
        Network even = Network.of(Activation.TANH, 4, 4, 4, 4);
        Tensor target = target(4);
        Tensor want = Autograd.grad(crossEntropy(even.y(), target), even.h.get(1)).getFirst();
        Tensor start = even.y().detach().sub(target);
        close(even.jacobian(2).transpose().matmul(even.jacobian(3).transpose()).matmul(start), want);
        Tensor printed = even.jacobian(1).transpose().matmul(even.jacobian(2).transpose()).matmul(start);
        assertThat(printed.sub(want).abs().max().item()).isGreaterThan(0.01);
    }

    @Test
    void gradientOfTheWeightsHasTheirLayout() {
        Network net = Network.of(Activation.TANH, 4, 4, 4);
        Tensor target = target(4);
        Tensor dh = net.y().detach().sub(target);
        Tensor dz = slope(Activation.TANH, net.z.get(1)).mul(dh);
        Tensor got = Autograd.grad(crossEntropy(net.y(), target), net.w.get(1)).getFirst();
        Tensor before = net.h.get(1).detach();
        for (int row = 0; row < 4; row++) {
            for (int column = 0; column < 4; column++) {
                assertThat(got.select(0, row).select(0, column).item()).isCloseTo(
                        dz.select(0, row).item() * before.select(0, column).item(), CLOSE);
            }
        }
        Tensor printed = dz.matmul(before.transpose()).transpose();
        assertThat(printed.sub(got).abs().max().item()).as("transposed").isGreaterThan(0.01);
    }

    @Test
    void softmaxAndCrossEntropy() {
        Tensor h = normal(5);
        Tensor t = target(5).flatten(0, 1);
        Tensor y = h.softmax(0);
        Tensor dy = t.div(y).neg();
        close(Autograd.grad(v -> crossEntropy(v, t), y), dy);
        GradientCheck.of(v -> crossEntropy(v, t), y).orThrow();
        Tensor jacobian = Tensor.diag(y).sub(y.reshape(5, 1).matmul(y.reshape(1, 5)));
        close(Autograd.jacobian(v -> v.softmax(0), h), jacobian);
        close(jacobian, jacobian.transpose());
        close(jacobian.matmul(dy), y.sub(t));
        close(Autograd.grad(v -> crossEntropy(v.softmax(0), t), h), y.sub(t));
        GradientCheck.of(v -> crossEntropy(v.softmax(0), t), h).orThrow();
    }

    @Test
    void theTargetMustSumToOne() {
        Tensor h = normal(5);
        Tensor t = target(5).flatten(0, 1).mul(2);
        Tensor y = h.softmax(0);
        Tensor got = Autograd.grad(v -> crossEntropy(v.softmax(0), t), h);
        close(got, y.mul(t.sum()).sub(t));
        assertThat(got.sub(y.sub(t)).abs().max().item()).isGreaterThan(0.1);
    }

    @Test
    void theProductOfTheFactorsFailsWhereADirectFormulaDoesNot() {
        Tensor h = Tensor.of(0.0, 800);
        Tensor t = Tensor.of(1.0, 0);
        assertThat(Autograd.grad(v -> crossEntropy(v.softmax(0), t), h).toDoubleArray()).contains(Double.NaN);
        close(h.softmax(0).sub(t), Tensor.of(-1.0, 1));
        close(Autograd.grad(v -> t.mul(v.logSoftmax(0)).sum().neg(), h), Tensor.of(-1.0, 1));
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void theFusedLayerHasTheSameGradients(Activation activation) {
        Device device = Device.of(new FusedBackend());
        try (var _ = device.use()) {
            Tensor x = Rng.normal(2, 4).requireGrad();
            Tensor w = Rng.normal(3, 4).requireGrad();
            Tensor b = Rng.normal(3).requireGrad();
            Tensor dy = Rng.normal(2, 3);
            Tensor y = x.linear(w, b, activation);
            List<Tensor> got = Autograd.grad(y.mul(dy).sum(), x, w, b);
            Tensor z = x.detach().matmul(w.detach().transpose()).add(b.detach());
            Tensor dz = dy.mul(slope(activation, z).to(DType.FLOAT32));
            assertThat(y.toArray()).containsExactly(activate(activation, z).toArray(), within(1e-6f));
            assertThat(got.get(0).toArray()).containsExactly(dz.matmul(w.detach()).toArray(), within(1e-5f));
            assertThat(got.get(1).toArray())
                    .containsExactly(dz.transpose().matmul(x.detach()).toArray(), within(1e-5f));
            assertThat(got.get(2).toArray()).containsExactly(dz.sum(0).toArray(), within(1e-5f));
        }
    }

    @Test
    void theFusedLossHasTheSameGradient() {
        Device device = Device.of(new FusedBackend());
        try (var _ = device.use()) {
            Tensor logits = Rng.normal(3, 4).requireGrad();
            Tensor label = Tensor.of(2, 0, 3);
            Tensor got = Autograd.grad(logits.crossEntropy(label, -100, 0).sum(), logits).getFirst();
            Tensor want = logits.detach().softmax(1).sub(label.oneHot(4));
            assertThat(got.toArray()).containsExactly(want.toArray(), within(1e-6f));
        }
    }
}
