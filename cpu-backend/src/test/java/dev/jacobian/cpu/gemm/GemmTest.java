package dev.jacobian.cpu.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.cpu.GemmKernels;
import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.scalar.ScalarGemmKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GemmTest {

    private static final float GUARD = 12345.678f;
    private static final int[] SIZES = {1, 2, 5, 6, 7, 16, 17, 65};
    private static final int[] DEPTHS = {1, 3, 15, 64, 385};
    private static final int[][] SHAPES = {{97, 129, 400}, {129, 97, 385}, {64, 63, 64}, {385, 17, 96}, {96, 385, 15},
            {400, 300, 129}, {400, 130, 600}, {12, 320, 1000}, {70, 170, 600}, {33, 67, 40}, {64, 130, 1},
            {200, 4200, 9}, {256, 530, 520},
            {3, 385, 96}, {300, 257, 1030}, {1, 385, 385},
            {385, 1, 385},
            {1, 2000, 300}, {2000, 1, 300},
            {1, 1, 4000}};

    /** The loops under test: scalar ones, and on vectors where the Vector API is there. */
    static Stream<GemmKernel> kernels() {
        GemmKernel best = GemmKernels.best();
        return best instanceof ScalarGemmKernel ? Stream.of(best) : Stream.of(new ScalarGemmKernel(), best);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsOfAllSmallShapes(GemmKernel kernel) {
        for (int m : SIZES) {
            for (int n : SIZES) {
                for (int k : DEPTHS) {
                    for (Layout layout : Layout.values()) {
                        check(kernel, Problem.of(m, n, k, layout, layout, (m + n) % 2 == 0));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsInEveryLayout(GemmKernel kernel) {
        boolean accumulate = false;
        for (int[] shape : SHAPES) {
            for (Layout a : Layout.values()) {
                for (Layout b : Layout.values()) {
                    accumulate = !accumulate;
                    check(kernel, Problem.of(shape[0], shape[1], shape[2], a, b, accumulate));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void transposedOperandsLargerThanThePackingLimit(GemmKernel kernel) {
        check(kernel, Problem.of(14, 20, 33000, Layout.TRANSPOSED, Layout.PLAIN, false));
        check(kernel, Problem.of(1100, 10, 8000, Layout.TRANSPOSED, Layout.TRANSPOSED, true));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void addingToAnotherMatrixIsAddingToItsCopy(GemmKernel kernel) {
        try (Arena arena = Arena.ofShared()) {
            for (int[] shape : new int[][] {{1, 5, 3}, {2, 70, 9}, {40, 71, 600}, {40, 90, 600}, {35, 70, 9},
                    {400, 70, 600}, {7, 1, 4}, {5, 3, 0},
                    {0, 3, 4}, {3, 0, 4}}) {
                for (int[] strides : new int[][] {{0, 1}, {0, 2}, {80, 1}, {160, 2}}) {
                    sum(kernel, arena, shape[0], shape[1], shape[2], strides[0], strides[1]);
                }
            }
        }
    }

    private static void sum(GemmKernel kernel, Arena arena, int m, int n, int k, int dRow, int dCol) {
        Matrix a = Layout.PLAIN.matrix(arena, m, k, 1);
        Matrix b = Layout.TRANSPOSED.matrix(arena, k, n, 2);
        Matrix d = new Matrix(random(arena, 3 + (long) m * dRow + (long) n * dCol, 3), 3, dRow, dCol);
        Matrix expected = Layout.PLAIN.matrix(arena, m, n, 4);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                set(expected, i, j, get(d, i, j));
            }
        }
        Gemm gemm = new Gemm(kernel);
        gemm.multiply(new Threads(1), m, n, k, a, b, expected, true);
        for (int threads = 1; threads <= 2; threads++) {
            Matrix c = Layout.PLAIN.matrix(arena, m, n, 4);
            gemm.multiply(new Threads(threads), m, n, k, a, b, d, c);
            assertThat(c.segment().mismatch(expected.segment())).as("%d, %d, %d", m, n, k).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void emptySizes(GemmKernel kernel) {
        check(kernel, Problem.of(0, 3, 4, Layout.PLAIN, Layout.PLAIN, false));
        check(kernel, Problem.of(3, 0, 4, Layout.PLAIN, Layout.PLAIN, false));
        check(kernel, Problem.of(3, 5, 0, Layout.PLAIN, Layout.PLAIN, false));
        check(kernel, Problem.of(3, 5, 0, Layout.PLAIN, Layout.PLAIN, true));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void batches(GemmKernel kernel) {
        for (Layout layout : Layout.values()) {
            for (int[] shape : new int[][] {{5, 7, 9}, {64, 65, 70}, {1, 33, 40}, {33, 1, 40}, {128, 65, 64}}) {
                for (int batch : new int[] {2, 3, 40}) {
                    Problem one = Problem.of(shape[0], shape[1], shape[2], layout, layout, batch == 3);
                    check(kernel, one.repeated(batch, true, true));
                    check(kernel, one.repeated(batch, true, false));
                    check(kernel, one.repeated(batch, false, true));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void batchOfRowsOverOneSharedMatrixIsOneTallProduct(GemmKernel kernel) {
        try (Arena arena = Arena.ofShared()) {
            int batch = 9;
            int m = 7;
            int n = 21;
            int k = 30;
            MemorySegment a = random(arena, (long) batch * m * k, 1);
            MemorySegment b = random(arena, (long) k * n, 2);
            MemorySegment together = arena.allocate(JAVA_FLOAT, (long) batch * m * n);
            MemorySegment alone = arena.allocate(JAVA_FLOAT, (long) batch * m * n);
            Gemm gemm = new Gemm(kernel);
            gemm.multiply(new Threads(2), m, n, k, Matrix.rowMajor(a, k), steps(batch, (long) m * k),
                    Matrix.rowMajor(b, n), steps(batch, 0), Matrix.rowMajor(together, n), steps(batch, (long) m * n),
                    false);
            gemm.multiply(new Threads(1), batch * m, n, k, Matrix.rowMajor(a, k), Matrix.rowMajor(b, n),
                    Matrix.rowMajor(alone, n), false);
            assertThat(together.mismatch(alone)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void nanAndInfinityReachTheirRowsAndColumnsOnly(GemmKernel kernel) {
        for (Layout layout : Layout.values()) {
            for (int[] shape : new int[][] {{7, 17, 30}, {65, 70, 80}, {1, 70, 80}, {65, 1, 80}}) {
                nanAndInfinity(kernel, shape[0], shape[1], shape[2], layout);
            }
        }
    }

    private static void nanAndInfinity(GemmKernel kernel, int m, int n, int k, Layout layout) {
        try (Arena arena = Arena.ofShared()) {
            Matrix a = layout.matrix(arena, m, k, 3);
            Matrix b = layout.matrix(arena, k, n, 4);
            set(a, m - 1, k - 1, Float.NaN);
            set(b, k / 2, n - 1, Float.POSITIVE_INFINITY);
            MemorySegment c = arena.allocate(JAVA_FLOAT, (long) m * n);
            new Gemm(kernel).multiply(new Threads(2), m, n, k, a, b, Matrix.rowMajor(c, n), false);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    float value = c.getAtIndex(JAVA_FLOAT, (long) i * n + j);
                    if (i == m - 1) {
                        assertThat(value).isNaN();
                    } else if (j == n - 1) {
                        assertThat(value).isEqualTo(Math.copySign(Float.POSITIVE_INFINITY, get(a, i, k / 2)));
                    } else {
                        assertThat(value).isFinite();
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsFromSeveralThreadsAtOnce(GemmKernel kernel) {
        Gemm gemm = new Gemm(kernel);
        List<CompletableFuture<Void>> running = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Problem problem = Problem.of(70 + i, 130, 390, Layout.TRANSPOSED, Layout.TRANSPOSED, i % 2 == 0);
            running.add(CompletableFuture.runAsync(() -> check(gemm, problem)));
        }
        running.forEach(CompletableFuture::join);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void badArguments(GemmKernel kernel) {
        Gemm gemm = new Gemm(kernel);
        Parallel team = new Threads(1);
        try (Arena arena = Arena.ofShared()) {
            Matrix x = Matrix.rowMajor(arena.allocate(JAVA_FLOAT, 100), 10);
            assertThatThrownBy(() -> gemm.multiply(team, -1, 10, 10, x, x, x, false))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("m = -1");
            assertThatThrownBy(() -> gemm.multiply(team, 10, 10, 10, x, x, x.transpose(), false))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("column stride 10");
            assertThatThrownBy(() -> gemm.multiply(team, 2, 2, 2, x, new long[2], x, new long[1], x, new long[2],
                    false)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("offsets");
            Matrix small = Matrix.rowMajor(arena.allocate(JAVA_FLOAT, 99), 10);
            for (int[] shape : new int[][] {{10, 10, 10}, {10, 1, 10}, {1, 10, 10}}) {
                assertThatThrownBy(
                        () -> gemm.multiply(team, shape[0], shape[1], shape[2], small, small, x, false))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    private static void check(GemmKernel kernel, Problem problem) {
        check(new Gemm(kernel), problem);
    }

    /** Runs a problem on 1, 2 and 3 threads: equal bits, close to double precision, nothing else written. */
    private static void check(Gemm gemm, Problem p) {
        try (Arena arena = Arena.ofShared()) {
            Matrix a = p.a.matrix(arena, p.batch * p.m, p.k, 1, p.m);
            Matrix b = p.b.matrix(arena, p.batch * p.k, p.n, 2, p.k);
            long cRow = p.n + 3L;
            MemorySegment before = arena.allocate(JAVA_FLOAT, 5 + p.batch * (p.m * cRow) + 7);
            for (long i = 0; i < before.byteSize() / Float.BYTES; i++) {
                before.setAtIndex(JAVA_FLOAT, i, GUARD);
            }
            long[] aOffsets = steps(p.batch, p.ownA ? p.a.step(p.m, p.k) : 0);
            long[] bOffsets = steps(p.batch, p.ownB ? p.b.step(p.k, p.n) : 0);
            long[] cOffsets = steps(p.batch, p.m * cRow);
            MemorySegment first = null;
            for (int threads = 1; threads <= 3; threads++) {
                MemorySegment c = arena.allocate(before.byteSize()).copyFrom(before);
                gemm.multiply(new Threads(threads), p.m, p.n, p.k, a, aOffsets, b, bOffsets, new Matrix(c, 5, cRow, 1),
                        cOffsets, p.accumulate);
                if (first == null) {
                    first = c;
                } else {
                    assertThat(c.mismatch(first)).as("%s, %d threads", p, threads).isEqualTo(-1);
                }
            }
            compare(p, a, aOffsets, b, bOffsets, first, cRow);
        }
    }

    private static void compare(Problem p, Matrix a, long[] aOffsets, Matrix b, long[] bOffsets, MemorySegment c,
            long cRow) {
        boolean[] written = new boolean[(int) (c.byteSize() / Float.BYTES)];
        for (int s = 0; s < p.batch; s++) {
            Matrix sa = a.from(aOffsets[s]);
            Matrix sb = b.from(bOffsets[s]);
            for (int i = 0; i < p.m; i++) {
                for (int j = 0; j < p.n; j++) {
                    double sum = 0;
                    double size = 0;
                    for (int k = 0; k < p.k; k++) {
                        double product = (double) get(sa, i, k) * get(sb, k, j);
                        sum += product;
                        size += Math.abs(product);
                    }
                    long at = 5 + (s * (long) p.m + i) * cRow + j;
                    written[(int) at] = true;
                    double start = p.accumulate ? GUARD : 0;
                    // Every one of k + 1 roundings loses at most 2⁻²⁴ of a partial sum.
                    double bound = (p.k + 2) * 0x1p-24 * (size + start);
                    double error = Math.abs(c.getAtIndex(JAVA_FLOAT, at) - (start + sum));
                    if (!(error <= bound)) {
                        assertThat(error).as("%s at (%d, %d, %d)", p, s, i, j).isLessThanOrEqualTo(bound);
                    }
                }
            }
        }
        for (int i = 0; i < written.length; i++) {
            if (!written[i] && c.getAtIndex(JAVA_FLOAT, i) != GUARD) {
                assertThat(c.getAtIndex(JAVA_FLOAT, i)).as("%s: guard %d", p, i).isEqualTo(GUARD);
            }
        }
    }

    private static float get(Matrix x, long i, long j) {
        return x.segment().getAtIndex(JAVA_FLOAT, x.offset() + i * x.rowStride() + j * x.colStride());
    }

    private static void set(Matrix x, long i, long j, float value) {
        x.segment().setAtIndex(JAVA_FLOAT, x.offset() + i * x.rowStride() + j * x.colStride(), value);
    }

    private static long[] steps(int count, long step) {
        long[] offsets = new long[count];
        Arrays.setAll(offsets, i -> i * step);
        return offsets;
    }

    private static MemorySegment random(Arena arena, long count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        MemorySegment segment = arena.allocate(JAVA_FLOAT, count);
        for (long i = 0; i < count; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return segment;
    }

    /** How an operand lies in memory; the memory ends with its last element, so that reading further throws. */
    private enum Layout {
        PLAIN, TRANSPOSED, PADDED, PADDED_TRANSPOSED, STRIDED;

        Matrix matrix(Arena arena, int rows, int columns, long seed) {
            return matrix(arena, rows, columns, seed, rows);
        }

        /** {@code rows} rows in blocks of {@code block}, each a matrix of its own. */
        Matrix matrix(Arena arena, int rows, int columns, long seed, int block) {
            long rowStride = rowStride(columns);
            long colStride = colStride(block);
            long used = block == 0 || columns == 0
                    ? 0
                    : (rows / block - 1) * step(block, columns) + (block - 1) * rowStride + (columns - 1) * colStride
                            + 1;
            return new Matrix(random(arena, 3 + used, seed), 3, rowStride, colStride);
        }

        long step(int rows, int columns) {
            return Math.max(rows * rowStride(columns), columns * colStride(rows));
        }

        private long rowStride(int columns) {
            return switch (this) {
                case PLAIN -> columns;
                case TRANSPOSED, PADDED_TRANSPOSED -> 1;
                case PADDED -> columns + 5L;
                case STRIDED -> 2L * columns + 1;
            };
        }

        private long colStride(int rows) {
            return switch (this) {
                case PLAIN, PADDED -> 1;
                case TRANSPOSED -> rows;
                case PADDED_TRANSPOSED -> rows + 3L;
                case STRIDED -> 2;
            };
        }
    }

    private record Problem(int batch, int m, int n, int k, Layout a, Layout b, boolean accumulate, boolean ownA,
            boolean ownB) {

        static Problem of(int m, int n, int k, Layout a, Layout b, boolean accumulate) {
            return new Problem(1, m, n, k, a, b, accumulate, true, true);
        }

        Problem repeated(int count, boolean ownA, boolean ownB) {
            return new Problem(count, m, n, k, a, b, accumulate, ownA, ownB);
        }
    }

    /** The plainest team: new threads for each run. */
    private record Threads(int threads) implements Parallel {

        @Override
        public void run(int tasks, TaskBody body) {
            AtomicInteger next = new AtomicInteger();
            CompletableFuture<?>[] workers = new CompletableFuture<?>[threads];
            for (int w = 0; w < threads; w++) {
                int worker = w;
                workers[w] = CompletableFuture.runAsync(() -> {
                    for (int task = next.getAndIncrement(); task < tasks; task = next.getAndIncrement()) {
                        body.run(task, worker);
                    }
                }, work -> Thread.ofPlatform().daemon().start(work));
            }
            CompletableFuture.allOf(workers).join();
        }
    }
}
