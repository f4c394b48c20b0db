package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
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

/**
 * Convolution of square images with padding of half the kernel. One pass takes 2 · images · filters · side² / stride² ·
 * channels · kernel² / groups operations.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class Conv2dBenchmark {
    /** Images, channels, side, filters, kernel, stride, groups. */
    @Param({
            "64,1,28,32,3,1,1", "64,32,14,64,3,1,1", "32,3,32,16,3,1,1", "32,16,32,16,3,1,1", "32,32,16,32,3,1,1",
            "32,64,8,64,3,1,1", "32,16,32,32,3,2,1", "32,32,16,64,3,2,1", "32,16,32,32,1,2,1", "32,64,28,64,3,1,1",
            "32,64,28,64,1,1,1", "32,64,28,64,3,1,64"})
    public String shape;

    private Conv2dKernel kernel;
    private Window2d window;
    private int groups;
    private View x;
    private View weight;
    private View bias;
    private View y;
    private View dx;
    private View dweight;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        String[] numbers = shape.split(",", -1);
        int[] n = new int[numbers.length];
        for (int i = 0; i < n.length; i++) {
            n[i] = Integer.parseInt(numbers[i]);
        }
        Backend backend = Copies.backend();
        kernel = backend.kernel(Conv2dKernel.class, DType.FLOAT32);
        window = Window2d.of(n[4], n[4]).stride(n[5], n[5]).padding(n[4] / 2, n[4] / 2);
        groups = n[6];
        int side = window.outputHeight(n[2]);
        x = Copies.numbers(backend, n[0], n[1], n[2], n[2]);
        weight = Copies.numbers(backend, n[3], n[1] / groups, n[4], n[4]);
        bias = Copies.numbers(backend, n[3]);
        y = Copies.numbers(backend, n[0], n[3], side, side);
        dx = Copies.floats(n[0], n[1], n[2], n[2]);
        dweight = Copies.floats(n[3], n[1] / groups, n[4], n[4]);
    }

    /** The forward pass. */
    @Benchmark
    public void forward() {
        kernel.conv2d(x, weight, bias, window, groups, y);
    }

    /** The gradient of the input. */
    @Benchmark
    public void backwardInput() {
        kernel.conv2dBackwardInput(y, weight, window, groups, dx);
    }

    /** The gradient of the weights. */
    @Benchmark
    public void backwardWeight() {
        kernel.conv2dBackwardWeight(x, y, window, groups, dweight);
    }
}
