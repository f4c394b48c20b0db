package dev.jacobian.cuda;

import static dev.jacobian.cuda.ElementKernel.ofType;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import dev.jacobian.cuda.driver.Scratch;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Sums, extremes and positions of extremes: {@code reduce_*.cu}. How elements are cut into chunks and dealt to threads
 * depends on their numbers only.
 */
final class CudaReduce {
    private static final int THREADS = 256;
    private static final int WARP = 32;
    private static final int X = 0;
    private static final int OUT = 1;
    private static final int SCRATCH = 2;
    private static final int OTHER_SCRATCH = 3;

    /** A warp takes a row up to this length: 32 elements a thread. */
    private static final int LONGEST_OF_WARP = 1024;

    /** Each thread takes 64 or, where blocks would be few, 16 elements of a chunk. */
    private static final int MOST_OF_THREAD = 64;
    private static final int FEWEST_OF_THREAD = 16;
    private static final long MANY_BLOCKS = 1024;

    /** Not to be cut; a multiple of 4 above the length of any piece. */
    private static final int WHOLE = Axes.LARGEST;

    private final CudaContext context;
    private final CudaCopy copy;
    private final Map<ReduceOp, Map<DType, Reduction>> reductions = new EnumMap<>(ReduceOp.class);
    private final Map<ReduceOp, Map<DType, Reduction>> positions = new EnumMap<>(ReduceOp.class);

    CudaReduce(CudaContext context, CudaCopy copy) {
        this.context = context;
        this.copy = copy;
        for (ReduceOp op : ReduceOp.values()) {
            reductions.put(op, new EnumMap<>(DType.class));
            positions.put(op, new EnumMap<>(DType.class));
            for (DType dtype : List.of(DType.FLOAT32, DType.INT32)) {
                String name = op.name().toLowerCase(Locale.ROOT) + "_" + dtype;
                String file = op == ReduceOp.SUM ? "reduce_sum" : "reduce_extreme";
                reductions.get(op).put(dtype, reduction(file, "reduce_" + name, "", Integer.BYTES));
                if (op != ReduceOp.SUM) {
                    positions.get(op)
                            .put(dtype, reduction("reduce_position", "reduce_arg" + name, "_again", Long.BYTES));
                }
            }
        }
    }

    /**
     * The kernels of one operation.
     *
     * @param rows takes neighbours in memory into one result
     * @param columns takes neighbours in memory into different results
     * @param again takes the results of chunks
     * @param partialBytes the size of a chunk's result
     */
    private record Reduction(Kernel rows, Kernel columns, Kernel again, int partialBytes) {}

    private Reduction reduction(String file, String name, String again, int partialBytes) {
        return new Reduction(context.kernel(file, name + "_rows"), context.kernel(file, name + "_columns"),
                context.kernel(file, name + again + "_rows"), partialBytes);
    }

    /** Reduces the axes along which out has length 1 and x has not. */
    void reduce(ReduceOp op, View x, View out) {
        if (out.size() > 0 && x.size() == 0) {
            copy.fill(ofNone(op), out);
            return;
        }
        run(ofType(reductions, op, x.dtype()), x, out);
    }

    /** What a reduction makes of no elements; converted to int32, the ends of its range. */
    private static double ofNone(ReduceOp op) {
        return switch (op) {
            case SUM -> 0;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
        };
    }

    /** The index along an axis of the first of the largest or smallest elements, or of the first NaN. */
    void argReduce(ReduceOp op, View x, int axis, View out) {
        assert out.dim(axis) == 1 : "argReduce: got " + x.shape() + " for " + out.shape();
        if (op == ReduceOp.SUM) {
            throw new IllegalArgumentException("argReduce: got sum, expected max or min");
        }
        run(ofType(positions, op, x.dtype()), x, out);
    }

    private void run(Reduction reduction, View x, View out) {
        if (out.size() == 0) {
            return;
        }
        Axes kept = Axes.start(0, 2);
        kept.operand(X, x);
        kept.operand(OUT, out);
        Axes reduced = Axes.start(1, 1);
        reduced.operand(0, 0, x.dtype().bytes());
        int[] order = kept.byStride(x);
        for (int i = 0; i < x.rank(); i++) {
            int axis = order[i];
            if (x.dim(axis) == out.dim(axis)) {
                kept.axis(x.dim(axis), x.stride(axis), out.stride(axis), 0, 0);
            } else {
                reduced.axis(x.dim(axis), x.stride(axis), 0, 0, 0);
            }
        }
        boolean rows = innermostStride(reduced, 0) <= innermostStride(kept, Long.MAX_VALUE);
        stage(reduction, rows ? reduction.rows : reduction.columns, rows, X, kept, reduced);
    }

