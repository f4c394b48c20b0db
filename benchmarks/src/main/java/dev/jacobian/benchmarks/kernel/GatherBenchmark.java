package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

/** Rows of a table by index, as an embedding takes them, against a plain copy of as many. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class GatherBenchmark {
    private static final int WIDTH = 128;
    private static final int TOKENS = (1 << 21) / WIDTH;

    /** Rows of the table: characters, or words. */
    @Param({"65", "8192"})
    public int vocabulary;

    private Backend backend;
    private View table;
    private View sums;
    private View index;
    private View rows;
    private View copied;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        backend = Copies.backend();
        table = Copies.numbers(backend, vocabulary, WIDTH);
        sums = Copies.floats(vocabulary, WIDTH);
        View tokens = Copies.zeros(DType.INT32, TOKENS, 1);
        MemorySegment memory = ((HostBuffer) tokens.buffer()).segment();
        for (int i = 0; i < TOKENS; i++) {
            memory.setAtIndex(ValueLayout.JAVA_INT, i, (int) (i * 7919L % vocabulary));
        }
        index = tokens.expand(Shape.of(TOKENS, WIDTH));
        rows = Copies.numbers(backend, TOKENS, WIDTH);
        copied = Copies.floats(TOKENS, WIDTH);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(rows, copied);
    }

    /** The forward pass. */
    @Benchmark
    public void gather() {
        backend.gather(table, 0, index, copied);
    }

    /** The gradient of the table. */
    @Benchmark
    public void scatterAdd() {
        backend.scatterAdd(rows, 0, index, sums);
    }
}
