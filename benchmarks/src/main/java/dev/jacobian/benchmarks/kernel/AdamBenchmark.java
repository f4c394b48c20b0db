package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.util.ArrayList;
import java.util.List;
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

/** Steps of the optimisers against a plain copy: Adam reads four arrays and writes three. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AdamBenchmark {
    /** Elements of all parameters. */
    @Param({"65536", "4194304"})
    public int size;

    /** How many parameters they are in. */
    @Param({"1", "64"})
    public int parameters;

    private AdamKernel adam;
    private SgdKernel sgd;
    private final List<View> p = new ArrayList<>();
    private final List<View> g = new ArrayList<>();
    private final List<View> m = new ArrayList<>();
    private final List<View> v = new ArrayList<>();
    private View from;
    private View to;
    private View scalars;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        Backend backend = Copies.backend();
        adam = backend.kernel(AdamKernel.class, DType.FLOAT32);
        sgd = backend.kernel(SgdKernel.class, DType.FLOAT32);
        for (int i = 0; i < parameters; i++) {
            p.add(Copies.numbers(backend, size / parameters));
            g.add(Copies.numbers(backend, size / parameters));
            m.add(Copies.floats(size / parameters));
            v.add(Copies.floats(size / parameters));
        }
        from = Copies.numbers(backend, size);
        to = Copies.floats(size);
        scalars = Copies.floats(4);
        backend.unary(UnaryOp.COS, scalars, scalars);
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(from, to);
    }

    /** AdamW. */
    @Benchmark
    public void adam() {
        adam.adam(p, g, m, v, 0.9, 0.999, 1e-8, 0.01, true, scalars);
    }

    /** SGD with momentum: reads three arrays and writes two. */
    @Benchmark
    public void momentum() {
        sgd.sgd(p, g, m, 0.9, 1e-4, false, scalars);
    }
}
