package dev.jacobian.tensor;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.function.IntFunction;
import java.util.function.ToIntFunction;

/**
 * Java arrays on their way to a device, and back.
 *
 * @param values the bytes, on the heap
 * @param dtype the type of the elements
 */
record HostData(MemorySegment values, DType dtype) {
    static HostData of(float[] values) {
        return new HostData(MemorySegment.ofArray(values), DType.FLOAT32);
    }

    static HostData of(double[] values) {
        return new HostData(MemorySegment.ofArray(values), DType.FLOAT64);
    }

    static HostData of(int[] values) {
        return new HostData(MemorySegment.ofArray(values), DType.INT32);
    }

    static HostData of(boolean[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return new HostData(MemorySegment.ofArray(bytes), DType.BOOL);
    }

    static HostData of(float[][] rows) {
        return of(joined(rows, r -> r.length, float[]::new));
    }

    static HostData of(double[][] rows) {
        return of(joined(rows, r -> r.length, double[]::new));
    }

    static HostData of(int[][] rows) {
        return of(joined(rows, r -> r.length, int[]::new));
    }

    private static <A> A joined(A[] rows, ToIntFunction<A> length, IntFunction<A> array) {
        int columns = rows.length == 0 ? 0 : length.applyAsInt(rows[0]);
        A all = array.apply(Check.times("tensor", rows.length, columns));
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] == null || length.applyAsInt(rows[i]) != columns) {
                throw new IllegalArgumentException("tensor: row " + i + " "
                        + (rows[i] == null ? "is null" : "has " + length.applyAsInt(rows[i]) + " elements")
                        + ", expected " + columns + " as row 0; all rows need one length");
            }
            System.arraycopy(rows[i], 0, all, i * columns, columns);
        }
        return all;
    }

    /** A tensor of these values on the current device. */
    Tensor reshaped(int... dims) {
        Tensor tensor = Tensor.empty(Device.current(), dtype, Shape.of(dims));
        upload(values, tensor);
        return tensor;
    }

    /** Sets a dense tensor's bytes. */
    static void upload(MemorySegment bytes, Tensor target) {
        if (bytes.byteSize() > 0) {
            target.device().backend().upload(bytes, target.view().buffer(),
                    target.view().offset() * target.dtype().bytes());
        }
    }

    static float[] toFloats(Tensor tensor) {
        float[] values = new float[Check.length("copy to an array", tensor)];
        download(tensor, DType.FLOAT32, MemorySegment.ofArray(values));
        return values;
    }

    static double[] toDoubles(Tensor tensor) {
        double[] values = new double[Check.length("copy to an array", tensor)];
        if (tensor.dtype() == DType.FLOAT64) {
            download(tensor, DType.FLOAT64, MemorySegment.ofArray(values));
        } else if (tensor.dtype() == DType.INT32) {
            int[] exact = toInts(tensor); // float32 has too few bits
            for (int i = 0; i < values.length; i++) {
                values[i] = exact[i];
            }
        } else {
            float[] exact = toFloats(tensor);
            for (int i = 0; i < values.length; i++) {
                values[i] = exact[i];
            }
        }
        return values;
    }

    static int[] toInts(Tensor tensor) {
        int[] values = new int[Check.length("copy to an array", tensor)];
        download(tensor, DType.INT32, MemorySegment.ofArray(values));
        return values;
    }

    static boolean[] toBooleans(Tensor tensor) {
        byte[] bytes = new byte[Check.length("copy to an array", tensor)];
        download(tensor, DType.BOOL, MemorySegment.ofArray(bytes));
        boolean[] values = new boolean[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i] != 0;
        }
        return values;
    }

    /** Copies a tensor's bytes, in row-major order and in the given type, into a segment of their size. */
    static void download(Tensor tensor, DType dtype, MemorySegment target) {
        if (target.byteSize() == 0) {
            return;
        }
        try (var _ = MemoryScope.open("of a download"); var _ = Autograd.noGrad()) {
            Tensor dense = tensor.detach().to(dtype).contiguous();
            try {
                dense.device().backend().download(
                        dense.view().buffer(), dense.view().offset() * (long) dtype.bytes(), target);
            } finally {
                Reference.reachabilityFence(dense); // a buffer alone does not keep its memory
            }
        }
    }
}
