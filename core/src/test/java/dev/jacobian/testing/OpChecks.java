package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Node;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Runs samples, forward and backward, and holds one device's results against the reference's. */
final class OpChecks {
    static final Device REFERENCE = Device.of(new ReferenceBackend());

    /** Larger samples are tried densely only. */
    private static final int LARGEST_VIEWED = 600;

    private final Device device;

    OpChecks(Device device) {
        this.device = device;
    }

    /** A result and its gradients by the inputs of a floating type, as doubles. */
    @SuppressWarnings("ArrayRecordComponent") // never changed, and compared by sameBits
    record Outcome(double[] result, DType dtype, boolean differentiable, Node history, List<double[]> gradients) {
        boolean sameBits(Outcome other) {
            boolean same = Arrays.equals(result, other.result);
            for (int i = 0; i < gradients.size(); i++) {
                same &= Arrays.equals(gradients.get(i), other.gradients.get(i));
            }
            return same;
        }
    }

    void check(OpCase op, Grid grid) {
        op.samples().apply(grid).forEach(sample -> {
            for (Layout layout : Layout.values()) {
                if (layout == Layout.DENSE || (sample.size() <= LARGEST_VIEWED && sample.fits(layout))) {
                    check(op, sample, layout, DType.FLOAT32);
                    if (device.backend().supports(DType.FLOAT64) && sample.size() <= LARGEST_VIEWED) {
                        check(op, sample, layout, DType.FLOAT64);
                    }
                }
            }
        });
    }

    private void check(OpCase op, Sample sample, Layout layout, DType dtype) {
        String what = op + " of " + sample + ", " + layout;
        Outcome want = run(REFERENCE, sample.special() ? dtype : DType.FLOAT64, sample, layout, false);
        boolean scaled = sample.forward().scale() == Tolerance.Scale.MAGNITUDES
                || sample.backward().scale() == Tolerance.Scale.MAGNITUDES;
        Outcome magnitudes = scaled ? run(REFERENCE, DType.FLOAT64, magnitudes(sample), layout, true) : want;
        Outcome got = run(device, dtype, sample, layout, false);
        compare(what, got, want, magnitudes, sample.forward(), sample.backward(), dtype);
        if (op.kernel() != null && device.backend().kernel(op.kernel(), dtype) != null) {
            assertThat(got.history.isFused()).as("%s: training takes the fused kernel", what).isTrue();
            try (var _ = Autograd.higherOrder()) {
                Outcome decomposed = run(device, dtype, sample, layout, false);
                assertThat(decomposed.history.isFused()).isFalse();
                compare(what + ", fused against decomposed", got, decomposed, magnitudes, sample.forward().doubled(),
                        sample.backward().doubled(), dtype);
            }
        }
    }

    private static void compare(
            String what,
            Outcome got,
            Outcome want,
            Outcome magnitudes,
            Tolerance forward,
            Tolerance backward,
            DType dtype) {
        boolean floating = got.dtype.isFloating();
        (floating ? forward : Tolerance.EXACT).check(what, got.result, want.result, magnitudes.result,
                floating ? got.dtype : DType.FLOAT64);
        assertThat(got.differentiable).as("%s: has a gradient", what).isEqualTo(want.differentiable);
        for (int i = 0; i < got.gradients.size(); i++) {
            backward.check(what + ", gradient " + i, got.gradients.get(i), want.gradients.get(i),
                    magnitudes.gradients.get(i), dtype);
        }
    }

    /** The same call of the inputs' magnitudes. */
    private static Sample magnitudes(Sample sample) {
        List<Sample.Input> inputs = sample.inputs().stream().map(input -> input.dtype().isFloating()
                ? new Sample.Input(input.dtype(), input.shape(), Numbers.magnitudes(input.values()))
                : input).toList();
        return new Sample(sample.label(), sample.function(), inputs, sample.forward(), sample.backward(),
                sample.special());
    }

    /** Calls a sample on a device, and takes its result's gradient back. */
    static Outcome run(Device device, DType dtype, Sample sample, Layout layout, boolean magnitudes) {
        try (var _ = MemoryScope.open("of a sample"); var _ = device.use()) {
            List<Tensor> inputs = new ArrayList<>();
            for (int i = 0; i < sample.inputs().size(); i++) {
                Sample.Input input = sample.inputs().get(i);
                Layout lie = sample.layout(i, layout);
                Tensor tensor = new Sample.Input(input.dtype(), input.shape(), lie.seen(input.values(), input.shape()))
                        .tensor(dtype, lie);
                inputs.add(tensor.dtype().isFloating() ? tensor.detach().requireGrad() : tensor);
            }
            Tensor y = sample.function().apply(inputs);
            double[] result = Numbers.elements(y);
            boolean differentiable = y.requiresGrad();
            if (differentiable) {
                y.backward(gradient(y, sample.label(), layout, magnitudes));
            }
            List<double[]> gradients = inputs.stream().filter(Tensor::requiresGrad).map(input -> input.grad() == null
                    ? new double[Math.toIntExact(input.size())]
                    : input.grad().toDoubleArray()).toList();
            return new Outcome(result, y.dtype(), differentiable, y.history(), gradients);
        }
    }

    /** A gradient to start from: magnitudes 0.5 to 2, strided as the inputs are. */
    private static Tensor gradient(Tensor y, String seed, Layout layout, boolean magnitudes) {
        SplittableRandom random = new SplittableRandom(seed.hashCode());
        Shape shape = y.shape();
        double[] values = new double[Math.toIntExact(y.size())];
        for (int i = 0; i < values.length; i++) {
            float drawn = (float) random.nextDouble(0.5, 2);
            values[i] = random.nextBoolean() || magnitudes ? drawn : -drawn;
        }
        Layout lie = layout.fits(shape) ? layout : Layout.DENSE;
        return new Sample.Input(y.dtype(), shape, lie.seen(values, shape)).tensor(y.dtype(), lie);
    }

    /** The same call gives the same bits: again, wherever its gradients are written, and on every one of the devices. */
    void checkSameBits(OpCase op, Grid grid, Iterable<Device> devices) {
        op.samples().apply(grid).forEach(sample -> {
            Outcome first = run(device, DType.FLOAT32, sample, Layout.DENSE, false);
            Map.of("again", sample, "after another", sample.afterAnother(), "among others", sample.amongOthers())
                    .forEach((how, same) -> assertThat(
                            run(device, DType.FLOAT32, same, Layout.DENSE, false).sameBits(first))
                            .as("%s of %s: the same bits %s", op, sample, how).isTrue());
            for (Device other : devices) {
                assertThat(run(other, DType.FLOAT32, sample, Layout.DENSE, false).sameBits(first))
                        .as("%s of %s: the same bits on %s", op, sample, other.describe()).isTrue();
            }
        });
    }
}