    private static long innermostStride(Axes axes, long ofNone) {
        return axes.rank() == 0 ? ofNone : axes.stride(0, axes.rank() - 1);
    }

    /** Reduces the kept axes' operand source, in as many stages as it takes. */
    private void stage(Reduction reduction, Kernel kernel, boolean rows, int source, Axes kept, Axes reduced) {
        long results = kept.size();
        long count = reduced.size();
        int width = rows ? widthOfRow(count) : widthOfColumns(results, count);
        int chunk = rows ? chunkOfRow(results, count) : chunkOfColumns(results, count, THREADS / width);
        long chunks = chunks(reduced, chunk);
        if (chunks == 1) {
            launch(kernel, rows, kept, source, OUT, reduced, width, chunk);
            return;
        }
        int target = source == SCRATCH ? OTHER_SCRATCH : SCRATCH;
        int bytes = reduction.partialBytes;
        try (Scratch scratch = context.scratch(results * chunks * bytes)) {
            kept.dense(target, scratch.address(), bytes, chunks);
            launch(kernel, rows, kept, source, target, reduced, width, chunk);
            Axes partials = Axes.start(1, 1);
            partials.operand(0, 0, bytes);
            partials.axis(chunks, 1, 0, 0, 0);
            stage(reduction, reduction.again, true, target, kept, partials);
        }
    }

    /** Threads along a row: as many as find four elements each. */
    private static int widthOfRow(long count) {
        return count > LONGEST_OF_WARP ? THREADS : (int) Math.min(WARP, powerOfTwo((count + 3) / 4));
    }

    private static int chunkOfRow(long results, long count) {
        if (count <= LONGEST_OF_WARP) {
            return WHOLE;
        }
        int largest = MOST_OF_THREAD * THREADS;
        return results * divideUp(count, largest) >= MANY_BLOCKS ? largest : FEWEST_OF_THREAD * THREADS;
    }

    /** Columns side by side: a warp of them, fewer if there are fewer, more if threads would not find four elements. */
    private static int widthOfColumns(long results, long count) {
        int width = (int) powerOfTwo(Math.min(WARP, results));
        while (width < THREADS && THREADS / width * 4L > powerOfTwo(count)) {
            width *= 2;
        }
        return width;
    }

    private static int chunkOfColumns(long results, long count, int lanes) {
        int largest = MOST_OF_THREAD * lanes;
        long blocks = divideUp(results * lanes, THREADS) * divideUp(count, largest);
        return blocks >= MANY_BLOCKS ? largest : FEWEST_OF_THREAD * lanes;
    }

    private static long chunks(Axes reduced, int chunk) {
        long chunks = 0;
        while (reduced.next()) {
            chunks += divideUp(reduced.pieceSize(), chunk);
        }
        return chunks;
    }

    private void launch(
            Kernel kernel, boolean rows, Axes kept, int source, int target, Axes reduced, int width, int chunk) {
        boolean aligned = rows && kept.isAligned(source, kept.rank()) && reduced.isDense();
        kept.rewind();
        while (kept.next()) {
            int results = kept.pieceSize();
            long across = divideUp(results, rows ? THREADS / width : width);
            long first = 0;
            long firstChunk = 0;
            reduced.rewind();
            while (reduced.next()) {
                int count = reduced.pieceSize();
                long chunks = divideUp(count, chunk);
                Launch launch = context.launch(kernel);
                launch.address(kept.address(target) + firstChunk * kept.elementBytes(target));
                launch.address(kept.address(source) + reduced.address(0)).open(Integer.BYTES);
                kept.writeLengths(launch);
                kept.writeStrides(launch, source);
                kept.writeStrides(launch, target);
                reduced.writeLengths(launch);
                reduced.writeStrides(launch, 0);
                launch.i32(results).i32(count).i32(chunk).i32((int) first).i32(width);
                launch.i32(target == OUT ? 0 : 1).i32(aligned && first % 4 == 0 ? 1 : 0).close();
                launch.run(across * chunks, THREADS, 0);
                first += count;
                firstChunk += chunks;
            }
        }
    }

    private static long divideUp(long a, long b) {
        return (a + b - 1) / b;
    }

    /** The smallest power of two that is not below n. */
    private static long powerOfTwo(long n) {
        return n <= 1 ? 1 : Long.highestOneBit(n - 1) << 1;
    }
}
