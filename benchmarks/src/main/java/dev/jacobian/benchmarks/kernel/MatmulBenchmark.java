package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The float32 matrix product beside OpenBLAS. On one thread, {@link #sideBySide} times both in turns, so that what disturbs
 * one disturbs the other as well, and prints their medians, the median of the ratios of neighbours, and the share of the
 * peak; its score, the time of a whole round, says nothing. On several threads compare {@link #ours} with
 * {@link #openBlas}, which run in processes of their own: in one process ours falls to about its rate on one thread,
 * presumably since OpenBLAS's threads go on spinning on the cores that it needs. OpenBLAS is called through {@code sgemm} also where its {@code sgemv}
 * would do.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class MatmulBenchmark {
    /** One turn lasts about this long or one product, so that reading the clock costs nothing. */
    private static final double TURN_NANOS = 2e6;

    /** m x n x k, with which of A and B are stored transposed (n: no, t: yes), and how many such products there are. */
    @Param({
            "64x64x64 nn 1",
            "256x256x256 nn 1",
            "512x512x512 nn 1",
            "1024x1024x1024 nn 1",
            "2048x2048x2048 nn 1",
            "128x512x784 nn 1",
            "128x784x512 nn 1",
            "512x512x512 nt 1",
            "512x512x512 tn 1",
            "512x512x512 tt 1",
            "128x128x64 nn 64",
            "16x16x16 nn 1",
            "1x1024x1024 nt 1"
    })
    public String product;

    /** Threads of both. */
    @Param({"1", "2"})
    public int threads;

    private Backend backend;
    private OpenBlas openBlas;
    private int m;
    private int n;
    private int k;
    private int batch;
    private boolean aTransposed;
    private boolean bTransposed;
    private View a;
    private View b;
    private View c;
    private MemorySegment[] as;
    private MemorySegment[] bs;
    private MemorySegment[] cs;
    private int repeats;
    private final Samples samples = new Samples();

    /** Makes the operands. */
    @Setup
    public void setUp(Blackhole hole) {
        System.setProperty("jacobian.threads", Integer.toString(threads));
        backend = Device.of("cpu").backend();
        String[] parts = product.split(" ", -1);
        int[] sizes = Arrays.stream(parts[0].split("x", -1)).mapToInt(Integer::parseInt).toArray();
        m = sizes[0];
        n = sizes[1];
        k = sizes[2];
        batch = Integer.parseInt(parts[2]);
        aTransposed = parts[1].charAt(0) == 't';
        bTransposed = parts[1].charAt(1) == 't';
        a = operand(m, k, aTransposed);
        b = operand(k, n, bTransposed);
        c = Copies.floats(batch, m, n);
        as = matrices(a, m * k);
        bs = matrices(b, k * n);
        cs = matrices(c, m * n);
        repeats = (int) Math.max(1, TURN_NANOS / (work() / 50));
        for (int i = 0; i < Peak.WARM_UP; i++) {
            Peak.gigaflops(hole);
        }
    }

    private View operand(int rows, int columns, boolean transposed) {
        return transposed
                ? Copies.numbers(backend, batch, columns, rows).permute(0, 2, 1)
                : Copies.numbers(backend, batch, rows, columns);
    }

    private MemorySegment[] matrices(View view, int size) {
        MemorySegment memory = ((HostBuffer) view.buffer()).segment();
        MemorySegment[] each = new MemorySegment[batch];
        Arrays.setAll(each, i -> memory.asSlice((long) i * size * Float.BYTES, (long) size * Float.BYTES));
        return each;
    }

    /** Floating-point operations. */
    private double work() {
        return 2.0 * m * n * k * batch;
    }

    /** The backend's product. */
    @Benchmark
    public void ours() {
        backend.matmul(a, b, c, false);
    }

    /** Loaded when first called: it is there only if the build was told to bring it. */
    private OpenBlas library() {
        if (openBlas == null) {
            openBlas = new OpenBlas();
            openBlas.threads(threads);
        }
        return openBlas;
    }

    /** OpenBLAS's product, of a batch one after the other. */
    @Benchmark
    public void openBlas() {
        for (int i = 0; i < batch; i++) {
            library().multiply(m, n, k, as[i], aTransposed, bs[i], bTransposed, cs[i]);
        }
    }

    /** Both in turns, with the peak between the rounds. */
    @Benchmark
    public void sideBySide(Blackhole hole) {
        long start = System.nanoTime();
        for (int i = 0; i < repeats; i++) {
            ours();
        }
        long middle = System.nanoTime();
        for (int i = 0; i < repeats; i++) {
            openBlas();
        }
        long end = System.nanoTime();
        double work = work() * repeats;
        samples.add(work / (middle - start), work / (end - middle), Peak.gigaflops(hole));
    }

    /** Forgets the rounds of the iteration before, so that what is printed at the end was measured warm. */
    @Setup(Level.Iteration)
    public void forget() {
        samples.clear();
    }

    /** Prints what the iteration's rounds showed. */
    @TearDown(Level.Iteration)
    public void print() {
        if (samples.count > 0) {
            System.out.printf(Locale.ROOT, "%n%s, %d thread%s: %s%n", product, threads, threads == 1 ? "" : "s",
                    samples);
        }
    }

    /** Rounds of one iteration. */
    private static final class Samples {
        private final double[] ours = new double[1 << 12];
        private final double[] theirs = new double[1 << 12];
        private final double[] ratio = new double[1 << 12];
        private final double[] peak = new double[1 << 12];
        private int count;

        void add(double our, double their, double peakNow) {
            if (count < ours.length) {
                ours[count] = our;
                theirs[count] = their;
                ratio[count] = our / their;
                peak[count++] = peakNow;
            }
        }

        void clear() {
            count = 0;
        }

        private double median(double[] values) {
            double[] sorted = Arrays.copyOf(values, count);
            Arrays.sort(sorted);
            return sorted[count / 2];
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT,
                    "ours %.1f, OpenBLAS %.1f GFLOP/s, ratio %.2f; fused multiply-adds of one thread peak at %.1f"
                            + " (medians of %d rounds)",
                    median(ours), median(theirs), median(ratio), median(peak), count);
        }
    }

    /** What one thread can do: independent fused multiply-adds in registers. */
    private static final class Peak {
        private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
        private static final int STEPS = 20_000;
        private static final int CHAINS = 12;
        private static final int WARM_UP = 500;

        private static double gigaflops(Blackhole hole) {
            long start = System.nanoTime();
            hole.consume(chains(0.999f, 0.001f));
            return 2.0 * CHAINS * STEPS * SPECIES.length() / (System.nanoTime() - start);
        }

        private static float chains(float factor, float start) {
            FloatVector x = FloatVector.broadcast(SPECIES, factor);
            FloatVector y = FloatVector.broadcast(SPECIES, start);
            FloatVector s0 = y;
            FloatVector s1 = y;
            FloatVector s2 = y;
            FloatVector s3 = y;
            FloatVector s4 = y;
            FloatVector s5 = y;
            FloatVector s6 = y;
            FloatVector s7 = y;
            FloatVector s8 = y;
            FloatVector s9 = y;
            FloatVector s10 = y;
            FloatVector s11 = y;
            for (int i = 0; i < STEPS; i++) {
                s0 = s0.fma(x, y);
                s1 = s1.fma(x, y);
                s2 = s2.fma(x, y);
                s3 = s3.fma(x, y);
                s4 = s4.fma(x, y);
                s5 = s5.fma(x, y);
                s6 = s6.fma(x, y);
                s7 = s7.fma(x, y);
                s8 = s8.fma(x, y);
                s9 = s9.fma(x, y);
                s10 = s10.fma(x, y);
                s11 = s11.fma(x, y);
            }
            FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5);
            return sum.add(s6).add(s7).add(s8).add(s9).add(s10).add(s11).lane(0);
        }
    }
}
