package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of a convolution's weights: for each output, the sum over images and positions of dy times what the
 * window sees there.
 *
 * <p>The images are cut into chunks by the shapes alone; each sums for itself, and their sums are added in order. Sums
 * of the register tiles reach over {@link #POSITIONS} positions or so, and are added up in memory.
 */
final class WeightGradient implements Parallel.TaskBody {
    /** Positions that one tile sums, about: with eight rows of dy 16 KB. */
    private static final int POSITIONS = 512;

    /** The most that the sums of all chunks together take. */
    private static final long PARTS_BYTES = 8L << 20;

    private static final int MAX_CHUNKS = 16;

    /** With fewer chunks, their outputs are shared out as well. */
    private static final int TASKS = 8;

    /** Multiply-adds below which waking another thread costs more than it saves. */
    private static final long PARALLEL_WORK = 1L << 19;

    private static final int FLOAT = Float.BYTES;

    private final TapsKernel kernel;
    private final GemmKernel gemm;
    private final Buffers.Pool pool;
    private final int batch;
    private final int groups;
    private final Images dy;
    private final Patches patches;
    private final int outputs;
    private final int tiles;
    private final int width;
    private final int unitImages;
    private final int unitRows;
    private final int chunks;
    private final int ranges;
    private final long sumRow;
    private final MemorySegment parts;

    WeightGradient(TapsKernel kernel, GemmKernel gemm, Buffers.Pool pool, Buffers shared, int batch, Images source,
            Images dy, Axis vertical, Axis horizontal, int groups) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.pool = pool;
        this.batch = batch;
        this.groups = groups;
        this.dy = dy;
        outputs = dy.channels() / groups;
        tiles = Math.ceilDiv(outputs, kernel.rows());
        width = dy.width();
        int bands = Math.min(dy.height(), (int) Math.ceilDiv(dy.plane(), POSITIONS));
        unitRows = Math.ceilDiv(dy.height(), bands);
        patches = new Patches(kernel, gemm, source, source.channels() / groups, vertical, horizontal, unitRows);
        sumRow = (long) patches.columns() * FLOAT;
        long part = groups * tileSums() * tiles;
        chunks = Math.clamp(PARTS_BYTES / part, 1, Math.min(batch, MAX_CHUNKS));
        unitImages = bands > 1 ? 1 : Math.clamp(POSITIONS / dy.plane(), 1, Math.ceilDiv(batch, chunks));
        ranges = Math.min(tiles, Math.ceilDiv(TASKS, chunks * groups));
        parts = shared.get(Buffers.Use.PARTS, chunks * part);
    }

    /** Bytes of the sums of one tile of outputs. */
    private long tileSums() {
        return kernel.rows() * sumRow;
    }

    /** Writes the gradient, [groups · outputs, inputs, kernelH, kernelW], dense from an offset on. */
    void run(Parallel team, MemorySegment dweight, long offset) {
        long work = (long) batch * groups * outputs * patches.length() * dy.plane();
        Parallel threads = work < PARALLEL_WORK ? null : team;
        Correlation.dispatch(threads, chunks * groups * ranges, this);
        Correlation.dispatch(threads, groups * tiles,
                (task, _) -> collect(task / tiles, task % tiles, dweight, offset));
    }

    private long sums(int chunk, int group, int tile) {
        return (((long) chunk * groups + group) * tiles + tile) * tileSums();
    }

    @Override
    public void run(int task, int worker) {
        int range = task % ranges;
        int group = task / ranges % groups;
        int chunk = task / ranges / groups;
        int end = (int) ((long) batch * (chunk + 1) / chunks);
        Buffers own = pool.take();
        int positions = unitImages * unitRows * width;
        long slack = (long) kernel.vectors() * kernel.lanes();
        MemorySegment seen = own.get(Buffers.Use.PLANES, (unitImages * patches.imageFloats() + slack) * FLOAT);
        long[] offsets = own.offsets(positions);
        patches.offsets(unitImages, offsets);
        boolean add = false;
        for (int image = (int) ((long) batch * chunk / chunks); image < end; image += unitImages) {
            int images = Math.min(unitImages, end - image);
            for (int row = 0; row < dy.height(); row += unitRows) {
                int rows = Math.min(unitRows, dy.height() - row);
                for (int i = 0; i < images; i++) {
                    patches.fill(image + i, group, row, rows, seen, i * patches.imageFloats(), own);
                }
                for (int tile = tiles * range / ranges; tile < tiles * (range + 1) / ranges; tile++) {
                    multiply(image, images, group, row, rows, tile, seen, offsets, add, sums(chunk, group, tile), own);
                }
                add = true;
            }
        }
        pool.giveBack(own);
    }

    private void multiply(int image, int images, int group, int row, int rows, int tile, MemorySegment seen,
            long[] offsets, boolean add, long sums, Buffers own) {
        int tileRows = kernel.rows();
        int positions = rows * width;
        MemorySegment packed = own.get(Buffers.Use.PACKED, (long) unitImages * unitRows * width * tileRows * FLOAT);
        int output = tile * tileRows;
        int real = Math.min(tileRows, outputs - output);
        for (int i = 0; i < images; i++) {
            gemm.packPanel(dy.segment(), dy.at(image + i, group * outputs + output) + (long) row * width * FLOAT, FLOAT,
                    dy.plane() * FLOAT, positions, real, tileRows, packed, (long) i * positions * tileRows * FLOAT);
        }
        int lanes = kernel.lanes();
        MemorySegment buffer = own.get(Buffers.Use.TILE, (long) tileRows * kernel.vectors() * lanes * FLOAT);
        for (int piece = 0; piece < patches.pieces(); piece++) {
            int count = Math.ceilDiv(patches.pieceLength(piece), lanes);
            for (int v = 0; v < count; v += kernel.vectors()) {
                int vectors = Math.min(kernel.vectors(), count - v);
                int columns = vectors * lanes;
                kernel.tile(packed, 0, seen, (patches.pieceAt(piece) + (long) v * lanes) * FLOAT, offsets, 0,
                        images * positions, vectors, buffer, 0, (long) columns * FLOAT);
                gemm.flush(buffer, 0, (long) columns * FLOAT, tileRows, columns, add, parts,
                        sums + (patches.pieceColumn(piece) + (long) v * lanes) * FLOAT, sumRow);
            }
        }
    }

    /** Adds what the chunks have summed for one tile's outputs. */
    private void collect(int group, int tile, MemorySegment dweight, long offset) {
        int tileRows = kernel.rows();
        long from = sums(0, group, tile);
        for (int chunk = 1; chunk < chunks; chunk++) {
            int columns = Math.toIntExact(sumRow / FLOAT);
            gemm.flush(parts, sums(chunk, group, tile), sumRow, tileRows, columns, true, parts, from, sumRow);
        }
        int length = patches.length();
        for (int r = 0; r < Math.min(tileRows, outputs - tile * tileRows); r++) {
            long to = (offset + ((long) group * outputs + (long) tile * tileRows + r) * length) * FLOAT;
            for (int k = 0; k < length; k++) {
                dweight.set(JAVA_FLOAT_UNALIGNED, to + (long) k * FLOAT,
                        parts.get(JAVA_FLOAT_UNALIGNED, from + r * sumRow + (long) patches.column(k) * FLOAT));
            }
        }
    }
}
