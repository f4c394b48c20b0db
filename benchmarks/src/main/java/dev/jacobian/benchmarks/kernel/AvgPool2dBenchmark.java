package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.AvgPool2dKernel;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
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

/** Average pooling of 32 × 64 planes of 28 by 28 against a plain copy of its input. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AvgPool2dBenchmark {
    /** Kernel, stride and padding, the same in both directions. */
    @Param({"2 2 0", "3 2 1", "28 1 0"})
    public String window;

    private AvgPool2dKernel kernel;
    private Window2d shape;
    private View x;
    private View y;
    private View copied;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(AvgPool2dKernel.class, DType.FLOAT32);
        shape = Copies.window(window);
        x = Copies.numbers(backend, 32, 64, 28, 28);
        copied = Copies.floats(32, 64, 28, 28);
        int size = shape.outputHeight(28);
        y = Copies.floats(32, 64, size, size);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, copied);
    }

    /** Means. */
    @Benchmark
    public void forward() {
        kernel.avgPool2d(x, shape, true, y);
    }

    /** Both directions. */
    @Benchmark
    public void forwardAndBackward() {
        kernel.avgPool2d(x, shape, true, y);
        kernel.avgPool2dBackward(y, shape, true, copied);
    }
}
