package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * Correlation with windows of 3×3 elements that move by one, by {@linkplain WinogradKernel Winograd's method}: the forward
 * pass and the gradient of the input.
 *
 * <p>Blocks of rows of tiles are computed from end to end in the cache of one worker: the source is laid out with channels
 * innermost and zeros for the padding, transformed, multiplied with the transformed weights as one small matrix product
 * for each frequency, transformed back and laid out as the result. Weights are transformed once for each call.
 */
final class Winograd implements Parallel.TaskBody {
    /** Transformed weights of so many bytes at a time. */
    private static final long WEIGHT_BYTES = 9L << 19;

    /** What the transformed tiles of one block take, about. */
    private static final long BLOCK_BYTES = 256 << 10;

    private static final int TASKS_PER_THREAD = 4;

    private static final int TILE = WinogradKernel.TILE;
    private static final int FREQUENCIES = WinogradKernel.FREQUENCIES;
    private static final int TAPS = 9;
    private static final int FLOAT = Float.BYTES;
    private static final int LINE = 64;

    private final WinogradKernel kernel;
    private final GemmKernel gemm;
    private final Buffers.Pool pool;
    private final int batch;
    private final Images source;
    private final Images result;
    private final Filters filters;
    private final int down;
    private final int across;
    private final int blockVectors;
    private final int panelVectors;
    private final int tileRows;
    private final int step;
    private final WinogradLines sourceLines;
    private final long sourceColumn;
    private final MemorySegment weights;
    private final Buffers shared;
    private long[] tables;
    private int blockRows;
    private int firstVector;
    private int vectors;
    private WinogradLines resultLines;
    private long weightsNext;
    private volatile boolean finite = true;

    /**
     * Weights [results, sources, 3, 3] for the forward pass; [sources, results, 3, 3], whose taps count from the end, for
     * the gradient of the input. The bias may be null.
     */
    record Filters(MemorySegment segment, long offset, boolean flipped, MemorySegment bias, long biasOffset) {}

    Winograd(WinogradKernel kernel, GemmKernel gemm, Buffers.Pool pool, Buffers shared, int batch, Images source,
            Filters filters, int paddingH, int paddingW, Images result) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.pool = pool;
        this.shared = shared;
        this.batch = batch;
        this.source = source;
        this.result = result;
        this.filters = filters;
        down = Math.ceilDiv(result.height(), TILE);
        across = Math.ceilDiv(result.width(), TILE);
        step = kernel.lanes() * FLOAT;
        panelVectors = gemm.tileColumns() / kernel.lanes();
        tileRows = gemm.tileRows();
        sourceLines = new WinogradLines(kernel, source, paddingH, paddingW, TILE * across + 2, source.channels());
        sourceColumn = sourceLines.column();
        long vectorBytes = (long) FREQUENCIES * source.channels() * step;
        int most = Math.max(1, (int) (WEIGHT_BYTES / vectorBytes / panelVectors)) * panelVectors;
        blockVectors = Math.min(most, kernel.vectors(result.channels()));
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
        int channels = kernel.start(firstVector + vectors - 1, result.channels()) + kernel.lanes()
                - kernel.start(firstVector, result.channels());
        resultLines = new WinogradLines(kernel, result, 0, 0, TILE * across, channels);
        weightsNext = padded((long) source.channels() * vectors * step);
        long rowBytes = (long) across * FREQUENCIES * (sourceColumn + (long) vectors * step);
        int rows = batch * down;
        int most = Math.clamp(BLOCK_BYTES / rowBytes, 1, Math.ceilDiv(rows, TASKS_PER_THREAD * threads));
        blockRows = Math.ceilDiv(rows, Math.ceilDiv(rows, most));
        fillTables();
    }

    /** Where filters, taps, and what a block's lines of one image hold lie. */
    private void fillTables() {
        int lanes = kernel.lanes();
        int lines = TILE * Math.min(blockRows, down);
        int sourceTable = 2 * lanes;
        int resultTable = sourceTable + sourceLines.tableLength(lines + 2);
        tables = shared.offsets(resultTable + resultLines.tableLength(lines));
        for (int i = 0; i < lanes; i++) {
            tables[i] = (long) i * TAPS * (filters.flipped ? 1 : source.channels()) * FLOAT;
            tables[lanes + i] = (long) i * step;
        }
        sourceLines.tabulate(lines + 2, tables, sourceTable);
        resultLines.tabulate(lines, tables, resultTable);
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
        MemorySegment taps = own.get(Buffers.Use.PLANES, (long) (sources * TAPS + lanes) * step);
        if (filters.flipped) {
            for (int k = 0; k < sources; k++) {
                long from = (filters.offset + ((long) k * result.channels() + channel) * TAPS) * FLOAT;
                if (k < sources - 1 || channel + lanes < result.channels()) {
                    // What is read behind a filter's taps goes where the next one's do.
                    kernel.transpose(filters.segment, from, tables, 0, taps, (long) k * TAPS * step, tables, lanes);
                } else {
                    copy(filters.segment, from, TAPS * FLOAT, FLOAT, lanes, TAPS, taps, (long) k * TAPS * step, FLOAT,
                            step);
                }
            }
        } else {
            int length = sources * TAPS;
            long from = (filters.offset + (long) channel * length) * FLOAT;
            for (int i = 0; i < length; i += lanes) {
                int at = Math.min(i, length - lanes);
                kernel.transpose(filters.segment, from + (long) at * FLOAT, tables, 0, taps, (long) at * step, tables,
                        lanes);
            }
        }
        int panel = task / panelVectors * panelVectors;
        kernel.weights(taps, filters.flipped ? (TAPS - 1L) * step : 0, filters.flipped ? -step : step,
                (long) TAPS * step, sources, weights,
                ((long) panel * sources + task - panel) * step,
                (long) Math.min(panelVectors, vectors - panel) * step, weightsNext,
                own.get(Buffers.Use.SHIFTS, 18L * step));
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

    @Override
    public void run(int task, int worker) {
        if (!finite) {
            return;
        }
        int firstRow = task * blockRows;
        int rows = Math.min(blockRows, batch * down - firstRow);
        int tiles = rows * across;
        long tilesNext = padded(tiles * sourceColumn);
        long productsTile = (long) vectors * step;
        long productsNext = padded((long) Math.ceilDiv(tiles, tileRows) * tileRows * productsTile);
        Buffers own = pool.take();
        MemorySegment transformed = own.get(Buffers.Use.TRANSFORMED, FREQUENCIES * tilesNext);
        MemorySegment products = own.get(Buffers.Use.PRODUCTS, FREQUENCIES * productsNext);
        MemorySegment check = own.get(Buffers.Use.TILE, 2L * step);
        kernel.clear(check, 0, 2L * step);
        MemorySegment scratch = own.get(Buffers.Use.SHIFTS, ((long) TILE * across + 2) * WinogradKernel.SIDE * step);
        int partRows = Math.min(blockRows, down);
        MemorySegment lines = own.get(Buffers.Use.PLANES, Math.max(((long) TILE * partRows + 2) * sourceLines.line(),
                (long) TILE * partRows * resultLines.line()));
        for (int row = 0; row < rows;) {
            int image = (firstRow + row) / down;
            int first = (firstRow + row) % down;
            int count = Math.min(down - first, rows - row);
            sourceLines.layOut(image, TILE * first, TILE * count + 2, lines);
            for (int i = 0; i < count; i++) {
                kernel.input(lines, (long) TILE * i * sourceLines.line(), sourceLines.line(), source.channels(), across,
                        transformed, (long) (row + i) * across * sourceColumn, tilesNext, scratch);
            }
            row += count;
        }
        multiply(tiles, transformed, tilesNext, products, productsNext);
        MemorySegment bias = filters.bias == null ? check : filters.bias;
        long resultLine = resultLines.line();
        for (int row = 0; row < rows;) {
            int image = (firstRow + row) / down;
            int first = (firstRow + row) % down;
            int count = Math.min(down - first, rows - row);
            for (int v = 0; v < vectors; v++) {
                int channel = kernel.start(firstVector + v, result.channels());
                long at = (long) (channel - kernel.start(firstVector, result.channels())) * FLOAT;
                for (int i = 0; i < count; i++) {
                    kernel.output(products, (long) (row + i) * across * productsTile + (long) v * step, productsNext,
                            productsTile, across, bias,
                            filters.bias == null ? step : (filters.biasOffset + channel) * FLOAT, lines,
                            at + (long) TILE * i * resultLine, resultLines.column(), resultLine, check, scratch);
                }
                resultLines.store(image, channel, TILE * first, Math.min(TILE * count, result.height() - TILE * first),
                        lines, at);
            }
            row += count;
        }
        for (int i = 0; i < kernel.lanes(); i++) {
            if (check.get(JAVA_FLOAT_UNALIGNED, (long) i * FLOAT) != 0) {
                finite = false;
            }
        }
        pool.giveBack(own);
    }

    private void multiply(int tiles, MemorySegment transformed, long tilesNext, MemorySegment products,
            long productsNext) {
        long productsTile = (long) vectors * step;
        for (int f = 0; f < FREQUENCIES; f++) {
            for (int panel = 0; panel < vectors; panel += panelVectors) {
                int width = Math.min(panelVectors, vectors - panel) * kernel.lanes();
                long b = f * weightsNext + (long) panel * source.channels() * step;
                for (int tile = 0; tile < tiles; tile += tileRows) {
                    gemm.tile(transformed, f * tilesNext + tile * sourceColumn, sourceColumn, FLOAT,
                            Math.min(tileRows, tiles - tile), weights, b, (long) width * FLOAT, width,
                            source.channels(), products,
                            f * productsNext + tile * productsTile + (long) panel * step, productsTile);
                }
            }
        }
    }
}
