package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import java.lang.foreign.MemorySegment;

/**
 * Correlation with windows of 3×3 elements that move by one, by {@linkplain WinogradKernel Winograd's method}: the forward
 * pass and the gradient of the input.
 *
 * <p>Blocks of rows of tiles are computed from end to end in the cache of one worker: channel by channel the source is
 * read and transformed, with neighbouring tiles in one vector; for each frequency one small matrix product follows; channel
 * by channel the results are transformed back and written. Weights are transformed once for each call.
 */
final class Winograd implements Parallel.TaskBody {
    /** Transformed weights of so many bytes at a time. */
    private static final long WEIGHT_BYTES = 9L << 19;

    /** What the transformed tiles of one block take, about. */
    private static final long BLOCK_BYTES = 320 << 10;

    private static final int TASKS_PER_THREAD = 2;

    /** What products need at least, about. */
    private static final int BLOCK_TILES = 32;

    private static final int TILE = WinogradKernel.TILE;
    private static final int SIDE = WinogradKernel.SIDE;
    private static final int FREQUENCIES = WinogradKernel.FREQUENCIES;
    private static final int TAPS = 9;
    private static final int FLOAT = Float.BYTES;
    private static final int LINE = 64;

    private final WinogradKernel kernel;
    private final TapsKernel taps;
    private final Buffers.Pool pool;
    private final int batch;
    private final Images source;
    private final Images result;
    private final Filters filters;
    private final int paddingH;
    private final int shift;
    private final int crop;
    private final int down;
    private final int across;
    private final int blockVectors;
    private final int step;
    private final int masksAt;
    private final int depth;
    private final long weightsTile;
    private final MemorySegment weights;
    private final Buffers shared;
    private long[] tables;
    private int blockRows;
    private long tilesRow;
    private int firstVector;
    private int vectors;
    private long weightsNext;
    private volatile boolean finite = true;

    /**
     * Weights [results, sources, 3, 3] for the forward pass; [sources, results, 3, 3], whose taps count from the end, for
     * the gradient of the input. The bias may be null.
     */
    record Filters(MemorySegment segment, long offset, boolean flipped, MemorySegment bias, long biasOffset) {}

    Winograd(WinogradKernel kernel, TapsKernel taps, Buffers.Pool pool, Buffers shared, int batch, Images source,
            Filters filters, int paddingH, int paddingW, Images result) {
        this.kernel = kernel;
        this.taps = taps;
        this.pool = pool;
        this.shared = shared;
        this.batch = batch;
        this.source = source;
        this.result = result;
        this.filters = filters;
        this.paddingH = paddingH;
        // A tile's own columns are those from its second one on. Without padding, the first result needs a tile before.
        shift = paddingW == 0 ? TILE - 1 : paddingW - 1;
        crop = paddingW == 0 ? TILE : 0;
        down = Math.ceilDiv(result.height(), TILE);
        across = Math.ceilDiv(Math.max(crop + result.width(), shift + source.width()), TILE);
        step = kernel.lanes() * FLOAT;
        masksAt = 2 * kernel.lanes();
        depth = Math.ceilDiv(source.channels(), 2) * 2;
        weightsTile = (long) depth * step / 2;
        long vectorBytes = FREQUENCIES * 2 * weightsTile;
        blockVectors = Math.min(Math.max(1, (int) (WEIGHT_BYTES / vectorBytes)), kernel.vectors(result.channels()));
        weights = shared.get(Buffers.Use.PACKED, blockVectors * vectorBytes + 2L * FREQUENCIES * LINE);
    }

    /** Writes the result; whether all of it is finite. If not, what it is must be found otherwise. */
    boolean run(Parallel team) {
        int all = kernel.vectors(result.channels());
        for (firstVector = 0; firstVector < all && finite; firstVector += blockVectors) {
            vectors = Math.min(blockVectors, all - firstVector);
            plan(team == null ? 1 : team.threads());
            Correlation.dispatch(team, vectors, (task, _) -> transformWeights(task));
            Correlation.dispatch(team, Math.ceilDiv(batch * down, blockRows), this);
        }
        return finite;
    }

