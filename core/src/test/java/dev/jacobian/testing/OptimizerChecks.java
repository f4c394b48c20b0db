package dev.jacobian.testing;

import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Steps of optimisers, where the backend has their kernels, against the formulas in double precision. Every number may
 * be wrong by a few units of the magnitudes that were added to make it.
 */
final class OptimizerChecks {
    private static final Tolerance FEW = Tolerance.ofMagnitudes(6);

    private final Device device;

    OptimizerChecks(Device device) {
        this.device = device;
    }

    /** One parameter alone, all together, and more than one block of arguments may hold. */
    private static List<List<Integer>> groups(List<Integer> lengths) {
        return List.of(List.of(lengths.getLast()), lengths, Collections.nCopies(300, 3));
    }

    private static Tensor tensor(double... values) {
        return Tensor.of(Numbers.floats(values));
    }

    /** Dense tensors, of which every other one starts at an unaligned element. */
    private static List<Tensor> tensors(List<double[]> arrays) {
        List<Tensor> tensors = new ArrayList<>();
        for (double[] values : arrays) {
            boolean shifted = tensors.size() % 2 == 1;
            double[] stored = shifted ? new double[values.length + 1] : values;
            System.arraycopy(values, 0, stored, stored.length - values.length, values.length);
            Tensor tensor = tensor(stored);
            tensors.add(shifted ? tensor.slice(0, 1, stored.length) : tensor);
        }
        return tensors;
    }

    private static List<double[]> drawn(Domain domain, List<Integer> lengths, String name) {
        List<double[]> arrays = new ArrayList<>();
        for (int length : lengths) {
            arrays.add(domain.draw(length, name + arrays.size()));
        }
        return arrays;
    }

    private static List<View> views(List<Tensor> tensors) {
        return tensors.stream().map(Tensor::view).toList();
    }

    /** Numbers that are to come out, and the magnitudes that are added to make them. */
    @SuppressWarnings("ArrayRecordComponent") // filled in place, and never compared
    private record Want(double[] values, double[] magnitudes) {
        Want(int length) {
            this(new double[length], new double[length]);
        }

        void set(int i, double value, double magnitude) {
            values[i] = value;
            magnitudes[i] = magnitude;
        }
    }

    private static void hold(String what, Tensor got, Want want) {
        FEW.check(what, got.toDoubleArray(), want.values(), want.magnitudes(), DType.FLOAT32);
    }

    /** Whether the backend has the kernel, and its steps are right. */
    boolean checkSgd(List<Integer> lengths) {
        SgdKernel kernel = device.backend().kernel(SgdKernel.class, DType.FLOAT32);
        if (kernel == null) {
            return false;
        }
        for (List<Integer> group : groups(lengths)) {
            sgd(kernel, group, 0, 0, false);
            sgd(kernel, group, 0, 0.125, false);
            sgd(kernel, group, 0.875, 0, false);
            sgd(kernel, group, 0.875, 0.25, false);
            sgd(kernel, group, 0.875, 0.25, true);
        }
        return true;
    }

    private void sgd(
            SgdKernel kernel, List<Integer> lengths, double momentum, double weightDecay, boolean nesterov) {
        double lr = 0.0625;
        double scale = 0.75;
        List<double[]> p = drawn(Domain.REAL, lengths, "parameter");
        List<double[]> gradients = drawn(Domain.REAL, lengths, "gradient");
        List<double[]> velocities = drawn(Domain.REAL, lengths, "velocity");
        try (var _ = MemoryScope.open("of a step"); var _ = device.use()) {
            List<Tensor> parameters = tensors(p);
            List<Tensor> v = tensors(velocities);
            kernel.sgd(views(parameters), views(tensors(gradients)), momentum > 0 ? views(v) : List.of(), momentum,
                    weightDecay, nesterov, tensor(lr, scale).view());
            for (int k = 0; k < lengths.size(); k++) {
                Want wantP = new Want(lengths.get(k));
                Want wantV = new Want(lengths.get(k));
                for (int i = 0; i < lengths.get(k); i++) {
                    double before = p.get(k)[i];
                    double g = scale * gradients.get(k)[i] + weightDecay * before;
                    double size = Math.abs(scale * gradients.get(k)[i]) + Math.abs(weightDecay * before);
                    if (momentum > 0) {
                        double moved = momentum * velocities.get(k)[i];
                        wantV.set(i, moved + g, Math.abs(moved) + size);
                        g = nesterov ? g + momentum * wantV.values()[i] : wantV.values()[i];
                        size = nesterov ? size + momentum * wantV.magnitudes()[i] : wantV.magnitudes()[i];
                    }
                    wantP.set(i, before - lr * g, Math.abs(before) + lr * size);
                }
                String what = "sgd of " + lengths.get(k) + ", one of " + lengths.size() + ", momentum " + momentum
                        + ", weight decay " + weightDecay + ", nesterov " + nesterov;
                hold(what, parameters.get(k), wantP);
                if (momentum > 0) {
                    hold(what + ", velocity", v.get(k), wantV);
                }
            }
        }
    }

