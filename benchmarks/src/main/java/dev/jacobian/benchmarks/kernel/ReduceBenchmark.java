package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
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

/** Reductions, which only read, against a plain copy, which writes as much as it reads. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class ReduceBenchmark {
    /** Columns; rows are as many as make 16 MiB. */
    @Param({"10", "512"})
    public int columns;

    private Backend backend;
    private View x;
    private View y;
    private View all;
    private View ofRows;
    private View ofColumns;
    private View indices;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        backend = Copies.backend();
        int rows = (1 << 22) / columns;
        x = Copies.numbers(backend, rows, columns);
        y = Copies.floats(rows, columns);
        all = Copies.floats(1, 1);
        ofRows = Copies.floats(rows, 1);
        ofColumns = Copies.floats(1, columns);
        indices = Copies.zeros(DType.INT32, rows, 1);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** Of everything. */
    @Benchmark
    public void sum() {
        backend.reduce(ReduceOp.SUM, x, all);
    }

    /** Along rows. */
    @Benchmark
    public void sumOfRows() {
        backend.reduce(ReduceOp.SUM, x, ofRows);
    }

    /** Along columns: the gradient of a bias. */
    @Benchmark
    public void sumOfColumns() {
        backend.reduce(ReduceOp.SUM, x, ofColumns);
    }

    /** Of everything. */
    @Benchmark
    public void max() {
        backend.reduce(ReduceOp.MAX, x, all);
    }

    /** Along rows: the predicted class. */
    @Benchmark
    public void argMax() {
        backend.argReduce(ReduceOp.MAX, x, 1, indices);
    }
}