    private void plan(int threads) {
        int lanes = kernel.lanes();
        weightsNext = padded(2L * vectors * weightsTile);
        long rowBytes = (long) across * FREQUENCIES * (source.channels() + vectors * lanes) * FLOAT;
        int rows = batch * down;
        long most = Math.min(BLOCK_BYTES / rowBytes, Math.ceilDiv(rows, TASKS_PER_THREAD * threads));
        blockRows = fullest((int) Math.min(rows, Math.max(most, Math.ceilDiv(BLOCK_TILES, across))));
        int groups = Math.ceilDiv(blockRows * across, lanes);
        tilesRow = (long) groups * step;
        fillTables(groups);
    }

    /** How many rows of tiles, up to some number, fill their vectors best; the most that do. */
    private int fullest(int most) {
        int best = 1;
        double bestShare = 0;
        for (int i = 1; i <= most; i++) {
            int tiles = i * across;
            double share = (double) tiles / Math.ceilDiv(tiles, kernel.lanes());
            if (share >= bestShare) {
                bestShare = share;
                best = i;
            }
        }
        return best;
    }

    /** Where filters and channels lie, and which tiles are at an edge. */
    private void fillTables(int groups) {
        int lanes = kernel.lanes();
        tables = shared.offsets(masksAt + 2 * groups);
        for (int i = 0; i < lanes; i++) {
            tables[i] = (long) i * TAPS * (filters.flipped ? 1 : source.channels()) * FLOAT;
            tables[lanes + i] = (long) i * step;
        }
        for (int g = 0; g < groups; g++) {
            long begins = 0;
            long ends = 0;
            for (int i = 0; i < lanes; i++) {
                int column = (g * lanes + i) % across;
                begins |= (column == 0 ? 1L : 0) << i;
                ends |= (column == across - 1 ? 1L : 0) << i;
            }
            tables[masksAt + 2 * g] = begins;
            tables[masksAt + 2 * g + 1] = ends;
        }
    }

    /** An odd number of cache lines, so that frequencies do not compete for the same sets of the cache. */
    static long padded(long bytes) {
        return (Math.ceilDiv(bytes, LINE) | 1) * LINE;
    }

    /** Transforms what makes one vector of results. */
    private void transformWeights(int task) {
        int sources = source.channels();
        int lanes = kernel.lanes();
        int channel = kernel.start(firstVector + task, result.channels());
        Buffers own = pool.take();
        MemorySegment filter = own.get(Buffers.Use.PLANES, (long) (sources * TAPS + lanes) * step);
        if (filters.flipped) {
            for (int k = 0; k < sources; k++) {
                long from = (filters.offset + ((long) k * result.channels() + channel) * TAPS) * FLOAT;
                if (k < sources - 1 || channel + lanes < result.channels()) {
                    // What is read behind a filter's taps goes where the next one's do.
                    kernel.transpose(filters.segment, from, tables, 0, filter, (long) k * TAPS * step, tables, lanes);
                } else {
                    copy(filters.segment, from, TAPS * FLOAT, FLOAT, lanes, TAPS, filter, (long) k * TAPS * step, FLOAT,
                            step);
                }
            }
        } else {
            int length = sources * TAPS;
            long from = (filters.offset + (long) channel * length) * FLOAT;
            for (int i = 0; i < length; i += lanes) {
                int at = Math.min(i, length - lanes);
                kernel.transpose(filters.segment, from + (long) at * FLOAT, tables, 0, filter, (long) at * step, tables,
                        lanes);
            }
        }
        kernel.weights(filter, filters.flipped ? (TAPS - 1L) * step : 0, filters.flipped ? -step : step,
                (long) TAPS * step, sources, weights, 2L * task * weightsTile, weightsTile, weightsNext,
                own.get(Buffers.Use.SHIFTS, 54L * step));
        for (int f = 0; f < FREQUENCIES && sources < depth; f++) {
            for (int half = 0; half < 2; half++) {
                long at = f * weightsNext + (2L * task + half) * weightsTile;
                kernel.clear(weights, at + (long) sources * step / 2, step / 2);
            }
        }
        pool.giveBack(own);
    }

