package dev.jacobian.testing;

import dev.jacobian.backend.AttentionKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.View;
import java.lang.foreign.ValueLayout;

/** The part of {@link FusedBackend} that has attention. */
abstract class FusedAttentionBackend extends FusedWindowBackend implements AttentionKernel {
    FusedAttentionBackend(ReferenceBackend reference) {
        super(reference);
    }

    /** Writes the elements in row-major order to a view whose last axis alone is dense. */
    private void writeRows(double[] values, View view) {
        assert view.dim(-1) == 1 || view.stride(-1) == 1 : "attention writes dense rows";
        View dense = new View(HostBuffer.allocate(view.size() * Double.BYTES), DType.FLOAT64, view.shape());
        HostBuffer buffer = (HostBuffer) dense.buffer();
        for (int i = 0; i < values.length; i++) {
            buffer.segment().setAtIndex(ValueLayout.JAVA_DOUBLE, i, values[i]);
        }
        reference.copy(dense, view);
        buffer.free();
    }

    private double[] readRows(View view) {
        assert view.dim(-1) == 1 || view.stride(-1) == 1 : "attention is given dense rows";
        return read(view);
    }

    private static double[] zeros(View view) {
        return new double[Math.toIntExact(view.size())];
    }

    /** How many keys a query sees, of S. */
    private static int seen(boolean causal, int query, int keys) {
        return causal ? Math.min(query + 1, keys) : keys;
    }

    private static double dot(double[] a, int aAt, double[] b, int bAt, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += a[aAt + i] * b[bAt + i];
        }
        return sum;
    }

    private static void add(double factor, double[] x, int xAt, double[] sum, int at, int n) {
        for (int i = 0; i < n; i++) {
            sum[at + i] += factor * x[xAt + i];
        }
    }

    @Override
    public void attention(View q, View k, View v, double scale, boolean causal, View y, View logSumExp) {
        double[] queries = readRows(q);
        double[] keys = readRows(k);
        double[] values = readRows(v);
        double[] out = zeros(y);
        double[] logarithms = zeros(logSumExp);
        int d = q.dim(3);
        int s = k.dim(2);
        for (int row = 0; row < logarithms.length; row++) {
            int head = row / q.dim(2);
            int seen = seen(causal, row % q.dim(2), s);
            double[] scores = new double[seen];
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < seen; i++) {
                scores[i] = scale * dot(queries, row * d, keys, (head * s + i) * d, d);
                largest = Math.max(largest, scores[i]);
            }
            double sum = 0;
            for (int i = 0; i < seen; i++) {
                sum += Math.exp(scores[i] - largest);
            }
            for (int i = 0; i < seen; i++) {
                add(Math.exp(scores[i] - largest) / sum, values, (head * s + i) * d, out, row * d, d);
            }
            logarithms[row] = largest + Math.log(sum);
        }
        writeRows(out, y);
        write(logarithms, logSumExp);
    }

    @Override
    public void attentionBackward(
            View q,
            View k,
            View v,
            View y,
            View logSumExp,
            View dy,
            double scale,
            boolean causal,
            View dq,
            View dk,
            View dv) {
        double[] queries = readRows(q);
        double[] keys = readRows(k);
        double[] values = readRows(v);
        double[] result = readRows(y);
        double[] logarithms = read(logSumExp);
        double[] gradient = readRows(dy);
        double[] queryGradients = zeros(dq);
        double[] keyGradients = zeros(dk);
        double[] valueGradients = zeros(dv);
        int d = q.dim(3);
        int s = k.dim(2);
        for (int row = 0; row < logarithms.length; row++) {
            int head = row / q.dim(2);
            double delta = dot(gradient, row * d, result, row * d, d);
            for (int i = 0; i < seen(causal, row % q.dim(2), s); i++) {
                int key = (head * s + i) * d;
                double p = Math.exp(scale * dot(queries, row * d, keys, key, d) - logarithms[row]);
                double ds = p * (dot(gradient, row * d, values, key, d) - delta);
                add(p, gradient, row * d, valueGradients, key, d);
                add(scale * ds, keys, key, queryGradients, row * d, d);
                add(scale * ds, queries, row * d, keyGradients, key, d);
            }
        }
        writeRows(queryGradients, dq);
        writeRows(keyGradients, dk);
        writeRows(valueGradients, dv);
    }
}
