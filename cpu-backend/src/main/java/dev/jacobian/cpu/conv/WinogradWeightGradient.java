package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of the weights of windows of 3×3 elements that move by one, by {@linkplain WinogradKernel Winograd's
 * method}: the adjoint of {@link Winograd}, so for each frequency the sum over all tiles of what the tile sees times what
 * its results' gradient is.
 *
 * <p>The rows of tiles are cut into chunks by the shapes alone. Each chunk sums for itself, one block of rows after the
 * other in the cache of one worker; their sums are added in order and transformed back. Where there are more threads than
 * chunks, they share out the results' channels, too, which no sum depends on; each of them then transforms the source for itself.
 */
final class WinogradWeightGradient implements Parallel.TaskBody {
    /** What the transformed tiles of one block take, about: the more tiles, the fewer additions to sums in memory. */
    private static final long BLOCK_BYTES = 900 << 10;

    /** The most tiles of one block, of several rows: longer sums gain nothing. */
    private static final int BLOCK_TILES = 512;

    /** The most pairs of channels: so many sums for each frequency take 2.4 MB in each chunk. */
    private static final long MAX_PAIRS = 1 << 14;

    /** What the sums of all chunks together take at most, unless there are {@link #MIN_CHUNKS}. */
    private static final long PARTS_BYTES = 800 << 10;

    private static final int MIN_CHUNKS = 2;
    private static final int MAX_CHUNKS = 16;

    /** Chunks of fewer tiles are not worth sums of their own. */
    private static final int CHUNK_TILES = 8;

    /** Multiply-adds below which waking another thread costs more than it saves. */
    private static final long PARALLEL_WORK = 1L << 19;

    /**
     * Elements of a plane with more of which the processor foresees what will be read of it. Of smaller ones, of which
     * sixteen are read at a time, it does not: reading them twice, first in their order, takes two thirds of the time.
     */
    private static final long MAX_PLANE = 512;

    private static final int TILE = WinogradKernel.TILE;
    private static final int FREQUENCIES = WinogradKernel.FREQUENCIES;
    private static final int TAPS = 9;
    private static final int FLOAT = Float.BYTES;

    private final WinogradKernel kernel;
    private final GemmKernel gemm;
    private final Buffers.Pool pool;
    private final Images source;
    private final Images dy;
    private final WinogradLines sourceLines;
    private final WinogradLines dyLines;
    private final int rows;
    private final int down;
    private final int across;
    private final int vectors;
    private final int sourceVectors;
    private final int step;
    private final int chunks;
    private final int blockRows;
    private int ranges;
    private final long sumRow;
    private final long sumNext;
    private final long part;
    private final MemorySegment parts;
    private final long[] tables;
    private volatile boolean finite = true;

