package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.AttentionKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Attention of a packed projection. GFLOP/s, as they are usually counted over the full square: 4 · B · H · T² · D for the
 * forward pass, three times that for both.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionBenchmark {
    /** Batch x heads x tokens x width of a head. */
    @Param({"16x4x128x32", "16x4x128x64", "2x8x1024x64"})
    public String shape;

    /** Whether tokens see no later ones. */
    @Param({"true", "false"})
    public boolean causal;

    private final MemoryScope scope = MemoryScope.open("of a benchmark");
    private AttentionKernel kernel;
    private double scale;
    private View q;
    private View k;
    private View v;
    private View y;
    private View logSumExp;
    private View dy;
    private View dq;
    private View dk;
    private View dv;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        kernel = Device.of("cpu").backend().kernel(AttentionKernel.class, DType.FLOAT32);
        String[] lengths = shape.split("x", -1);
        int batch = Integer.parseInt(lengths[0]);
        int heads = Integer.parseInt(lengths[1]);
        int tokens = Integer.parseInt(lengths[2]);
        int width = Integer.parseInt(lengths[3]);
        scale = 1 / Math.sqrt(width);
        Tensor packed = Rng.normal(batch, tokens, 3 * heads * width);
        Tensor dpacked = packed.emptyLike();
        q = part(packed, heads, width, 0);
        k = part(packed, heads, width, 1);
        v = part(packed, heads, width, 2);
        y = part(Tensor.zeros(batch, tokens, heads * width), heads, width, 0);
        dy = part(Rng.normal(batch, tokens, heads * width), heads, width, 0);
        logSumExp = Tensor.zeros(batch, heads, tokens).view();
        dq = part(dpacked, heads, width, 0);
        dk = part(dpacked, heads, width, 1);
        dv = part(dpacked, heads, width, 2);
    }

    private static View part(Tensor tokens, int heads, int width, int index) {
        View view = tokens.view();
        return view.as(Shape.of(view.dim(0), heads, view.dim(1), width),
                new long[] {view.stride(0), width, view.stride(1), 1}, (long) index * heads * width);
    }

    /** Gives the memory back. */
    @TearDown
    public void tearDown() {
        scope.close();
    }

    /** The forward pass. */
    @Benchmark
    public void forward() {
        kernel.attention(q, k, v, scale, causal, y, logSumExp);
    }

    /** Both passes. */
    @Benchmark
    public void forwardAndBackward() {
        kernel.attention(q, k, v, scale, causal, y, logSumExp);
        kernel.attentionBackward(q, k, v, y, logSumExp, dy, scale, causal, dq, dk, dv);
    }
}
