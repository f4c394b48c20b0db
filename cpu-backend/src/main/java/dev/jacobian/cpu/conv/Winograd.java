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
    private final int paddingH;
    private final int paddingW;
    private final int down;
    private final int across;
    private final int blockVectors;
    private final int panelVectors;
    private final int tileRows;
    private final int step;
    private final long sourceColumn;
    private final long sourceLine;
    private final MemorySegment weights;
    private final Buffers shared;
    private long[] tables;
    private int resultTable;
    private int blockRows;
    private int firstVector;
    private int vectors;
    private long resultColumn;
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
        this.paddingH = paddingH;
        this.paddingW = paddingW;
        down = Math.ceilDiv(result.height(), TILE);
        across = Math.ceilDiv(result.width(), TILE);
        step = kernel.lanes() * FLOAT;
        panelVectors = gemm.tileColumns() / kernel.lanes();
        tileRows = gemm.tileRows();
        sourceColumn = (long) source.channels() * FLOAT;
        sourceLine = (TILE * across + 2) * sourceColumn;
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
        resultColumn = (long) channels * FLOAT;
        weightsNext = padded((long) source.channels() * vectors * step);
        long rowBytes = (long) across * FREQUENCIES * (sourceColumn + (long) vectors * step);
        int rows = batch * down;
        int most = Math.clamp(BLOCK_BYTES / rowBytes, 1, Math.ceilDiv(rows, TASKS_PER_THREAD * threads));
        blockRows = Math.ceilDiv(rows, Math.ceilDiv(rows, most));
        fillTables();
    }

    /** Where channels, filters, taps, and the elements of a block's lines of one image lie. */
    private void fillTables() {
        int lanes = kernel.lanes();
        int lines = TILE * Math.min(blockRows, down);
        int sourceElements = Math.min(source.height(), lines + 2) * source.width();
        int resultElements = Math.min(result.height(), lines) * result.width();
        resultTable = 4 * lanes + sourceElements;
        tables = shared.offsets(resultTable + resultElements);
        for (int i = 0; i < lanes; i++) {
            tables[i] = i * source.plane() * FLOAT;
            tables[lanes + i] = i * result.plane() * FLOAT;
            tables[2 * lanes + i] = (long) i * TAPS * (filters.flipped ? 1 : source.channels()) * FLOAT;
            tables[3 * lanes + i] = (long) i * step;
        }
        for (int i = 0; i < sourceElements; i++) {
            tables[4 * lanes + i] = i / source.width() * sourceLine + i % source.width() * sourceColumn;
        }
        for (int i = 0; i < resultElements; i++) {
            tables[resultTable + i] = (i / result.width() * (long) across * TILE + i % result.width())
                    * resultColumn;
        }
    }

    /** An odd number of cache lines, so that frequencies do not compete for the same sets of the cache. */
    private static long padded(long bytes) {
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
                    kernel.transpose(filters.segment, from, tables, 2 * lanes, taps, (long) k * TAPS * step, tables,
                            3 * lanes);
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
                kernel.transpose(filters.segment, from + (long) at * FLOAT, tables, 2 * lanes, taps, (long) at * step,
                        tables, 3 * lanes);
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
        MemorySegment lines = own.get(Buffers.Use.PLANES, Math.max(((long) TILE * partRows + 2) * sourceLine,
                (long) TILE * TILE * partRows * across * resultColumn));
        for (int row = 0; row < rows;) {
            int image = (firstRow + row) / down;
            int first = (firstRow + row) % down;
            int count = Math.min(down - first, rows - row);
            layOut(image, TILE * first - paddingH, TILE * count + 2, lines);
            for (int i = 0; i < count; i++) {
                kernel.input(lines, (long) TILE * i * sourceLine, sourceLine, source.channels(), across, transformed,
                        (long) (row + i) * across * sourceColumn, tilesNext, scratch);
            }
            row += count;
        }
        multiply(tiles, transformed, tilesNext, products, productsNext);
        MemorySegment bias = filters.bias == null ? check : filters.bias;
        long resultLine = (long) TILE * across * resultColumn;
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
                            at + (long) TILE * i * resultLine, resultColumn, resultLine, check, scratch);
                }
                store(image, channel, TILE * first, Math.min(TILE * count, result.height() - TILE * first), lines, at);
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

    /** Lays out some lines of an image with zeros around. */
    private void layOut(int image, int firstLine, int count, MemorySegment lines) {
        int begin = Math.clamp(firstLine, 0, source.height());
        int end = Math.clamp(firstLine + count, begin, source.height());
        int width = source.width();
        long inside = (begin - firstLine) * sourceLine + paddingW * sourceColumn;
        long insideEnd = inside + (end - begin) * sourceLine;
        long gap = sourceLine - width * sourceColumn;
        if (begin == end) {
            kernel.clear(lines, 0, count * sourceLine);
            return;
        }
        kernel.clear(lines, 0, inside);
        for (long p = inside + width * sourceColumn; p < insideEnd - gap; p += sourceLine) {
            kernel.clear(lines, p, gap);
        }
        kernel.clear(lines, insideEnd - gap, count * sourceLine - (insideEnd - gap));
        int lanes = kernel.lanes();
        int positions = (end - begin) * width;
        for (int v = 0; v < kernel.vectors(source.channels()); v++) {
            int channel = kernel.start(v, source.channels());
            long from = source.at(image, channel) + (long) begin * width * FLOAT;
            long to = inside + (long) channel * FLOAT;
            if (positions < lanes) {
                for (int i = 0; i < positions; i++) {
                    copy(source.segment(), from + (long) i * FLOAT, source.plane() * FLOAT, 0, lanes, 1, lines,
                            to + tables[4 * lanes + i], FLOAT, 0);
                }
                continue;
            }
            for (int i = 0; i < positions; i += lanes) {
                int at = Math.min(i, positions - lanes);
                kernel.transpose(source.segment(), from + (long) at * FLOAT, tables, 0, lines, to, tables,
                        4 * lanes + at);
            }
        }
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

    /** Stores lines of a vector of channels, which begin at an offset. */
    private void store(int image, int channel, int firstLine, int count, MemorySegment lines, long offset) {
        int lanes = kernel.lanes();
        int positions = count * result.width();
        long to = result.at(image, channel) + (long) firstLine * result.width() * FLOAT;
        if (positions < lanes) {
            for (int i = 0; i < positions; i++) {
                copy(lines, offset + tables[resultTable + i], FLOAT, 0, lanes, 1, result.segment(),
                        to + (long) i * FLOAT,
                        result.plane() * FLOAT, 0);
            }
            return;
        }
        for (int i = 0; i < positions; i += lanes) {
            int at = Math.min(i, positions - lanes);
            kernel.transpose(lines, offset, tables, resultTable + at, result.segment(), to + (long) at * FLOAT, tables,
                    lanes);
        }
    }
}
