package dev.jacobian.op;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.autograd.Op;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Layout;
import dev.jacobian.testing.OpCase;
import dev.jacobian.testing.OpCases;
import dev.jacobian.testing.ReferenceBackend;
import dev.jacobian.testing.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** First and second derivatives of every operation, against finite differences in float64. */
final class GradientTest {
    private final Device device = Device.of(new ReferenceBackend());
    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = device.use();
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    static Stream<OpCase> smooth() {
        return OpCases.smooth();
    }

    private static List<Sample> samples(OpCase op) {
        return op.gradientSamples().toList();
    }

    @ParameterizedTest
    @MethodSource("smooth")
    void firstDerivatives(OpCase op) {
        List<Sample> samples = samples(op);
        assertThat(samples).isNotEmpty();
        for (Sample sample : samples) {
            for (Layout layout : Layout.values()) {
                if (sample.fits(layout)) {
                    check(op, sample, layout, GradientCheck.of(viewed(sample, layout), bases(sample, layout)));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("smooth")
    void secondDerivatives(OpCase op) {
        for (Sample sample : samples(op)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.TRANSPOSED)) {
                if (sample.fits(layout)) {
                    check(op, sample, layout, GradientCheck.secondOrder(viewed(sample, layout), bases(sample, layout)));
                }
            }
        }
    }

    private static void check(OpCase op, Sample sample, Layout layout, GradientCheck.Report report) {
        assertThat(report.passed()).as("%s of %s, %s: %s", op, sample, layout, report).isTrue();
    }

    /** The function of the tensors that its inputs are views of: so the views' own gradients are checked as well. */
    private static Function<List<Tensor>, Tensor> viewed(Sample sample, Layout layout) {
        return bases -> {
            List<Tensor> inputs = new ArrayList<>();
            for (int i = 0; i < bases.size(); i++) {
                inputs.add(sample.layout(i, layout).view(bases.get(i), sample.inputs().get(i).shape()));
            }
            return sample.function().apply(inputs);
        };
    }

    private static Tensor[] bases(Sample sample, Layout layout) {
        List<Tensor> bases = new ArrayList<>();
        for (int i = 0; i < sample.inputs().size(); i++) {
            bases.add(sample.inputs().get(i).base(DType.FLOAT64, sample.layout(i, layout)));
        }
        return bases.toArray(Tensor[]::new);
    }

    private static void bothOrders(Op op, Tensor... inputs) {
        GradientCheck.of(values -> Autograd.apply(op, values.toArray(Tensor[]::new)), inputs).orThrow();
        GradientCheck.secondOrder(values -> Autograd.apply(op, values.toArray(Tensor[]::new)), inputs).orThrow();
    }

    /** Records that no method of Tensor makes, or only with parameters that a layer gives. */
    @Test
    void opsOfLayersAndOfBackwardRules() {
        Tensor x = Tensor.of(0.3, -1.2, 2.1, 0.7, -0.4, 1.1, -2.2, 0.9).reshape(2, 2, 2);
        bothOrders(new BinaryScalar(BinaryOp.RELU_GRAD, 0.5), x);
        bothOrders(new BinaryScalar(BinaryOp.RELU_GRAD, -0.5), x);
        bothOrders(new BinaryScalar(BinaryOp.TANH_GRAD, 0.5), x);
        bothOrders(new BinaryScalar(BinaryOp.SIGMOID_GRAD, 0.3), x);
        bothOrders(new Binary(BinaryOp.TANH_GRAD), x, x.mul(0.3));
        bothOrders(new Binary(BinaryOp.SIGMOID_GRAD), x, x.sigmoid());
        for (Activation activation : List.of(Activation.NONE, Activation.RELU)) {
            bothOrders(new BatchNorm(1e-3, 0.1, null, null, activation), x, Tensor.of(1.5, -0.7), Tensor.of(0.1, 0.2));
        }
        bothOrders(new Dropout(0.4, 1, 2), x, Tensor.full(device, DType.INT32, Shape.SCALAR, 3));
        bothOrders(new Embed(1, 1, 2, 6, 4), x);
    }

    @Test
    void castsGiveGradientsTheInputsType() {
        Tensor x = Tensor.of(1f, 2f).requireGrad();
        x.to(DType.FLOAT64).mul(0.1).sum().backward();
        assertThat(x.grad().dtype()).isEqualTo(DType.FLOAT32);
        assertThat(x.grad().toArray()).containsExactly(0.1f, 0.1f);
    }

    @Test
    void theGradientAtAKinkIsOneSided() {
        Tensor zero = Tensor.of(0.0);
        assertThat(Autograd.grad(Tensor::relu, zero).item()).isEqualTo(0);
        assertThat(Autograd.grad(Tensor::abs, zero).item()).isEqualTo(0);
        assertThat(Autograd.grad(v -> v.clamp(0, 1), zero).item()).isEqualTo(1);
        assertThat(Autograd.grad(v -> v.maximum(0), zero).item()).isEqualTo(0.5);
        Tensor tied = Tensor.of(2.0, 1, 2, 2);
        assertThat(Autograd.grad(Tensor::max, tied).toDoubleArray()).containsExactly(1.0 / 3, 0, 1.0 / 3, 1.0 / 3);
        assertThat(Autograd.grad(v -> v.mul(0).pow(0).sum(), tied).toDoubleArray()).containsOnly(0);
    }
}
