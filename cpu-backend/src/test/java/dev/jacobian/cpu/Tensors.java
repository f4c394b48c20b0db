package dev.jacobian.cpu;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.IntStream;

/** Views for tests: made of numbers, laid out in all kinds of ways, and read back in row-major order. */
final class Tensors {
    private Tensors() {}

    static View of(DType dtype, Shape shape, double... values) {
        View view = empty(dtype, shape);
        set(view, values);
        return view;
    }

    static View floats(Shape shape, double... values) {
        return of(DType.FLOAT32, shape, values);
    }

    static View ints(int... values) {
        return of(DType.INT32, Shape.of(values.length), IntStream.of(values).asDoubleStream().toArray());
    }

    static View empty(DType dtype, Shape shape) {
        return new View(HostBuffer.allocate(shape.size() * dtype.bytes()), dtype, shape);
    }

    static View random(long seed, int... dims) {
        Shape shape = Shape.of(dims);
        return floats(shape, new Random(seed).doubles(shape.size(), -3, 3).toArray());
    }

    /** The same numbers in memory in which axes are reversed, with room between elements and before the first. */
    static View scattered(View view) {
        int rank = view.rank();
        long[] strides = new long[rank];
        long step = 2;
        for (int i = 0; i < rank; i++) {
            strides[i] = step;
            step *= view.dim(i) + 1;
        }
        HostBuffer buffer = HostBuffer.allocate((step + 7) * view.dtype().bytes());
        View copy = new View(buffer, view.dtype(), view.shape(), strides, 5);
        set(copy, values(view));
        return copy;
    }

    /** The same numbers with the first two axes exchanged in memory. */
    static View transposed(View view) {
        int[] order = IntStream.range(0, view.rank()).toArray();
        order[0] = 1;
        order[1] = 0;
        View exchanged = view.permute(order);
        View copy = of(view.dtype(), exchanged.shape(), values(exchanged));
        return copy.permute(order);
    }

    static void set(View view, double... values) {
        for (int i = 0; i < values.length; i++) {
            Typed.set(view.dtype(), Floats.memory(view), place(view, i), values[i]);
        }
    }

    static double[] values(View view) {
        double[] values = new double[Math.toIntExact(view.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = Typed.get(view.dtype(), Floats.memory(view), place(view, i));
        }
        return values;
    }

    /** The bits of a dense view, for exact comparisons. */
    static byte[] bits(View view) {
        MemorySegment memory = Floats.memory(view);
        int bytes = view.dtype().bytes();
        return memory.asSlice(view.offset() * bytes, view.size() * bytes).toArray(ValueLayout.JAVA_BYTE);
    }

    private static long place(View view, long element) {
        long at = view.offset();
        long rest = element;
        for (int axis = view.rank() - 1; axis >= 0; axis--) {
            at += rest % view.dim(axis) * view.stride(axis);
            rest /= view.dim(axis);
        }
        return at;
    }

    static CpuBackend backend(int threads) {
        return new CpuBackend(new ThreadTeam(threads), CpuProvider.kernels());
    }
}
