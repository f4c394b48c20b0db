package dev.jacobian.cpu;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.View;
import dev.jacobian.cpu.gemm.Gemm;
import dev.jacobian.cpu.gemm.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Batched matrix products: float32 by packed panels, float64 by plain loops. */
final class CpuMatmul {
    private final Parallel team;
    private final Gemm gemm;

    CpuMatmul(Parallel team, Gemm gemm) {
        this.team = team;
        this.gemm = gemm;
    }

    void matmul(View a, View b, View out, boolean accumulate) {
        if (out.size() == 0) {
            return;
        }
        int m = out.dim(-2);
        int n = out.dim(-1);
        int k = a.dim(-1);
        int batch = Math.toIntExact(out.size() / m / n);
        if (out.dtype() == DType.FLOAT32) {
            gemm.multiply(
                    team,
                    m,
                    n,
                    k,
                    matrix(a),
                    batchOffsets(a, batch),
                    matrix(b),
                    batchOffsets(b, batch),
                    new Matrix(Floats.memory(out), out.offset(), n, 1),
                    batchOffsets(out.as(out.shape(), out.shape().strides(), out.offset()), batch),
                    accumulate);
        } else {
            plain(a, b, out, accumulate);
        }
    }

    void linear(View x, View weight, View bias, View y) {
        int out = weight.dim(0);
        Matrix biases = new Matrix(Floats.memory(bias), bias.offset(), 0, bias.stride(0));
        gemm.multiply(team, x.dim(0), out, x.dim(1), matrix(x), matrix(weight).transpose(), biases,
                new Matrix(Floats.memory(y), y.offset(), out, 1));
    }

    private static Matrix matrix(View view) {
        return new Matrix(Floats.memory(view), view.offset(), view.stride(-2), view.stride(-1));
    }

    /** Where each matrix of a batch begins, from the first one on. */
    private static long[] batchOffsets(View view, int batch) {
        long[] offsets = new long[batch];
        for (int i = 0; i < batch; i++) {
            long rest = i;
            for (int axis = view.rank() - 3; axis >= 0; axis--) {
                offsets[i] += rest % view.dim(axis) * view.stride(axis);
                rest /= view.dim(axis);
            }
        }
        return offsets;
    }

    private void plain(View a, View b, View out, boolean accumulate) {
        int n = out.dim(-1);
        int m = out.dim(-2);
        int k = a.dim(-1);
        long[] aOffsets = batchOffsets(a, Math.toIntExact(out.size() / m / n));
        long[] bOffsets = batchOffsets(b, aOffsets.length);
        MemorySegment left = Floats.memory(a);
        MemorySegment right = Floats.memory(b);
        MemorySegment to = Floats.memory(out);
        DType dtype = out.dtype();
        Ranges.run(team, out.size() / n, (long) n * Math.max(1, k), (first, last) -> {
            double[] row = new double[n];
            double[] factor = new double[n];
            for (long i = first; i < last; i++) {
                int matrix = (int) (i / m);
                long aAt = a.offset() + aOffsets[matrix] + i % m * a.stride(-2);
                long bAt = b.offset() + bOffsets[matrix];
                Typed.load(dtype, to, out.offset() + i * n, 1, row, accumulate ? n : 0);
                Arrays.fill(row, accumulate ? n : 0, n, 0);
                for (int p = 0; p < k; p++) {
                    double value = Typed.get(dtype, left, aAt + p * a.stride(-1));
                    Typed.load(dtype, right, bAt + p * b.stride(-2), b.stride(-1), factor, n);
                    for (int j = 0; j < n; j++) {
                        row[j] += value * factor[j];
                    }
                }
                Typed.store(dtype, row, to, out.offset() + i * n, 1, n);
            }
        });
    }
}