    WinogradWeightGradient(WinogradKernel kernel, GemmKernel gemm, Buffers.Pool pool, Buffers shared, int batch,
            Images source, Images dy, int paddingH, int paddingW) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.pool = pool;
        this.source = source;
        this.dy = dy;
        down = Math.ceilDiv(dy.height(), TILE);
        across = Math.ceilDiv(dy.width(), TILE);
        rows = batch * down;
        step = kernel.lanes() * FLOAT;
        vectors = kernel.vectors(dy.channels());
        sourceVectors = kernel.vectors(source.channels());
        sourceLines = new WinogradLines(kernel, source, paddingH, paddingW, TILE * across + 2, source.channels());
        dyLines = new WinogradLines(kernel, dy, 0, 0, TILE * across, dy.channels());
        sumRow = (long) vectors * step;
        sumNext = Winograd.padded((long) sourceVectors * kernel.lanes() * sumRow);
        part = FREQUENCIES * sumNext;
        // A power of two, as the number of threads mostly is.
        chunks = Integer.highestOneBit(Math.min(Math.clamp(PARTS_BYTES / part, MIN_CHUNKS, MAX_CHUNKS),
                Math.min(rows, Math.ceilDiv(rows * across, CHUNK_TILES))));
        parts = shared.get(Buffers.Use.PARTS, chunks * part);
        long rowBytes = (long) across * FREQUENCIES * (sourceVectors + vectors) * step;
        int most = Math.clamp(BLOCK_BYTES / rowBytes, 1, Math.max(1, BLOCK_TILES / across));
        int chunkRows = Math.ceilDiv(rows, chunks);
        blockRows = Math.ceilDiv(chunkRows, Math.ceilDiv(chunkRows, most));
        int lines = TILE * Math.min(blockRows, down);
        int sourceTable = 2 * kernel.lanes();
        int dyTable = sourceTable + sourceLines.tableLength(lines + 2);
        tables = shared.offsets(dyTable + dyLines.tableLength(lines));
        for (int i = 0; i < kernel.lanes(); i++) {
            tables[i] = (long) i * step;
            tables[kernel.lanes() + i] = (long) i * TAPS * source.channels() * FLOAT;
        }
        sourceLines.tabulate(lines + 2, tables, sourceTable);
        dyLines.tabulate(lines, tables, dyTable);
    }

    /** Whether the sums of so many channels fit into a cache. */
    static boolean suits(Images source, Images dy) {
        return (long) source.channels() * dy.channels() <= MAX_PAIRS;
    }

    /**
     * Writes the gradient, [dy's channels, the source's, 3, 3], dense from an offset on; whether all of it is finite. If
     * not, what it is must be found otherwise.
     */
    boolean run(Parallel team, MemorySegment dweight, long offset) {
        long work = (long) rows * across * FREQUENCIES * source.channels() * dy.channels();
        Parallel threads = work < PARALLEL_WORK ? null : team;
        ranges = threads == null ? 1 : Math.min(vectors, Math.ceilDiv(threads.threads(), chunks));
        Correlation.dispatch(threads, chunks * ranges, this);
        if (chunks > 1) {
            Correlation.dispatch(threads, FREQUENCIES, (task, _) -> addUp(task));
        }
        Correlation.dispatch(threads, vectors, (task, _) -> transformBack(task, dweight, offset));
        return finite;
    }

    @Override
    public void run(int task, int worker) {
        int chunk = task / ranges;
        int first = vectors * (task % ranges) / ranges;
        int last = vectors * (task % ranges + 1) / ranges;
        int end = (int) ((long) rows * (chunk + 1) / chunks);
        boolean add = false;
        Buffers own = pool.take();
        for (int row = (int) ((long) rows * chunk / chunks); row < end; row += blockRows) {
            block(row, Math.min(blockRows, end - row), first, last, chunk * part + (long) first * step, add, own);
            add = true;
        }
        pool.giveBack(own);
    }

    /** Sums what some rows of tiles make. */
    private void block(int firstRow, int blockRows, int firstVector, int lastVector, long sums, boolean add,
            Buffers own) {
        int vectors = lastVector - firstVector;
        int tiles = blockRows * across;
        long seenNext = Winograd.padded((long) sourceVectors * tiles * step);
        long gradientsNext = Winograd.padded((long) vectors * tiles * step);
        MemorySegment seen = own.get(Buffers.Use.TRANSFORMED, FREQUENCIES * seenNext);
        MemorySegment gradients = own.get(Buffers.Use.PRODUCTS, FREQUENCIES * gradientsNext);
        MemorySegment scratch = own.get(Buffers.Use.SHIFTS, ((long) TILE * across + 2) * WinogradKernel.SIDE * step);
        long partLines = (long) TILE * Math.min(blockRows, down);
        MemorySegment lines = own.get(Buffers.Use.PLANES,
                Math.max((partLines + 2) * sourceLines.line(), partLines * dyLines.line()));
        for (int row = 0; row < blockRows;) {
            int image = (firstRow + row) / down;
            int first = (firstRow + row) % down;
            int count = Math.min(down - first, blockRows - row);
            if (count == down) {
                // Stored, lest the compiler find that nobody needs what was read.
                scratch.set(JAVA_INT_UNALIGNED, 0, touch(source, image) + touch(dy, image));
            }
            sourceLines.layOut(image, TILE * first, TILE * count + 2, lines);
            for (int v = 0; v < sourceVectors; v++) {
                long at = (long) kernel.start(v, source.channels()) * FLOAT;
                for (int i = 0; i < count; i++) {
                    kernel.input(lines, at + (long) TILE * i * sourceLines.line(), sourceLines.column(),
                            sourceLines.line(), across, seen, ((long) v * tiles + (long) (row + i) * across) * step,
                            seenNext, scratch);
                }
            }
            dyLines.layOut(image, TILE * first, TILE * count, lines);
            for (int v = 0; v < vectors; v++) {
                long at = (long) kernel.start(firstVector + v, dy.channels()) * FLOAT;
                for (int i = 0; i < count; i++) {
                    kernel.outputGradient(lines, at + (long) TILE * i * dyLines.line(), dyLines.column(),
                            dyLines.line(), across, gradients,
                            ((long) v * tiles + (long) (row + i) * across) * step, step, gradientsNext, scratch);
                }
            }
            row += count;
        }
        multiply(tiles, vectors, seen, seenNext, gradients, gradientsNext, sums, add, own);
    }

    /** Brings an image of small planes into the cache. */
    private int touch(Images images, int image) {
        return images.plane() > MAX_PLANE
                ? 0
                : kernel.touch(images.segment(), images.at(image, 0), images.channels() * images.plane() * FLOAT);
    }

    private void multiply(int tiles, int vectors, MemorySegment seen, long seenNext, MemorySegment gradients,
            long gradientsNext,
            long sums, boolean add, Buffers own) {
        MemorySegment products = add ? own.get(Buffers.Use.TILE, sumNext) : parts;
        long vector = (long) tiles * step;
        for (int f = 0; f < FREQUENCIES; f++) {
            long to = add ? 0 : sums + f * sumNext;
            for (int v = 0; v < vectors; v += 2) {
                for (int u = 0; u < sourceVectors; u++) {
                    kernel.sums(seen, f * seenNext + u * vector, gradients, f * gradientsNext + v * vector, vector,
                            Math.min(2, vectors - v), tiles, products,
                            to + (long) u * kernel.lanes() * sumRow + (long) v * step, sumRow);
                }
            }
            if (add) {
                gemm.flush(products, 0, sumRow, sourceVectors * kernel.lanes(), vectors * kernel.lanes(), true, parts,
                        sums + f * sumNext, sumRow);
            }
        }
    }

    /** Adds up one frequency of all chunks. */
    private void addUp(int f) {
        for (int chunk = 1; chunk < chunks; chunk++) {
            gemm.flush(parts, chunk * part + f * sumNext, 0, 1,
                    sourceVectors * kernel.lanes() * vectors * kernel.lanes(),
                    true, parts, f * sumNext, 0);
        }
    }

    /** Writes the gradient of one vector of filters. */
    private void transformBack(int vector, MemorySegment dweight, long offset) {
        int lanes = kernel.lanes();
        int length = source.channels() * TAPS;
        Buffers own = pool.take();
        MemorySegment taps = own.get(Buffers.Use.PLANES, (long) length * step);
        MemorySegment check = own.get(Buffers.Use.TILE, step);
        kernel.clear(check, 0, step);
        MemorySegment scratch = own.get(Buffers.Use.SHIFTS, 18L * step);
        for (int u = 0; u < sourceVectors; u++) {
            kernel.weightGradient(parts, (long) vector * step + (long) u * lanes * sumRow, sumRow, sumNext, lanes, taps,
                    (long) kernel.start(u, source.channels()) * TAPS * step, check, scratch);
        }
        long to = (offset + (long) kernel.start(vector, dy.channels()) * length) * FLOAT;
        for (int i = 0; i < length; i += lanes) {
            int at = Math.min(i, length - lanes);
            kernel.transpose(taps, (long) at * step, tables, 0, dweight, to + (long) at * FLOAT, tables, lanes);
        }
        for (int i = 0; i < lanes; i++) {
            if (check.get(JAVA_FLOAT_UNALIGNED, (long) i * FLOAT) != 0) {
                finite = false;
            }
        }
        pool.giveBack(own);
    }
}
