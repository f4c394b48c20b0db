package dev.jacobian.testing;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.BatchNormKernel;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.DropoutKernel;
import dev.jacobian.backend.Erf;
import dev.jacobian.backend.GeluKernel;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.LinearKernel;
import dev.jacobian.backend.LogSoftmaxKernel;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.backend.SoftmaxKernel;
import dev.jacobian.backend.SoftmaxMarginKernel;
import dev.jacobian.backend.View;
import java.util.List;

/**
 * The {@link ReferenceBackend} with every fused kernel, in plain loops after the formulas of their contracts: so that
 * fused operations are tested where there is no fast backend.
 */
public final class FusedBackend extends FusedAttentionBackend
        implements
            SoftmaxKernel,
            LogSoftmaxKernel,
            CrossEntropyKernel,
            SoftmaxMarginKernel,
            BatchNormKernel,
            LinearKernel,
            BiasActivationKernel,
            GeluKernel,
            DropoutKernel,
            SgdKernel,
            AdamKernel {
    /** Makes a backend of its own. */
    public FusedBackend() {
        this(new ReferenceBackend());
    }

    private FusedBackend(ReferenceBackend reference) {
        super(reference);
    }

    @Override
    public <K> K kernel(Class<K> kind, DType dtype) {
        return dtype == DType.FLOAT32 && kind.isInstance(this) ? kind.cast(this) : null;
    }

    /** What runs along one axis: the elements of a row are at first, first + step, …. */
    private interface Row {
        void run(int first, int step, int length);
    }

    private static void rows(View x, int axis, Row row) {
        int step = 1;
        for (int i = axis + 1; i < x.rank(); i++) {
            step *= x.dim(i);
        }
        int length = x.dim(axis);
        int count = length == 0 ? 0 : Math.toIntExact(x.size() / length);
        for (int i = 0; i < count; i++) {
            row.run(i / step * step * length + i % step, step, length);
        }
    }

    private static double largest(double[] x, int first, int step, int length) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < length; i++) {
            largest = Math.max(largest, x[first + i * step]);
        }
        return largest;
    }

    /** Σ e^(x − largest). */
    private static double sumExp(double[] x, double largest, int first, int step, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += Math.exp(x[first + i * step] - largest);
        }
        return sum;
    }

    @Override
    public void softmax(View x, int axis, View y) {
        double[] logits = read(x);
        double[] values = new double[logits.length];
        rows(x, axis, (first, step, length) -> {
            double largest = largest(logits, first, step, length);
            double sum = sumExp(logits, largest, first, step, length);
            for (int i = first; i < first + length * step; i += step) {
                values[i] = Math.exp(logits[i] - largest) / sum;
            }
        });
        write(values, y);
    }

    @Override
    public void softmaxBackward(View y, View dy, int axis, View dx) {
        double[] result = read(y);
        double[] gradient = read(dy);
        double[] out = new double[result.length];
        rows(y, axis, (first, step, length) -> {
            double dot = 0;
            for (int i = first; i < first + length * step; i += step) {
                dot += gradient[i] * result[i];
            }
            for (int i = first; i < first + length * step; i += step) {
                out[i] = result[i] * (gradient[i] - dot);
            }
        });
        write(out, dx);
    }

    @Override
    public void logSoftmax(View x, int axis, View y) {
        double[] logits = read(x);
        double[] out = new double[logits.length];
        rows(x, axis, (first, step, length) -> {
            double largest = largest(logits, first, step, length);
            double logarithm = Math.log(sumExp(logits, largest, first, step, length));
            for (int i = first; i < first + length * step; i += step) {
                out[i] = logits[i] - largest - logarithm;
            }
        });
        write(out, y);
    }

    @Override
    public void logSoftmaxBackward(View y, View dy, int axis, View dx) {
        double[] result = read(y);
        double[] gradient = read(dy);
        double[] out = new double[result.length];
        rows(y, axis, (first, step, length) -> {
            double sum = 0;
            for (int i = first; i < first + length * step; i += step) {
                sum += gradient[i];
            }
            for (int i = first; i < first + length * step; i += step) {
                out[i] = gradient[i] - Math.exp(result[i]) * sum;
            }
        });
        write(out, dx);
    }

    @Override
    public void crossEntropy(View logits, View target, int ignoreIndex, double labelSmoothing, View logSumExp,
            View loss) {
        double[] x = read(logits);
        double[] labels = read(target);
        double[] sums = new double[labels.length];
        double[] losses = new double[labels.length];
        int classes = logits.dim(1);
        for (int n = 0; n < labels.length; n++) {
            double largest = largest(x, n * classes, 1, classes);
            sums[n] = largest + Math.log(sumExp(x, largest, n * classes, 1, classes));
            if (labels[n] == ignoreIndex) {
                continue;
            }
            int label = label("cross entropy", labels, n, classes);
            double uniform = 0;
            for (int i = 0; i < classes; i++) {
                uniform += sums[n] - x[n * classes + i];
            }
            losses[n] = (1 - labelSmoothing) * (sums[n] - x[n * classes + label]);
            losses[n] += labelSmoothing == 0 ? 0 : labelSmoothing / classes * uniform;
        }
        write(sums, logSumExp);
        write(losses, loss);
    }

    @Override
    public void crossEntropyBackward(
            View logits,
            View target,
            int ignoreIndex,
            double labelSmoothing,
            View logSumExp,
            View dloss,
            View dlogits) {
        double[] x = read(logits);
        double[] labels = read(target);
        double[] sums = read(logSumExp);
        double[] gradient = read(dloss);
        double[] out = new double[x.length];
        int classes = logits.dim(1);
        for (int i = 0; i < x.length; i++) {
            int n = i / classes;
            if (labels[n] != ignoreIndex) {
                double wanted = labelSmoothing / classes + (labels[n] == i % classes ? 1 - labelSmoothing : 0);
                out[i] = (Math.exp(x[i] - sums[n]) - wanted) * gradient[n];
            }
        }
        write(out, dlogits);
    }

    @Override
    public void softmaxMargin(View logits, View target, double margin, View probability, View loss) {
        softmax(logits, 1, probability);
        double[] p = read(probability);
        double[] labels = read(target);
        double[] losses = new double[labels.length];
        int classes = logits.dim(1);
        for (int n = 0; n < labels.length; n++) {
            int own = n * classes + label("softmax margin", labels, n, classes);
            for (int i = n * classes; i < (n + 1) * classes; i++) {
                losses[n] += i == own ? 0 : Math.max(0, p[i] - p[own] + margin);
            }
        }
        write(losses, loss);
    }

    @Override
    public void softmaxMarginBackward(View probability, View target, double margin, View dloss, View dlogits) {
        double[] p = read(probability);
        double[] labels = read(target);
        double[] gradient = read(dloss);
        double[] out = new double[p.length];
        int classes = probability.dim(1);
        for (int j = 0; j < p.length; j++) {
            int n = j / classes;
            int own = n * classes + label("softmax margin", labels, n, classes);
            double slope = 0;
            for (int i = n * classes; i < (n + 1) * classes; i++) {
                if (i != own && p[i] - p[own] + margin > 0) {
                    slope += (i == j ? 1 : 0) - (own == j ? 1 : 0) - p[i] + p[own];
                }
            }
            out[j] = p[j] * slope * gradient[n];
        }
        write(out, dlogits);
    }

    private static int label(String operation, double[] labels, int n, int classes) {
        if (labels[n] < 0 || labels[n] >= classes) {
            throw new IndexRangeException(operation, (int) labels[n], n, classes);
        }
        return (int) labels[n];
    }

    private static int channel(View x, int element) {
        int inner = 1;
        for (int i = 2; i < x.rank(); i++) {
            inner *= x.dim(i);
        }
        return element / inner % x.dim(1);
    }

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> Math.max(x, 0);
            case TANH -> Math.tanh(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
        };
    }

    /** dy times the derivative, which is had from the result. */
    private double[] slopes(Activation activation, View y, View dy) {
        double[] gradient = read(dy);
        double[] result = activation == Activation.NONE ? gradient : read(y);
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = switch (activation) {
                case NONE -> gradient[i];
                case RELU -> result[i] > 0 ? gradient[i] : 0;
                case TANH -> gradient[i] * (1 - result[i] * result[i]);
                case SIGMOID -> gradient[i] * result[i] * (1 - result[i]);
            };
        }
        return gradient;
    }

    @Override
    public void linear(View x, View weight, View bias, View y) {
        reference.matmul(x, weight.permute(1, 0), y, false);
        biasActivation(y, bias, Activation.NONE, y);
    }

    @Override
    public void biasActivation(View x, View bias, Activation activation, View y) {
        double[] values = read(x);
        double[] biases = read(bias);
        for (int i = 0; i < values.length; i++) {
            values[i] = activate(activation, values[i] + biases[i % biases.length]);
        }
        write(values, y);
    }

    @Override
    public void biasActivationBackward(View y, View dy, Activation activation, View dx, View dbias) {
        double[] gradient = slopes(activation, y, dy);
        double[] sums = new double[dy.dim(1)];
        for (int i = 0; i < gradient.length; i++) {
            sums[i % sums.length] += gradient[i];
        }
        write(gradient, dx);
        write(sums, dbias);
    }

    @Override
    public void batchNorm(
            View x,
            View weight,
            View bias,
            double epsilon,
            Activation activation,
            View mean,
            View variance,
            View y) {
        double[] values = read(x);
        double[] means = new double[x.dim(1)];
        double[] variances = new double[x.dim(1)];
        double n = (double) values.length / means.length;
        for (int i = 0; i < values.length; i++) {
            means[channel(x, i)] += values[i] / n;
        }
        for (int i = 0; i < values.length; i++) {
            double deviation = values[i] - means[channel(x, i)];
            variances[channel(x, i)] += deviation * deviation / n;
        }
        double[] weights = read(weight);
        double[] biases = read(bias);
        double[] out = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int c = channel(x, i);
            double normal = (values[i] - means[c]) / Math.sqrt(variances[c] + epsilon);
            out[i] = activate(activation, weights[c] * normal + biases[c]);
        }
        write(means, mean);
        write(variances, variance);
        write(out, y);
    }

    @Override
    public void batchNormBackward(
            View x,
            View weight,
            View mean,
            View variance,
            double epsilon,
            Activation activation,
            View y,
            View dy,
            View dx,
            View dweight,
            View dbias) {
        double[] normal = read(x);
        double[] gradient = slopes(activation, y, dy);
        double[] weights = read(weight);
        double[] means = read(mean);
        double[] variances = read(variance);
        double[] dweights = new double[means.length];
        double[] dbiases = new double[means.length];
        double n = (double) normal.length / means.length;
        for (int i = 0; i < normal.length; i++) {
            int c = channel(x, i);
            normal[i] = (normal[i] - means[c]) / Math.sqrt(variances[c] + epsilon);
            dweights[c] += gradient[i] * normal[i];
            dbiases[c] += gradient[i];
        }
        double[] out = new double[normal.length];
        for (int i = 0; i < normal.length; i++) {
            int c = channel(x, i);
            out[i] = weights[c] / Math.sqrt(variances[c] + epsilon)
                    * (gradient[i] - dbiases[c] / n - normal[i] * dweights[c] / n);
        }
        write(dweights, dweight);
        write(dbiases, dbias);
        write(out, dx);
    }

    @Override
    public void gelu(View x, View y) {
        double[] values = read(x);
        for (int i = 0; i < values.length; i++) {
            values[i] *= normalDistribution(values[i]);
        }
        write(values, y);
    }

    @Override
    public void geluBackward(View x, View dy, View dx) {
        double[] values = read(x);
        double[] gradient = read(dy);
        for (int i = 0; i < values.length; i++) {
            double density = Math.exp(-values[i] * values[i] / 2) / Math.sqrt(2 * Math.PI);
            gradient[i] *= normalDistribution(values[i]) + values[i] * density;
        }
        write(gradient, dx);
    }

    private static double normalDistribution(double x) {
        return (1 + Erf.erf(x * Math.sqrt(0.5))) / 2;
    }

    @Override
    public void dropout(View x, double p, RandomKey key, View y) {
        double[] values = read(x);
        reference.random(Distribution.UNIFORM, key, y);
        double[] uniform = read(y);
        for (int i = 0; i < values.length; i++) {
            values[i] = uniform[i] >= (float) p ? values[i] / (1 - (float) p) : 0;
        }
        write(values, y);
    }

    @Override
    public void sgd(
            List<View> parameters,
            List<View> gradients,
            List<View> velocities,
            double momentum,
            double weightDecay,
            boolean nesterov,
            View scalars) {
        for (int i = 0; i < parameters.size(); i++) {
            sgd(parameters.get(i), gradients.get(i), velocities.isEmpty() ? null : velocities.get(i), momentum,
                    weightDecay, nesterov, scalars);
        }
    }

    private void sgd(
            View parameter,
            View gradient,
            View velocity,
            double momentum,
            double weightDecay,
            boolean nesterov,
            View scalars) {
        double[] p = read(parameter);
        double[] g = read(gradient);
        double[] v = velocity == null ? null : read(velocity);
        double[] s = read(scalars);
        for (int i = 0; i < p.length; i++) {
            double step = s[1] * g[i] + weightDecay * p[i];
            if (v != null) {
                v[i] = momentum * v[i] + step;
                step = nesterov ? step + momentum * v[i] : v[i];
            }
            p[i] -= s[0] * step;
        }
        write(p, parameter);
        if (v != null) {
            write(v, velocity);
        }
    }

    @Override
    public void adam(
            List<View> parameters,
            List<View> gradients,
            List<View> m,
            List<View> v,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            boolean decoupled,
            View scalars) {
        for (int i = 0; i < parameters.size(); i++) {
            adam(parameters.get(i), gradients.get(i), m.get(i), v.get(i), beta1, beta2, epsilon, weightDecay, decoupled,
                    scalars);
        }
    }

    private void adam(
            View parameter,
            View gradient,
            View m,
            View v,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            boolean decoupled,
            View scalars) {
        double[] p = read(parameter);
        double[] g = read(gradient);
        double[] first = read(m);
        double[] second = read(v);
        double[] s = read(scalars);
        for (int i = 0; i < p.length; i++) {
            double step = s[1] * g[i] + (decoupled ? 0 : weightDecay * p[i]);
            p[i] *= decoupled ? 1 - s[0] * weightDecay : 1;
            first[i] = beta1 * first[i] + (1 - beta1) * step;
            second[i] = beta2 * second[i] + (1 - beta2) * step * step;
            p[i] -= s[0] / s[2] * first[i] / (Math.sqrt(second[i]) / Math.sqrt(s[3]) + epsilon);
        }
        write(p, parameter);
        write(first, m);
        write(second, v);
    }
}
