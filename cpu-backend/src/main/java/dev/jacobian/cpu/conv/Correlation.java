package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * Sums over channels and taps, which the forward pass and the gradient of the input are: as a matrix product of packed
 * weights with rows that are shifts of the source.
 *
 * <p>For each column of the window, the part of a channel that it meets is copied, zeros for the padding included, so
 * that its rows are as long as those of the result. In such a copy the window's rows are shifts by whole rows: so
 * every tap reads contiguous floats for contiguous results, at an offset of its own, and nothing is computed in vain.
 * Copies take kernelW floats for each of the source's instead of the kernelH · kernelW of a matrix of patches, and are
 * made for one image, or a band of its rows, just before it is used.
 */
final class Correlation implements Parallel.TaskBody {
    /** Steps that one tile sums at most, if there is more than one channel: with eight rows 20 KB of weights. */
    private static final int MAX_DEPTH = 640;

    /** Copies of one band stay in the second-level cache. */
    private static final long PLANES_BYTES = 384 << 10;

    private static final int TASKS_PER_THREAD = 4;

    /** Multiply-adds below which waking another thread costs more than it saves. */
    private static final long PARALLEL_WORK = 1L << 19;

    private static final int FLOAT = Float.BYTES;

    private final TapsKernel kernel;
    private final GemmKernel gemm;
    private final Buffers.Pool pool;
    private final Images source;
    private final Images result;
    private final Weights weights;
    private final Axis vertical;
    private final Axis horizontal;
    private final MemorySegment packed;
    private final long[] offsets;
    private final int batch;
    private final int inputs;
    private final int outputs;
    private final int tiles;
    private final int taps;
    private final int depth;
    private final int blockChannels;
    private final boolean dense;
    private int bandRows;
    private Axis.Lines lines;
    private long planeFloats;
    private long onesFloats;

    /**
     * Weights, seen as [groups, outputs, inputs, kernelH, kernelW].
     *
     * @param segment the memory
     * @param offset the first element's index
     * @param groups how many groups there are
     * @param outputs results of a group
     * @param inputs sources of a group
     * @param outputStride from one output to the next
     * @param inputStride from one input to the next
     * @param kernelH the window's height
     * @param kernelW the window's width
     * @param bias the memory of what is added to each output; null for nothing
     * @param biasOffset its first element's index
     */
    record Weights(MemorySegment segment, long offset, int groups, int outputs, int inputs, long outputStride,
            long inputStride, int kernelH, int kernelW, MemorySegment bias, long biasOffset) {
        long groupStride() {
            return (long) outputs * inputs * kernelH * kernelW;
        }
    }

