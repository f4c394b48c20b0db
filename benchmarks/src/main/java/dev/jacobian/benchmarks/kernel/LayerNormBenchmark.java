package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.LayerNormKernel;
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

/** Layer normalisation against a plain copy of the same bytes; the backward pass reads twice as many. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class LayerNormBenchmark {
    /** Rows, and elements in each. */
    @Param({"4096x512", "2048x128", "128x10"})
    public String shape;

    private LayerNormKernel kernel;
    private View x;
    private View dy;
    private View y;
    private View weight;
    private View mean;
    private View rstd;
    private View dweight;
    private View dbias;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(LayerNormKernel.class, DType.FLOAT32);
        int rows = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
        int n = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
        x = Copies.numbers(backend, rows, n);
        dy = Copies.numbers(backend, rows, n);
        y = Copies.floats(rows, n);
        weight = Copies.numbers(backend, n);
        mean = Copies.floats(rows);
        rstd = Copies.floats(rows);
        dweight = Copies.floats(n);
        dbias = Copies.floats(n);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** The forward pass. */
    @Benchmark
    public void layerNorm() {
        kernel.layerNorm(x, weight, weight, 1e-5, mean, rstd, y);
    }

    /** The backward pass. */
    @Benchmark
    public void layerNormBackward() {
        kernel.layerNormBackward(x, weight, mean, rstd, dy, y, dweight, dbias);
    }
}
