package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.RandomKey;
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

/** Random numbers, which are only written, against a plain copy of as many. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class RandomBenchmark {
    /** Elements. */
    @Param({"65536", "4194304"})
    public int size;

    private Backend backend;
    private RandomKey key;
    private View x;
    private View y;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        backend = Copies.backend();
        key = new RandomKey(1, 2, Copies.zeros(DType.INT32, 1));
        x = Copies.numbers(backend, size);
        y = Copies.floats(size);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(x, y);
    }

    /** Uniform numbers. */
    @Benchmark
    public void uniform() {
        backend.random(Distribution.UNIFORM, key, y);
    }

    /** Normal numbers. */
    @Benchmark
    public void normal() {
        backend.random(Distribution.NORMAL, key, y);
    }
}