    Correlation(TapsKernel kernel, GemmKernel gemm, Buffers.Pool pool, Buffers shared, int batch, Images source,
            Weights weights, Axis vertical, Axis horizontal, Images result) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.pool = pool;
        this.batch = batch;
        this.source = source;
        this.weights = weights;
        this.vertical = vertical;
        this.horizontal = horizontal;
        this.result = result;
        inputs = weights.inputs;
        outputs = weights.outputs;
        tiles = Math.ceilDiv(outputs, kernel.rows());
        taps = vertical.taps().length * horizontal.taps().length;
        depth = biasDepth() + inputs * taps;
        int blocks = Math.max(1, Math.ceilDiv(inputs, Math.max(1, MAX_DEPTH / taps)));
        blockChannels = Math.ceilDiv(inputs, blocks);
        dense = vertical.step() == 1 && horizontal.step() == 1;
        packed = shared.get(Buffers.Use.PACKED,
                (long) weights.groups * tiles * depth * kernel.rows() * FLOAT);
        offsets = shared.offsets(biasDepth() + blockChannels * taps);
    }

    private int biasDepth() {
        return weights.bias == null ? 0 : 1;
    }

    void run(Parallel team) {
        long work = (long) batch * weights.groups * outputs * depth * vertical.count() * horizontal.count();
        Parallel threads = work < PARALLEL_WORK ? null : team;
        plan(threads == null ? 1 : threads.threads());
        dispatch(threads, weights.groups * tiles, (task, _) -> pack(task / tiles, task % tiles));
        dispatch(threads, batch * weights.groups * bands(), this);
    }

    static void dispatch(Parallel team, int tasks, Parallel.TaskBody body) {
        if (team != null) {
            team.run(tasks, body);
            return;
        }
        for (int task = 0; task < tasks; task++) {
            body.run(task, 0);
        }
    }

    private int bands() {
        return Math.ceilDiv(vertical.count(), bandRows);
    }

    private void plan(int threads) {
        int wanted = threads == 1 ? 1 : Math.ceilDiv(TASKS_PER_THREAD * threads, batch * weights.groups);
        long floats = PLANES_BYTES / FLOAT;
        long line = (long) blockChannels * horizontal.taps().length * horizontal.count();
        int tile = kernel.vectors() * kernel.lanes();
        int rows = vertical.count();
        while (rows > 1 && (line * vertical.lines(rows).count() > floats
                || (Math.ceilDiv(vertical.count(), rows) < wanted && rows * horizontal.count() >= 4 * tile))) {
            rows = Math.ceilDiv(rows, 2);
        }
        bandRows = Math.ceilDiv(vertical.count(), Math.ceilDiv(vertical.count(), rows));
        lines = vertical.lines(bandRows);
        // Room for what copies write behind rows; and an odd number of cache lines, so that planes do not compete for
        // the same sets of the cache.
        int unit = 64 / FLOAT;
        planeFloats = (Math.ceilDiv((long) lines.count() * horizontal.count() + kernel.lanes(), unit) | 1) * unit;
        onesFloats = biasDepth() * Math.ceilDiv((long) bandRows * horizontal.count(), tile) * tile;
        int k = 0;
        if (weights.bias != null) {
            offsets[k++] = 0;
        }
        for (int c = 0; c < blockChannels; c++) {
            for (int i = 0; i < vertical.taps().length; i++) {
                for (int j = 0; j < horizontal.taps().length; j++) {
                    offsets[k++] = (plane(c, j) + (long) lines.place()[i] * horizontal.count()) * FLOAT;
                }
            }
        }
    }

    private long plane(int channel, int tap) {
        return onesFloats + ((long) channel * horizontal.taps().length + tap) * planeFloats;
    }

    /** The weights of one tile's outputs, as the kernel wants them; the bias comes first, as a tap that sees ones. */
    private void pack(int group, int tile) {
        int rows = kernel.rows();
        long to = packedAt(group, tile, 0);
        for (int row = 0; row < rows; row++) {
            // What stands in for missing rows is computed with and dropped.
            int output = Math.min(tile * rows + row, outputs - 1);
            long p = to + (long) row * FLOAT;
            if (weights.bias != null) {
                packed.set(JAVA_FLOAT_UNALIGNED, p, weights.bias.get(JAVA_FLOAT_UNALIGNED,
                        (weights.biasOffset + (long) group * outputs + output) * FLOAT));
                p += (long) rows * FLOAT;
            }
            long from = weights.offset + group * weights.groupStride() + output * weights.outputStride;
            for (int c = 0; c < inputs; c++) {
                for (int i : vertical.taps()) {
                    for (int j : horizontal.taps()) {
                        long at = from + c * weights.inputStride + (long) i * weights.kernelW + j;
                        packed.set(JAVA_FLOAT_UNALIGNED, p,
                                weights.segment.get(JAVA_FLOAT_UNALIGNED, at * FLOAT));
                        p += (long) rows * FLOAT;
                    }
                }
            }
        }
    }

    private long packedAt(int group, int tile, int k) {
        return (((long) group * tiles + tile) * depth + k) * kernel.rows() * FLOAT;
    }

    @Override
    public void run(int task, int worker) {
        int band = task % bands();
        int group = task / bands() % weights.groups;
        int image = task / bands() / weights.groups;
        int first = band * bandRows;
        int rows = Math.min(bandRows, vertical.count() - first);
        Buffers own = pool.take();
        long slack = (long) kernel.vectors() * kernel.lanes();
        MemorySegment planes = own.get(Buffers.Use.PLANES, (plane(blockChannels, 0) + slack) * FLOAT);
        for (long i = 0; i < onesFloats; i++) {
            planes.set(JAVA_FLOAT_UNALIGNED, i * FLOAT, 1);
        }
        for (int c = 0; c == 0 || c < inputs; c += blockChannels) {
            int channels = Math.min(blockChannels, inputs - c);
            for (int j = 0; j < horizontal.taps().length; j++) {
                copy(image, group * inputs + c, channels, j, first, planes);
            }
            multiply(image, group, c, channels, first, rows, planes, own);
        }
        pool.giveBack(own);
    }

    /** Copies what one column of the window meets in the rows of a band, for some channels. */
    private void copy(int image, int channel, int channels, int tap, int firstRow, MemorySegment to) {
        int width = horizontal.count();
        long base = horizontal.base()[tap];
        int left = horizontal.before(base, width);
        int right = Math.max(left, horizontal.beforeEnd(base, width));
        long column = base + (long) left * horizontal.sourceStep();
        long nextPlane = planeFloats * horizontal.taps().length;
        for (int block = 0; block + 1 < lines.blocks().length; block++) {
            int count = lines.blocks()[block + 1] - lines.blocks()[block];
            long row = lines.sources()[block] + (long) firstRow * vertical.sourceStep();
            int above = right == left ? count : vertical.before(row, count);
            int below = Math.max(above, vertical.beforeEnd(row, count));
            long from = source.at(image, channel)
                    + ((row + (long) above * vertical.sourceStep()) * source.width() + column) * FLOAT;
            long at = plane(0, tap) + (long) lines.blocks()[block] * width;
            for (int c = 0; c < channels; c++) {
                clear(to, at, (long) above * width);
                long inside = at + (long) above * width;
                if (below > above) {
                    copyRows(from, below - above, right - left, to, inside + left);
                    clearColumns(to, inside, width, below - above, 0, left);
                    clearColumns(to, inside, width, below - above, right, width);
                }
                clear(to, at + (long) below * width, (long) (count - below) * width);
                from += source.plane() * FLOAT;
                at += nextPlane;
            }
        }
    }

    private void copyRows(long from, int rows, int columns, MemorySegment to, long at) {
        long fromRow = (long) vertical.sourceStep() * source.width() * FLOAT;
        long toRow = (long) horizontal.count() * FLOAT;
        if (fromRow == toRow && horizontal.sourceStep() == 1) {
            kernel.copyRows(source.segment(), from, fromRow, 1, 1, (rows - 1) * horizontal.count() + columns, to,
                    at * FLOAT, toRow);
        } else {
            kernel.copyRows(source.segment(), from, fromRow, horizontal.sourceStep(), rows, columns, to, at * FLOAT,
                    toRow);
        }
    }

    static void clear(MemorySegment to, long at, long count) {
        for (long i = at; i < at + count; i++) {
            to.set(JAVA_FLOAT_UNALIGNED, i * FLOAT, 0);
        }
    }

    static void clearColumns(MemorySegment to, long at, int width, int rows, int from, int end) {
        for (int column = from; column < end; column++) {
            for (int row = 0; row < rows; row++) {
                to.set(JAVA_FLOAT_UNALIGNED, (at + (long) row * width + column) * FLOAT, 0);
            }
        }
    }

    private void multiply(int image, int group, int channel, int channels, int firstRow, int rows,
            MemorySegment planes, Buffers own) {
        int skip = channel == 0 ? 0 : biasDepth();
        int steps = channels * taps + biasDepth() - skip;
        int positions = rows * horizontal.count();
        long row = result.plane() * FLOAT;
        int width = kernel.vectors() * kernel.lanes();
        MemorySegment tileBuffer = own.get(Buffers.Use.TILE, (long) kernel.rows() * width * FLOAT);
        for (int tile = 0; tile < tiles; tile++) {
            int output = tile * kernel.rows();
            int real = Math.min(kernel.rows(), outputs - output);
            long a = packedAt(group, tile, channel * taps + skip);
            long to = result.at(image, group * outputs + output);
            for (int s = 0; s < positions; s += width) {
                int vectors = Math.min(kernel.vectors(), Math.ceilDiv(positions - s, kernel.lanes()));
                int columns = Math.min(vectors * kernel.lanes(), positions - s);
                long place = to + ((long) firstRow * horizontal.count() + s) * FLOAT;
                if (dense && channel == 0 && real == kernel.rows() && columns == vectors * kernel.lanes()) {
                    kernel.tile(packed, a, planes, (long) s * FLOAT, offsets, skip, steps, vectors, result.segment(),
                            place, row);
                    continue;
                }
                long tileRow = (long) vectors * kernel.lanes() * FLOAT;
                kernel.tile(packed, a, planes, (long) s * FLOAT, offsets, skip, steps, vectors, tileBuffer, 0,
                        tileRow);
                if (dense) {
                    gemm.flush(tileBuffer, 0, tileRow, real, columns, channel > 0, result.segment(), place, row);
                } else {
                    scatter(tileBuffer, tileRow, real, columns, channel > 0, to, firstRow, s);
                }
            }
        }
    }

    /** Puts results where they lie apart. */
    private void scatter(MemorySegment tile, long tileRow, int rows, int columns, boolean add, long to, int firstRow,
            int s) {
        int width = horizontal.count();
        for (int i = 0; i < columns;) {
            int t = firstRow + (s + i) / width;
            int u = (s + i) % width;
            int n = Math.min(width - u, columns - i);
            long p = to + ((vertical.start() + (long) t * vertical.step()) * result.width()
                    + horizontal.start() + (long) u * horizontal.step()) * FLOAT;
            for (int r = 0; r < rows; r++) {
                spread(tile, r * tileRow + (long) i * FLOAT, n, add, result.segment(), p + r * result.plane() * FLOAT,
                        (long) horizontal.step() * FLOAT);
            }
            i += n;
        }
    }

    private static void spread(MemorySegment from, long offset, int n, boolean add, MemorySegment to, long toOffset,
            long step) {
        for (int i = 0; i < n; i++) {
            float value = from.get(JAVA_FLOAT_UNALIGNED, offset + (long) i * FLOAT);
            long p = toOffset + i * step;
            to.set(JAVA_FLOAT_UNALIGNED, p, add ? to.get(JAVA_FLOAT_UNALIGNED, p) + value : value);
        }
    }
}
