package dev.jacobian.testing;

import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
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

    private static double[] drawn(int length, String name) {
        return Domain.REAL.draw(length, name);
    }

    private static Tensor tensor(double[] values) {
        return Tensor.of(Numbers.floats(values));
    }

    private static void hold(String what, Tensor got, double[] want, double[] magnitudes) {
        FEW.check(what, got.toDoubleArray(), want, magnitudes, DType.FLOAT32);
    }

    /** Whether the backend has the kernel, and its steps are right. */
    boolean checkSgd(List<Integer> lengths) {
        SgdKernel kernel = device.backend().kernel(SgdKernel.class, DType.FLOAT32);
        if (kernel == null) {
            return false;
        }
        for (int length : lengths) {
            sgd(kernel, length, 0, 0, false);
            sgd(kernel, length, 0, 0.125, false);
            sgd(kernel, length, 0.875, 0, false);
            sgd(kernel, length, 0.875, 0.25, false);
            sgd(kernel, length, 0.875, 0.25, true);
        }
        return true;
    }

    private void sgd(SgdKernel kernel, int length, double momentum, double weightDecay, boolean nesterov) {
        double lr = 0.0625;
        double scale = 0.75;
        double[] p = drawn(length, "parameter");
        double[] gradient = drawn(length, "gradient");
        double[] velocity = drawn(length, "velocity");
        double[] wantP = new double[length];
        double[] wantV = new double[length];
        double[] sizeP = new double[length];
        double[] sizeV = new double[length];
        for (int i = 0; i < length; i++) {
            double g = scale * gradient[i] + weightDecay * p[i];
            double size = Math.abs(scale * gradient[i]) + Math.abs(weightDecay * p[i]);
            if (momentum > 0) {
                wantV[i] = momentum * velocity[i] + g;
                sizeV[i] = Math.abs(momentum * velocity[i]) + size;
                g = nesterov ? g + momentum * wantV[i] : wantV[i];
                size = nesterov ? size + momentum * sizeV[i] : sizeV[i];
            }
            wantP[i] = p[i] - lr * g;
            sizeP[i] = Math.abs(p[i]) + lr * size;
        }
        try (var _ = MemoryScope.open("of a step"); var _ = device.use()) {
            Tensor parameter = tensor(p);
            Tensor v = tensor(velocity);
            kernel.sgd(parameter.view(), tensor(gradient).view(), momentum > 0 ? v.view() : null, momentum, weightDecay,
                    nesterov, tensor(new double[] {lr, scale}).view());
            String what = "sgd of " + length + ", momentum " + momentum + ", weight decay " + weightDecay
                    + ", nesterov "
                    + nesterov;
            hold(what, parameter, wantP, sizeP);
            if (momentum > 0) {
                hold(what + ", velocity", v, wantV, sizeV);
            }
        }
    }

    /** Whether the backend has the kernel, and its steps are right. */
    boolean checkAdam(List<Integer> lengths) {
        AdamKernel kernel = device.backend().kernel(AdamKernel.class, DType.FLOAT32);
        if (kernel == null) {
            return false;
        }
        for (int length : lengths) {
            adam(kernel, length, 0, false);
            adam(kernel, length, 0.125, false);
            adam(kernel, length, 0.125, true);
        }
        return true;
    }

    private void adam(AdamKernel kernel, int length, double weightDecay, boolean decoupled) {
        double lr = 0.0625;
        double scale = 0.75;
        double beta1 = 0.875;
        double beta2 = 0.96875;
        double c1 = 1 - beta1 * beta1;
        double c2 = 1 - beta2 * beta2;
        double epsilon = 0x1p-20;
        double[] p = drawn(length, "parameter");
        double[] gradient = drawn(length, "gradient");
        double[] first = drawn(length, "first moment");
        double[] second = Domain.POSITIVE.draw(length, "second moment");
        double[] wantP = new double[length];
        double[] wantM = new double[length];
        double[] wantV = new double[length];
        double[] sizeP = new double[length];
        double[] sizeM = new double[length];
        double[] sizeV = new double[length];
        for (int i = 0; i < length; i++) {
            double decay = decoupled ? 0 : weightDecay * p[i];
            double g = scale * gradient[i] + decay;
            double size = Math.abs(scale * gradient[i]) + Math.abs(decay);
            double kept = decoupled ? p[i] * (1 - lr * weightDecay) : p[i];
            wantM[i] = beta1 * first[i] + (1 - beta1) * g;
            sizeM[i] = Math.abs(beta1 * first[i]) + (1 - beta1) * size;
            wantV[i] = beta2 * second[i] + (1 - beta2) * g * g;
            sizeV[i] = beta2 * second[i] + (1 - beta2) * size * size;
            double rate = lr / c1 / (Math.sqrt(wantV[i]) / Math.sqrt(c2) + epsilon);
            wantP[i] = kept - rate * wantM[i];
            sizeP[i] = Math.abs(kept) + rate * sizeM[i];
        }
        try (var _ = MemoryScope.open("of a step"); var _ = device.use()) {
            Tensor parameter = tensor(p);
            Tensor m = tensor(first);
            Tensor v = tensor(second);
            kernel.adam(parameter.view(), tensor(gradient).view(), m.view(), v.view(), beta1, beta2, epsilon,
                    weightDecay,
                    decoupled, tensor(new double[] {lr, scale, c1, c2}).view());
            String what = "adam of " + length + ", weight decay " + weightDecay + ", decoupled " + decoupled;
            hold(what + ", first moment", m, wantM, sizeM);
            hold(what + ", second moment", v, wantV, sizeV);
            hold(what, parameter, wantP, sizeP);
        }
    }
}
