package dev.jacobian.benchmarks;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.jacobian.benchmarks.worker.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the machine can do at most, measured in the same run: fused multiply-adds in registers, and plain copies of memory.
 * A call lasts some milliseconds, so that starting threads costs nothing.
 */
enum Limits {
    /** Arithmetic of one core. */
    FMA_ONE("limit: FMA, 1 thread", 0) {
        @Override
        Work open(int threads) {
            return together(1, _ -> Limits::multiplyAdds);
        }
    },
    /** Arithmetic of all. */
    FMA("limit: FMA, all threads", 0) {
        @Override
        Work open(int threads) {
            return together(threads, _ -> Limits::multiplyAdds);
        }
    },
    /** Copies within a cache that cores share. */
    COPY_CACHE("limit: copy 4 MiB", 4L << 20) {
        @Override
        Work open(int threads) {
            return copies(bytes, threads);
        }
    },
    /** Copies of memory. */
    COPY("limit: copy 64 MiB", 64L << 20) {
        @Override
        Work open(int threads) {
            return copies(bytes, threads);
        }
    };

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int STEPS = 1_000_000;
    private static final int CHAINS = 12;
    /** All copies of a call together, read and written. */
    private static final double COPIED = 512 << 20;

    /** Where the processor cannot fuse, or was told not to, a fused operation is done in software, a thousand times slower. */
    private static final boolean FUSED = isFused();

    /** How our worker calls it. */
    final String title;

    /** What is copied. */
    final long bytes;

    Limits(String title, long bytes) {
        this.title = title;
        this.bytes = bytes;
    }

    /** Makes what one call runs on that many threads; closing it ends them. */
    abstract Work open(int threads);

    /** Floating-point operations or bytes that one call takes. */
    double amount(int threads) {
        return bytes > 0 ? COPIED : 2.0 * CHAINS * STEPS * SPECIES.length() * (this == FMA ? threads : 1);
    }

    /** Lanes of float32 in a vector. */
    static int lanes() {
        return SPECIES.length();
    }

    /** The same job on several threads, which a call waits for. */
    private static Work together(int threads, IntFunction<Runnable> job) {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        List<Callable<Object>> jobs = IntStream.range(0, threads).mapToObj(job).map(Executors::callable).toList();
        return new Work() {
            @Override
            public void run() {
                try {
                    for (var done : pool.invokeAll(jobs)) {
                        done.get();
                    }
                } catch (InterruptedException | ExecutionException failed) {
                    throw new IllegalStateException("measuring the machine failed", failed);
                }
            }

            @Override
            public void close() {
                pool.shutdownNow();
            }
        };
    }

    /** Every thread copies a part of its own, over and over: nobody waits for another in between. */
    private static Work copies(long bytes, int threads) {
        Arena arena = Arena.ofShared();
        MemorySegment from = arena.allocate(bytes, 4096).fill((byte) 1);
        MemorySegment to = arena.allocate(bytes, 4096).fill((byte) 2);
        int rounds = (int) (COPIED / (2 * bytes));
        Work work = together(threads, part -> () -> {
            long begin = bytes * part / threads;
            long length = bytes * (part + 1) / threads - begin;
            for (int i = 0; i < rounds; i++) {
                MemorySegment.copy(from, begin, to, begin, length);
            }
        });
        return new Work() {
            @Override
            public void run() {
                work.run();
            }

            @Override
            public void close() {
                work.close();
                arena.close();
            }
        };
    }

    private static boolean isFused() {
        try {
            var machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return machine == null || Boolean.parseBoolean(machine.getVMOption("UseFMA").getValue());
        } catch (IllegalArgumentException _) {
            return true; // a virtual machine without the option
        }
    }

    private static FloatVector multiplyAdd(FloatVector sum, FloatVector x, FloatVector y) {
        return FUSED ? sum.fma(x, y) : sum.mul(x).add(y);
    }

    private static void multiplyAdds() {
        float sum = chains(0.999f, 0.001f);
        if (Float.isNaN(sum)) { // never; but the compiler cannot know, and leaves the loop where it is
            throw new AssertionError(Collections.singleton(sum));
        }
    }

    /** Independent chains: more than the units that multiply need to hide how long one takes. */
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
            s0 = multiplyAdd(s0, x, y);
            s1 = multiplyAdd(s1, x, y);
            s2 = multiplyAdd(s2, x, y);
            s3 = multiplyAdd(s3, x, y);
            s4 = multiplyAdd(s4, x, y);
            s5 = multiplyAdd(s5, x, y);
            s6 = multiplyAdd(s6, x, y);
            s7 = multiplyAdd(s7, x, y);
            s8 = multiplyAdd(s8, x, y);
            s9 = multiplyAdd(s9, x, y);
            s10 = multiplyAdd(s10, x, y);
            s11 = multiplyAdd(s11, x, y);
        }
        FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5);
        return sum.add(s6).add(s7).add(s8).add(s9).add(s10).add(s11).lane(0);
    }
}
