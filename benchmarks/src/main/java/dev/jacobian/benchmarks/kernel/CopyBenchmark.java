package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.Shape;
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

/** The backend's copies between strides against a plain copy of the same bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class CopyBenchmark {
    private static final int COLUMNS = 64;
    private static final int TOKENS = 128;
    private static final int HEADS = 4;
    private static final int WIDTH = 32;

    /** Elements. */
    @Param({"65536", "4194304"})
    public int size;

    private Backend backend;
    private View x;
    private View y;
    private View columns;
    private View rows;
    private View tokensFirst;
    private View headsFirst;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        backend = Copies.backend();
        x = Copies.numbers(backend, size);
        y = Copies.floats(size);
        columns = x.reshape(Shape.of(size / COLUMNS, COLUMNS)).permute(1, 0);
        rows = y.reshape(Shape.of(COLUMNS, size / COLUMNS));
        int batch = size / TOKENS / HEADS / WIDTH;
        tokensFirst = x.reshape(Shape.of(batch, TOKENS, HEADS, WIDTH)).permute(0, 2, 1, 3);
        headsFirst = y.reshape(Shape.of(batch, HEADS, TOKENS, WIDTH));
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** Dense to dense. */
    @Benchmark
    public void dense() {
        backend.copy(x, y);
    }

    /** A matrix of 64 columns, transposed. */
    @Benchmark
    public void transpose() {
        backend.copy(columns, rows);
    }

    /** [B, T, H, D] to [B, H, T, D]: runs of 32 elements keep together. */
    @Benchmark
    public void heads() {
        backend.copy(tokensFirst, headsFirst);
    }

    /** One value everywhere. */
    @Benchmark
    public void fill() {
        backend.fill(1, y);
    }
}
