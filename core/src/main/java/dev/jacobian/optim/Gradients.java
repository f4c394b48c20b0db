package dev.jacobian.optim;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/** Limits gradients between {@link Tensor#backward()} and {@link Optimizer#step}, in place. */
public final class Gradients {
    /** As in PyTorch: keeps the quotient finite where all gradients are zero. */
    private static final double EPSILON = 1e-6;

    private Gradients() {}

    /**
     * Scales all gradients by one factor, min(1, maxNorm / (norm + 1e-6)), so that the Euclidean norm of all of them
     * together is at most as given. Nothing waits for the device. A norm that is not finite makes gradients NaN or
     * zero.
     *
     * @param parameters whose gradients; those without a fresh one do not count
     * @param maxNorm the largest norm, above 0
     * @return the norm before, one number, held by the current scope
     * @throws IllegalArgumentException if the largest norm is not above 0
     * @throws IllegalStateException if no parameter has a fresh gradient
     */
    public static Tensor clipNorm(List<Param> parameters, double maxNorm) {
        checkPositive("clip norm", maxNorm);
        List<Param> ready = ready("clip norm", parameters);
        Device home = ready.getFirst().device();
        try (var _ = MemoryScope.open("of gradient clipping"); var _ = Autograd.noGrad()) {
            Tensor squares = null;
            for (Param parameter : ready) {
                Tensor square = parameter.grad().square().sum().to(home);
                squares = squares == null ? square : squares.add(square);
            }
            Tensor norm = squares.sqrt();
            Tensor factor = norm.add(EPSILON).reciprocal().mul(maxNorm).minimum(1);
            for (Param parameter : ready) {
                scale(parameter.grad(), factor);
            }
            return MemoryScope.keep(norm);
        }
    }

    private static void scale(Tensor gradient, Tensor factor) {
        Tensor here = factor.to(gradient.device()).to(gradient.dtype()).expand(gradient.shape().toArray());
        gradient.device().backend().binary(BinaryOp.MUL, gradient.view(), here.view(), gradient.view());
        gradient.storage().changed();
    }

    /**
     * Cuts every element of the gradients to −maxValue..maxValue.
     *
     * @param parameters whose gradients; those without a fresh one are left alone
     * @param maxValue the largest magnitude, above 0
     * @throws IllegalArgumentException if it is not above 0
     * @throws IllegalStateException if no parameter has a fresh gradient
     */
    public static void clipValue(List<Param> parameters, double maxValue) {
        checkPositive("clip value", maxValue);
        for (Param parameter : ready("clip value", parameters)) {
            Tensor gradient = parameter.grad();
            Backend backend = gradient.device().backend();
            backend.binary(BinaryOp.MINIMUM, gradient.view(), maxValue, gradient.view());
            backend.binary(BinaryOp.MAXIMUM, gradient.view(), -maxValue, gradient.view());
            gradient.storage().changed();
        }
    }

    private static void checkPositive(String operation, double limit) {
        if (!(limit > 0)) {
            throw new IllegalArgumentException(operation + ": got limit " + limit + ", expected a number above 0");
        }
    }

    private static List<Param> ready(String operation, List<Param> parameters) {
        List<Param> ready = parameters.stream().filter(Optimizer::isReady).toList();
        if (ready.isEmpty()) {
            throw new IllegalStateException(
                    operation + ": none of " + parameters.size() + " parameters has a gradient that"
                            + " was not used yet; call loss.backward() first");
        }
        return ready;
    }
}
