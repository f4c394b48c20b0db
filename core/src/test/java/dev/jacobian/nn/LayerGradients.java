package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/** Holds the gradients of layers, by inputs and by parameters, against central differences in float64. */
final class LayerGradients {
    private static final double STEP = 1e-5;

    private LayerGradients() {}

    /** Checks a layer, which is converted to float64; returns how many numbers were differentiated by. */
    static int check(Layer layer, Tensor x) {
        layer.to(DType.FLOAT64);
        Tensor input = x.to(DType.FLOAT64);
        GradientCheck.of(v -> sameStep(layer, v), input).orThrow();
        return (int) input.size() + (layer.parameters().isEmpty() ? 0 : parameters(layer, input));
    }

    /** Every call draws the random numbers of the first call in the step. */
    private static Tensor sameStep(Layer layer, Tensor x) {
        Rng.resume(Rng.step());
        return layer.call(x);
    }

    private static int parameters(Layer layer, Tensor x) {
        layer.parameters().forEach(Param::zeroGrad);
        loss(layer, x).backward();
        int checked = 0;
        for (Map.Entry<String, Param> entry : layer.namedParameters().entrySet()) {
            Param param = entry.getValue();
            double[] analytic = param.grad().toDoubleArray();
            double[] values = param.toDoubleArray();
            for (int i = 0; i < values.length; i++, checked++) {
                double numeric = (moved(layer, x, param, values, i, STEP) - moved(layer, x, param, values, i, -STEP))
                        / (2 * STEP);
                assertThat(analytic[i]).as("%s[%d]", entry.getKey(), i)
                        .isCloseTo(numeric, within(1e-7 * Math.max(1, Math.abs(numeric))));
            }
        }
        return checked;
    }

    private static double moved(Layer layer, Tensor x, Param param, double[] values, int i, double step) {
        double[] changed = values.clone();
        changed[i] += step;
        try (var _ = Autograd.noGrad()) {
            param.set(Tensor.of(changed).reshape(param.shape()));
            double loss = loss(layer, x).item();
            param.set(Tensor.of(values).reshape(param.shape()));
            return loss;
        }
    }

    /** A sum in which every result counts differently. */
    private static Tensor loss(Layer layer, Tensor x) {
        Tensor y = sameStep(layer, x);
        double[] weights = new double[(int) y.size()];
        Arrays.setAll(weights, i -> Math.sin(1 + 2.3 * i));
        return y.mul(Tensor.of(weights).reshape(y.shape())).sum();
    }
}
