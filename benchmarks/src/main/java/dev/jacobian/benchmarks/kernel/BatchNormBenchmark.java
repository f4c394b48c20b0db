package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BatchNormKernel;
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

/** Batch normalisation against a plain copy: it reads its input twice and writes once. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class BatchNormBenchmark {
    /** Pixels of an image; 1 for [N, C]. */
    @Param({"1", "49", "1024"})
    public int inner;

    private BatchNormKernel kernel;
    private View x;
    private View dx;
    private View y;
    private View weight;
    private View mean;
    private View variance;
    private View dweight;
    private View dbias;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(BatchNormKernel.class, DType.FLOAT32);
        int examples = (1 << 21) / 64 / inner;
        x = Copies.numbers(backend, examples, 64, inner);
        y = Copies.numbers(backend, examples, 64, inner);
        dx = Copies.floats(examples, 64, inner);
        weight = Copies.numbers(backend, 64);
        mean = Copies.floats(64);
        variance = Copies.floats(64);
        dweight = Copies.floats(64);
        dbias = Copies.floats(64);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, dx);
    }

    /** The forward pass. */
    @Benchmark
    public void batchNorm() {
        kernel.batchNorm(x, weight, weight, 1e-5, Activation.NONE, mean, variance, dx);
    }

    /** The backward pass: two inputs, each read twice. */
    @Benchmark
    public void batchNormBackward() {
        kernel.batchNormBackward(x, weight, mean, variance, 1e-5, Activation.NONE, null, y, dx, dweight, dbias);
    }
}
