package dev.jacobian.cuda.bench;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an operation costs the host. To be run on the software device with launches that return at once
 * ({@code SOFTCUDA_NULL=1}), and with {@code -prof gc}: what is left is Java, JCuda and the way to the driver.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LaunchBenchmark {
    private Device.Use use;
    private MemoryScope scope;
    private Autograd.ModeScope noGrad;
    private Backend backend;
    private Tensor x;
    private Tensor matrix;
    private Tensor row;
    private View in;
    private View out;
    private View total;
    private View a;
    private View b;
    private View c;

    /** Small tensors. */
    @Setup(Level.Trial)
    public void open() {
        Device device = Device.of("cuda:0");
        use = device.use();
        scope = MemoryScope.open("of a benchmark");
        noGrad = Autograd.noGrad();
        backend = device.backend();
        x = Rng.uniform(64, 64);
        row = Rng.uniform(64);
        matrix = Rng.uniform(64, 64);
        in = x.view();
        out = x.emptyLike().view();
        total = Rng.uniform(64, 1).view();
        a = matrix.view();
        b = x.view();
        c = x.emptyLike().view();
    }

    /** Waits for nothing: launches have returned. */
    @TearDown(Level.Trial)
    public void close() {
        noGrad.close();
        scope.close();
        use.close();
    }

    /** The launch alone. */
    @Benchmark
    public void launch() {
        backend.unary(UnaryOp.RELU, in, out);
    }

    /** A launch with strided operands. */
    @Benchmark
    public void launchBroadcast() {
        backend.binary(BinaryOp.ADD, in, row.view().expand(in.shape()), out);
    }

    /** A reduction. */
    @Benchmark
    public void launchReduce() {
        backend.reduce(ReduceOp.SUM, in, total);
    }

    /** A matrix product. */
    @Benchmark
    public void launchMatmul() {
        backend.matmul(a, b, c, false);
    }

    /** What a script calls: a new tensor each. */
    @Benchmark
    public void relu() {
        try (var _ = MemoryScope.open("of a call")) {
            x.relu();
        }
    }

    /** What a script calls, with broadcasting. */
    @Benchmark
    public void addRow() {
        try (var _ = MemoryScope.open("of a call")) {
            x.add(row);
        }
    }

    /** What a script calls: a product. */
    @Benchmark
    public void matmul() {
        try (var _ = MemoryScope.open("of a call")) {
            x.matmul(matrix);
        }
    }
}
