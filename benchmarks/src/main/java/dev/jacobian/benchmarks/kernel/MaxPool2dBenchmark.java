package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.MaxPool2dKernel;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Max-pooling of 32 × 64 planes of 28 by 28 against a plain copy of its input. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class MaxPool2dBenchmark {
    /** Kernel, stride and padding, the same in both directions. */
    @Param({"2 2 0", "3 2 1"})
    public String window;

    private MaxPool2dKernel kernel;
    private Window2d shape;
    private View x;
    private View y;
    private View index;
    private View copied;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(MaxPool2dKernel.class, DType.FLOAT32);
        shape = Copies.window(window);
        x = Copies.numbers(backend, 32, 64, 28, 28);
        copied = Copies.floats(32, 64, 28, 28);
        int size = shape.outputHeight(28);
        y = Copies.floats(32, 64, size, size);
        index = Copies.zeros(DType.INT32, 32, 64, size, size);
        kernel.maxPool2d(x, shape, y, index);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, copied);
    }

    /** Maxima and where they are. */
    @Benchmark
    public void forward() {
        kernel.maxPool2d(x, shape, y, index);
    }

    /** Both directions. */
    @Benchmark
    public void forwardAndBackward() {
        kernel.maxPool2d(x, shape, y, index);
        kernel.maxPool2dBackward(y, index, shape, copied);
    }
}
