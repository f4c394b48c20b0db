package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of the weights of groups of one channel and one output: for each tap, the sum over images and positions
 * of dy times what the tap sees.
 *
 * <p>Bands of images are cut into chunks by the shapes alone. Vectors of sums reach over one band; those of a chunk are
 * added up in memory, those of all chunks, and their lanes, in double.
 */
final class DepthwiseWeightGradient implements Parallel.TaskBody {
    /** Positions of a band, about: with the three copies of a 3×3 window 32 KB. */
    private static final int POSITIONS = 2048;

    /** With fewer groups, images are shared out as well. */
    private static final int TASKS = 16;

    /** Multiply-adds below which waking another thread costs more than it saves. */
    private static final long PARALLEL_WORK = 1L << 19;

    private static final int FLOAT = Float.BYTES;

    private final TapsKernel kernel;
    private final GemmKernel gemm;
    private final Buffers.Pool pool;
    private final Images dy;
    private final Planes planes;
    private final int taps;
    private final int passes;
    private final int bandRows;
    private final int bands;
    private final int units;
    private final int chunks;
    private final long[] offsets;
    private final MemorySegment parts;

    DepthwiseWeightGradient(TapsKernel kernel, GemmKernel gemm, Buffers.Pool pool, Buffers shared, int batch,
            Images source, Images dy, Axis vertical, Axis horizontal) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.pool = pool;
        this.dy = dy;
        bandRows = Math.clamp(POSITIONS / dy.width(), 1, dy.height());
        bands = Math.ceilDiv(dy.height(), bandRows);
        planes = new Planes(kernel, source, vertical, horizontal, bandRows);
        units = Math.multiplyExact(batch, bands);
        chunks = Math.min(units, Math.ceilDiv(TASKS, dy.channels()));
        int columns = horizontal.taps().length;
        taps = vertical.taps().length * columns;
        passes = Math.ceilDiv(taps, TapsKernel.PRODUCTS);
        offsets = shared.offsets(passes * TapsKernel.PRODUCTS);
        for (int k = 0; k < passes * TapsKernel.PRODUCTS; k++) {
            // What stands in for missing taps is computed and dropped.
            int tap = Math.min(k, taps - 1);
            offsets[k] = planes.at(0, tap / columns, tap % columns);
        }
        parts = shared.get(Buffers.Use.PARTS, sumBytes() * chunks * dy.channels());
    }

    /** Bytes of the sums of one channel. */
    private long sumBytes() {
        return (long) passes * TapsKernel.PRODUCTS * kernel.lanes() * FLOAT;
    }

    /** Writes the gradient, [channels, 1, kernelH, kernelW], dense from an offset on. */
    void run(Parallel team, MemorySegment dweight, long offset) {
        Parallel threads = (long) units * bandRows * dy.width() * dy.channels() * taps < PARALLEL_WORK ? null : team;
        Correlation.dispatch(threads, chunks * dy.channels(), this);
        Correlation.dispatch(threads, dy.channels(), (channel, _) -> collect(channel, dweight, offset));
    }

    @Override
    public void run(int task, int worker) {
        int channel = task % dy.channels();
        int chunk = task / dy.channels();
        int first = (int) ((long) units * chunk / chunks);
        int end = (int) ((long) units * (chunk + 1) / chunks);
        Buffers own = pool.take();
        MemorySegment seen = own.get(Buffers.Use.PLANES, planes.floats(1) * FLOAT);
        int lanes = kernel.lanes();
        long passBytes = (long) TapsKernel.PRODUCTS * lanes * FLOAT;
        MemorySegment sums = own.get(Buffers.Use.TILE, passBytes);
        for (int unit = first; unit < end; unit++) {
            int image = unit / bands;
            int row = unit % bands * bandRows;
            planes.fill(image, channel, 1, row, seen);
            long from = dy.at(image, channel) + (long) row * dy.width() * FLOAT;
            int positions = Math.min(bandRows, dy.height() - row) * dy.width();
            for (int pass = 0; pass < passes; pass++) {
                kernel.products(dy.segment(), from, seen, offsets, pass * TapsKernel.PRODUCTS, positions, sums, 0);
                gemm.flush(sums, 0, passBytes, 1, TapsKernel.PRODUCTS * lanes, unit > first, parts,
                        task * sumBytes() + pass * passBytes, passBytes);
            }
        }
        pool.giveBack(own);
    }

    private void collect(int channel, MemorySegment dweight, long offset) {
        int lanes = kernel.lanes();
        for (int tap = 0; tap < taps; tap++) {
            double sum = 0;
            for (int chunk = 0; chunk < chunks; chunk++) {
                long at = ((long) chunk * dy.channels() + channel) * sumBytes() + (long) tap * lanes * FLOAT;
                for (int lane = 0; lane < lanes; lane++) {
                    sum += parts.get(JAVA_FLOAT_UNALIGNED, at + (long) lane * FLOAT);
                }
            }
            dweight.set(JAVA_FLOAT_UNALIGNED, (offset + (long) channel * taps + tap) * FLOAT, (float) sum);
        }
    }
}