    /** Whether the backend has the kernel, and its steps are right. */
    boolean checkAdam(List<Integer> lengths) {
        AdamKernel kernel = device.backend().kernel(AdamKernel.class, DType.FLOAT32);
        if (kernel == null) {
            return false;
        }
        for (List<Integer> group : groups(lengths)) {
            adam(kernel, group, 0, false);
            adam(kernel, group, 0.125, false);
            adam(kernel, group, 0.125, true);
        }
        return true;
    }

    private void adam(AdamKernel kernel, List<Integer> lengths, double weightDecay, boolean decoupled) {
        double lr = 0.0625;
        double scale = 0.75;
        double beta1 = 0.875;
        double beta2 = 0.96875;
        double c1 = 1 - beta1 * beta1;
        double c2 = 1 - beta2 * beta2;
        double epsilon = 0x1p-20;
        List<double[]> p = drawn(Domain.REAL, lengths, "parameter");
        List<double[]> gradients = drawn(Domain.REAL, lengths, "gradient");
        List<double[]> first = drawn(Domain.REAL, lengths, "first moment");
        List<double[]> second = drawn(Domain.POSITIVE, lengths, "second moment");
        try (var _ = MemoryScope.open("of a step"); var _ = device.use()) {
            List<Tensor> parameters = tensors(p);
            List<Tensor> m = tensors(first);
            List<Tensor> v = tensors(second);
            kernel.adam(views(parameters), views(tensors(gradients)), views(m), views(v), beta1, beta2, epsilon,
                    weightDecay, decoupled, tensor(lr, scale, c1, c2).view());
            for (int k = 0; k < lengths.size(); k++) {
                Want wantP = new Want(lengths.get(k));
                Want wantM = new Want(lengths.get(k));
                Want wantV = new Want(lengths.get(k));
                for (int i = 0; i < lengths.get(k); i++) {
                    double before = p.get(k)[i];
                    double decay = decoupled ? 0 : weightDecay * before;
                    double g = scale * gradients.get(k)[i] + decay;
                    double size = Math.abs(scale * gradients.get(k)[i]) + Math.abs(decay);
                    double kept = decoupled ? before * (1 - lr * weightDecay) : before;
                    double m0 = beta1 * first.get(k)[i];
                    double v0 = beta2 * second.get(k)[i];
                    wantM.set(i, m0 + (1 - beta1) * g, Math.abs(m0) + (1 - beta1) * size);
                    wantV.set(i, v0 + (1 - beta2) * g * g, v0 + (1 - beta2) * size * size);
                    double rate = lr / c1 / (Math.sqrt(wantV.values()[i]) / Math.sqrt(c2) + epsilon);
                    wantP.set(i, kept - rate * wantM.values()[i], Math.abs(kept) + rate * wantM.magnitudes()[i]);
                }
                String what = "adam of " + lengths.get(k) + ", one of " + lengths.size() + ", weight decay "
                        + weightDecay + ", decoupled " + decoupled;
                hold(what + ", first moment", m.get(k), wantM);
                hold(what + ", second moment", v.get(k), wantV);
                hold(what, parameters.get(k), wantP);
            }
        }
    }
}
