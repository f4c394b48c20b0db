package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BiasActivationKernel;
import dev.jacobian.backend.DType;
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

/** Bias and activation against a plain copy of the same bytes; the backward pass reads twice as many. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class BiasActivationBenchmark {
    /** Rows, and elements in each. */
    @Param({"16x16", "128x512", "2048x512"})
    public String shape;

    /** The activation. */
    @Param({"RELU", "TANH"})
    public Activation activation;

    private BiasActivationKernel kernel;
    private View x;
    private View dy;
    private View y;
    private View bias;
    private View dbias;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(BiasActivationKernel.class, DType.FLOAT32);
        int rows = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
        int n = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
        x = Copies.numbers(backend, rows, n);
        dy = Copies.numbers(backend, rows, n);
        y = Copies.floats(rows, n);
        bias = Copies.numbers(backend, n);
        dbias = Copies.floats(n);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** The forward pass. */
    @Benchmark
    public void biasActivation() {
        kernel.biasActivation(x, bias, activation, y);
    }

    /** The backward pass. */
    @Benchmark
    public void biasActivationBackward() {
        kernel.biasActivationBackward(x, dy, activation, y, dbias);
    }
}