    private static void copy(MemorySegment from, long fromOffset, long fromRow, long fromColumn, int rows, int columns,
            MemorySegment to, long toOffset, long toRow, long toColumn) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                to.set(JAVA_FLOAT_UNALIGNED, toOffset + i * toRow + j * toColumn,
                        from.get(JAVA_FLOAT_UNALIGNED, fromOffset + i * fromRow + j * fromColumn));
            }
        }
    }

    /** Copies the lines of a channel that some rows of tiles see to where they are in planes without other channels. */
    private void copy(int channel, int firstRow, int rows, MemorySegment planes) {
        int image = firstRow / down;
        for (int row = 0; row < rows;) {
            int first = (firstRow + row) % down;
            int count = Math.min(down - first, rows - row);
            int begin = Math.max(0, TILE * first - paddingH);
            int end = Math.min(source.height(), TILE * (first + count) + 2 - paddingH);
            long at = (long) begin * source.width() * FLOAT;
            taps.copyRows(source.segment(), source.at(image, channel) + at, 0, 1, 1, (end - begin) * source.width(),
                    planes, (image - firstRow / down) * source.plane() * FLOAT + at, 0);
            image++;
            row += count;
        }
    }

    @Override
    public void run(int task, int worker) {
        if (!finite) {
            return;
        }
        int firstRow = task * blockRows;
        int rows = Math.min(blockRows, batch * down - firstRow);
        int image = firstRow / down;
        int groups = Math.ceilDiv(rows * across, kernel.lanes());
        long seenNext = padded(depth * tilesRow);
        long productsNext = padded((long) vectors * kernel.lanes() * tilesRow);
        long linesNext = TILE * tilesRow + 2L * step;
        Buffers own = pool.take();
        MemorySegment seen = own.get(Buffers.Use.TRANSFORMED, FREQUENCIES * seenNext);
        MemorySegment products = own.get(Buffers.Use.PRODUCTS, FREQUENCIES * productsNext);
        MemorySegment lines = own.get(Buffers.Use.PLANES, SIDE * linesNext);
        MemorySegment check = own.get(Buffers.Use.TILE, step);
        kernel.clear(check, 0, step);
        kernel.clear(lines, 0, SIDE * linesNext);
        long line = (long) TILE * across * FLOAT;
        boolean narrow = source.width() < kernel.lanes();
        long plane = source.plane() * FLOAT;
        int images = (firstRow + rows - 1) / down - image + 1;
        // A vector read from the end of an image must not reach behind it.
        MemorySegment planes = narrow ? own.get(Buffers.Use.PARTS, images * plane + step) : source.segment();
        for (int c = 0; c < source.channels(); c++) {
            if (narrow) {
                copy(c, firstRow, rows, planes);
            }
            kernel.inputRows(planes, narrow ? 0 : source.at(image, c),
                    narrow ? plane : source.at(1, c) - source.at(0, c), source.height(), source.width(), paddingH, down,
                    firstRow % down, rows, lines, step + (long) shift * FLOAT, line, linesNext);
            kernel.inputColumns(lines, step, linesNext, groups, tables, masksAt, seen, c * tilesRow, seenNext);
        }
        for (int f = 0; f < FREQUENCIES; f++) {
            kernel.clear(seen, f * seenNext + source.channels() * tilesRow, (depth - source.channels()) * tilesRow);
            kernel.products(weights, f * weightsNext, seen, f * seenNext, tilesRow, groups, depth, products,
                    f * productsNext, tilesRow, 2 * vectors);
        }
        for (int v = 0; v < vectors; v++) {
            int channel = kernel.start(firstVector + v, result.channels());
            for (int i = (firstVector + v) * kernel.lanes() - channel; i < kernel.lanes(); i++) {
                int k = channel + i;
                kernel.outputColumns(products, (v * kernel.lanes() + i) * tilesRow, productsNext, groups, lines, step,
                        linesNext);
                kernel.outputRows(lines, step + (long) crop * FLOAT, linesNext, line,
                        filters.bias == null
                                ? 0
                                : filters.bias.get(JAVA_FLOAT_UNALIGNED, (filters.biasOffset + k) * FLOAT),
                        result.segment(), result.at(image, k), result.at(1, k) - result.at(0, k), result.height(),
                        result.width(), down, firstRow % down, rows, check);
            }
        }
        for (int i = 0; i < kernel.lanes(); i++) {
            if (check.get(JAVA_FLOAT_UNALIGNED, (long) i * FLOAT) != 0) {
                finite = false;
            }
        }
        pool.giveBack(own);
    }
}
