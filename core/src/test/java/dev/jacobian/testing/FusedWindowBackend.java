package dev.jacobian.testing;

import dev.jacobian.backend.AvgPool2dKernel;
import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.LayerNormKernel;
import dev.jacobian.backend.MaxPool2dKernel;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The part of {@link FusedBackend} that has windows over planes, and layer normalisation. */
abstract class FusedWindowBackend extends DelegatingBackend
        implements
            Conv2dKernel,
            MaxPool2dKernel,
            AvgPool2dKernel,
            LayerNormKernel {
    final ReferenceBackend reference;

    FusedWindowBackend(ReferenceBackend reference) {
        super(reference);
        this.reference = reference;
    }

    /** The elements in row-major order. */
    final double[] read(View view) {
        View dense = new View(HostBuffer.allocate(view.size() * Double.BYTES), DType.FLOAT64, view.shape());
        HostBuffer buffer = (HostBuffer) dense.buffer();
        reference.copy(view, dense);
        double[] values = new double[Math.toIntExact(view.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = buffer.segment().getAtIndex(ValueLayout.JAVA_DOUBLE, i);
        }
        buffer.free();
        return values;
    }

    static void write(double[] values, View dense) {
        assert dense.isContiguous() : "a fused kernel's result must be dense";
        for (int i = 0; i < values.length; i++) {
            ((HostBuffer) dense.buffer()).segment().setAtIndex(ValueLayout.JAVA_FLOAT, dense.offset() + i,
                    (float) values[i]);
        }
    }

    private static void assertDense(View... views) {
        for (View view : views) {
            assert view == null || view.isContiguous() : "this kernel is given dense views";
        }
    }

    private static double[] zeros(View view) {
        return new double[Math.toIntExact(view.size())];
    }

    @Override
    public void conv2d(View x, View weight, View bias, Window2d window, int groups, View y) {
        assertDense(x, weight, bias);
        double[] input = read(x);
        double[] weights = read(weight);
        double[] out = zeros(y);
        if (bias != null) {
            double[] biases = read(bias);
            int positions = y.dim(2) * y.dim(3);
            Arrays.setAll(out, i -> biases[i / positions % biases.length]);
        }
        new WindowLoops(window, x.shape(), y.shape()).convolve(groups, (i, w, o) -> out[o] += weights[w] * input[i]);
        write(out, y);
    }

    @Override
    public void conv2dBackwardInput(View dy, View weight, Window2d window, int groups, View dx) {
        assertDense(dy, weight);
        double[] gradient = read(dy);
        double[] weights = read(weight);
        double[] out = zeros(dx);
        new WindowLoops(window, dx.shape(), dy.shape()).convolve(groups,
                (i, w, o) -> out[i] += weights[w] * gradient[o]);
        write(out, dx);
    }

    @Override
    public void conv2dBackwardWeight(View x, View dy, Window2d window, int groups, View dweight) {
        assertDense(x, dy);
        double[] input = read(x);
        double[] gradient = read(dy);
        double[] out = zeros(dweight);
        new WindowLoops(window, x.shape(), dy.shape()).convolve(groups,
                (i, w, o) -> out[w] += input[i] * gradient[o]);
        write(out, dweight);
    }

    @Override
    public void maxPool2d(View x, Window2d window, View y, View index) {
        assertDense(x);
        double[] input = read(x);
        double[] out = zeros(y);
        int[] places = new int[out.length];
        Arrays.fill(places, -1);
        new WindowLoops(window, x.shape(), y.shape()).pool((i, place, o) -> {
            if (places[o] < 0 || input[i] > out[o] || (Double.isNaN(input[i]) && !Double.isNaN(out[o]))) {
                out[o] = input[i];
                places[o] = place;
            }
        });
        write(out, y);
        for (int i = 0; i < places.length; i++) {
            ((HostBuffer) index.buffer()).segment().setAtIndex(ValueLayout.JAVA_INT, index.offset() + i, places[i]);
        }
    }

    @Override
    public void maxPool2dBackward(View dy, View index, Window2d window, View dx) {
        assertDense(dy, index);
        double[] gradient = read(dy);
        double[] places = read(index);
        double[] out = zeros(dx);
        new WindowLoops(window, dx.shape(), dy.shape())
                .pool((i, place, o) -> out[i] += places[o] == place ? gradient[o] : 0);
        write(out, dx);
    }

    private static double[] divisors(WindowLoops loops, Window2d window, boolean countIncludePad, View y) {
        double[] divisors = zeros(y);
        if (countIncludePad) {
            Arrays.fill(divisors, window.kernelH() * window.kernelW());
        } else {
            loops.pool((_, _, o) -> divisors[o]++);
        }
        return divisors;
    }

    @Override
    public void avgPool2d(View x, Window2d window, boolean countIncludePad, View y) {
        assertDense(x);
        double[] input = read(x);
        double[] out = zeros(y);
        WindowLoops loops = new WindowLoops(window, x.shape(), y.shape());
        double[] divisors = divisors(loops, window, countIncludePad, y);
        loops.pool((i, _, o) -> out[o] += input[i]);
        Arrays.setAll(out, i -> out[i] / divisors[i]);
        write(out, y);
    }

    @Override
    public void avgPool2dBackward(View dy, Window2d window, boolean countIncludePad, View dx) {
        assertDense(dy);
        double[] gradient = read(dy);
        double[] out = zeros(dx);
        WindowLoops loops = new WindowLoops(window, dx.shape(), dy.shape());
        double[] divisors = divisors(loops, window, countIncludePad, dy);
        loops.pool((i, _, o) -> out[i] += gradient[o] / divisors[o]);
        write(out, dx);
    }

    @Override
    public void layerNorm(View x, View weight, View bias, double epsilon, View mean, View rstd, View y) {
        assertDense(x, weight, bias);
        double[] values = read(x);
        double[] means = zeros(mean);
        double[] scales = zeros(rstd);
        int n = x.dim(1);
        for (int i = 0; i < values.length; i++) {
            means[i / n] += values[i] / n;
        }
        for (int i = 0; i < values.length; i++) {
            scales[i / n] += (values[i] - means[i / n]) * (values[i] - means[i / n]) / n;
        }
        Arrays.setAll(scales, i -> 1 / Math.sqrt(scales[i] + epsilon));
        Arrays.setAll(values, i -> (values[i] - means[i / n]) * scales[i / n]);
        if (weight != null) {
            double[] weights = read(weight);
            double[] biases = read(bias);
            Arrays.setAll(values, i -> values[i] * weights[i % n] + biases[i % n]);
        }
        write(means, mean);
        write(scales, rstd);
        write(values, y);
    }

    @Override
    public void layerNormBackward(View x, View weight, View mean, View rstd, View dy, View dx, View dweight,
            View dbias) {
        assertDense(x, weight, dy);
        double[] normal = read(x);
        double[] gradient = read(dy);
        double[] means = read(mean);
        double[] scales = read(rstd);
        int n = x.dim(1);
        Arrays.setAll(normal, i -> (normal[i] - means[i / n]) * scales[i / n]);
        if (weight != null) {
            double[] weights = read(weight);
            double[] dweights = zeros(dweight);
            double[] dbiases = zeros(dbias);
            for (int i = 0; i < normal.length; i++) {
                dweights[i % n] += gradient[i] * normal[i];
                dbiases[i % n] += gradient[i];
                gradient[i] *= weights[i % n];
            }
            write(dweights, dweight);
            write(dbiases, dbias);
        }
        double[] sums = zeros(mean);
        double[] products = zeros(mean);
        for (int i = 0; i < normal.length; i++) {
            sums[i / n] += gradient[i] / n;
            products[i / n] += gradient[i] * normal[i] / n;
        }
        Arrays.setAll(normal, i -> scales[i / n] * (gradient[i] - sums[i / n] - normal[i] * products[i / n]));
        write(normal, dx);
    }
}
