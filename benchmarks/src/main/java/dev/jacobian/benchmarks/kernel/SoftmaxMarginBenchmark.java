package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.SoftmaxMarginKernel;
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

/** Hinge loss of softmax probabilities against a plain copy of the same bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class SoftmaxMarginBenchmark {
    private static final double MARGIN = 0.5;

    /** Classes; rows are as many as make 4 MiB. */
    @Param({"10", "128", "1000"})
    public int classes;

    private SoftmaxMarginKernel kernel;
    private View x;
    private View probability;
    private View dx;
    private View target;
    private View loss;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        kernel = backend.kernel(SoftmaxMarginKernel.class, DType.FLOAT32);
        int rows = (1 << 20) / classes;
        x = Copies.numbers(backend, rows, classes);
        probability = Copies.floats(rows, classes);
        dx = Copies.floats(rows, classes);
        target = Copies.zeros(DType.INT32, rows);
        loss = Copies.floats(rows);
        kernel.softmaxMargin(x, target, MARGIN, probability, loss);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, dx);
    }

    /** Probabilities and losses. */
    @Benchmark
    public void forward() {
        kernel.softmaxMargin(x, target, MARGIN, probability, loss);
    }

    /** The losses' gradient. */
    @Benchmark
    public void backward() {
        kernel.softmaxMarginBackward(probability, target, MARGIN, loss, dx);
    }
}
