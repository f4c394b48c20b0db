package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the benchmarks of kernels that memory bounds share: operands, and the plain copy that each is held against, made
 * by as many threads as the backend has.
 */
final class Copies {
    private Copies() {}

    static Backend backend() {
        return Device.of("cpu").backend();
    }

    static View floats(int... dims) {
        return zeros(DType.FLOAT32, dims);
    }

    static View zeros(DType dtype, int... dims) {
        Shape shape = Shape.of(dims);
        return new View(HostBuffer.allocate(shape.size() * dtype.bytes()), dtype, shape);
    }

    /** A window from its kernel, stride and padding. */
    static Window2d window(String text) {
        int[] numbers = Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
        return Window2d.of(numbers[0], numbers[0]).stride(numbers[1], numbers[1]).padding(numbers[2], numbers[2]);
    }

    /** Different numbers in about −3..3. */
    static View numbers(Backend backend, int... dims) {
        View view = floats(dims);
        MemorySegment memory = ((HostBuffer) view.buffer()).segment();
        for (long i = 0; i < view.size(); i++) {
            memory.set(ValueLayout.JAVA_FLOAT, 4 * i, i % 1013 * 0.037f);
        }
        backend.unary(UnaryOp.SIN, view, view);
        return view;
    }

    /** Copies the bytes of one view to another of the same size, in as many parts as there are threads. */
    static void copy(View from, View to) {
        int parts = Runtime.getRuntime().availableProcessors();
        MemorySegment source = ((HostBuffer) from.buffer()).segment();
        MemorySegment target = ((HostBuffer) to.buffer()).segment();
        long bytes = source.byteSize();
        if (bytes < 1 << 18) {
            MemorySegment.copy(source, 0, target, 0, bytes);
            return;
        }
        IntStream.range(0, parts).parallel().forEach(part -> {
            long begin = bytes * part / parts;
            MemorySegment.copy(source, begin, target, begin, bytes * (part + 1) / parts - begin);
        });
    }
}
