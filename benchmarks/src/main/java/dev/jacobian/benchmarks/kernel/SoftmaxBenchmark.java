package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.LogSoftmaxKernel;
import dev.jacobian.backend.SoftmaxKernel;
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

/** Softmax and cross-entropy against a plain copy of the same bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class SoftmaxBenchmark {
    /** Classes; rows are as many as make 4 MiB. */
    @Param({"10", "128", "1000"})
    public int classes;

    private Backend backend;
    private SoftmaxKernel kernel;
    private LogSoftmaxKernel logKernel;
    private CrossEntropyKernel crossEntropy;
    private View x;
    private View y;
    private View turned;
    private View target;
    private View logSumExp;
    private View loss;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        backend = Copies.backend();
        kernel = backend.kernel(SoftmaxKernel.class, DType.FLOAT32);
        logKernel = backend.kernel(LogSoftmaxKernel.class, DType.FLOAT32);
        crossEntropy = backend.kernel(CrossEntropyKernel.class, DType.FLOAT32);
        int rows = (1 << 20) / classes;
        x = Copies.numbers(backend, rows, classes);
        y = Copies.floats(rows, classes);
        turned = Copies.floats(classes, rows);
        target = Copies.zeros(DType.INT32, rows);
        logSumExp = Copies.floats(rows);
        loss = Copies.floats(rows);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** Along rows. */
    @Benchmark
    public void softmax() {
        kernel.softmax(x, 1, y);
    }

    /** Along columns. */
    @Benchmark
    public void softmaxOfColumns() {
        kernel.softmax(turned, 0, turned);
    }

    /** Its gradient: two inputs. */
    @Benchmark
    public void softmaxBackward() {
        kernel.softmaxBackward(x, x, 1, y);
    }

    /** Along rows. */
    @Benchmark
    public void logSoftmax() {
        logKernel.logSoftmax(x, 1, y);
    }

    /** Losses: one pass that only reads. */
    @Benchmark
    public void crossEntropy() {
        crossEntropy.crossEntropy(x, target, -1, 0, logSumExp, loss);
    }

    /** Their gradient. */
    @Benchmark
    public void crossEntropyBackward() {
        crossEntropy.crossEntropyBackward(x, target, -1, 0, logSumExp, loss, y);
    }
}
