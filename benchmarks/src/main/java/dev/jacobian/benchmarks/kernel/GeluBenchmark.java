package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.GeluKernel;
import dev.jacobian.backend.View;
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

/** GELU against a plain copy of the same bytes; the backward pass reads twice as many. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class GeluBenchmark {
    /** Elements. */
    @Param({"4194304", "1048576"})
    public int size;

    private GeluKernel kernel;
    private View x;
    private View dy;
    private View y;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(GeluKernel.class, DType.FLOAT32);
        x = Copies.numbers(backend, size);
        dy = Copies.numbers(backend, size);
        y = Copies.floats(size);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** The forward pass. */
    @Benchmark
    public void gelu() {
        kernel.gelu(x, y);
    }

    /** The backward pass. */
    @Benchmark
    public void geluBackward() {
        kernel.geluBackward(x, dy, y);
    }
}
