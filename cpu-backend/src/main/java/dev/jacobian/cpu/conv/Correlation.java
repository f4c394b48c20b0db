package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Sums over channels and taps, which the forward pass and the gradient of the input are: as a matrix product of packed
 * weights with rows that are shifts of the source.
 *
 * <p>Rows are read from {@link Planes}, copies which are made for one image, or a band of its rows, just before they are
 * used; those of a window of one element that moves by one, without a bias, where they are. A single output, as the groups of a depthwise convolution have, is summed in long rows instead of tiles.
 *
 * <p>The gradient of the input of a window that moves in strides has phases: results of different remainders by the
 * stride meet different taps. All are summed from the same copies; with a stride of two across, the results of both
 * remainders are written together, in whole rows.
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
    private final int tileRows;
    private final int tiles;
    private final List<Axis> downPhases;
    private final List<Axis> acrossPhases;
    /** Of each phase, row by row of phases: taps, and where its weights of a tile and its offsets begin. */
    private final int[] taps;
    private final int[] weightsAt;
    private final int[] offsetsAt;
    private final int depth;
    private final int blockChannels;
    private final boolean dense;
    /** Whether there are results that no phase computes, and that no whole row overwrites. */
    private final boolean leavesOut;
    private int bandRows;
    private Planes planes;
    /** Whether planes are read where they are, with nothing beside them. */
    private boolean inPlace;
    /** The index, behind the copies, of what the bias, a tap of its own, sees. */
    private long ones;

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
     * @param bias the memory of what is added to each output, of which there is one phase then; null for nothing
     * @param biasOffset its first element's index
     */
    record Weights(MemorySegment segment, long offset, int groups, int outputs, int inputs, long outputStride,
            long inputStride, int kernelH, int kernelW, MemorySegment bias, long biasOffset) {
        long groupStride() {
            return (long) outputs * inputs * kernelH * kernelW;
        }
    }

    Correlation(TapsKernel kernel, GemmKernel gemm, Buffers.Pool pool, Buffers shared, int batch, Images source,
            Weights weights, List<Axis> downPhases, List<Axis> acrossPhases, Images result) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.pool = pool;
        this.batch = batch;
        this.source = source;
        this.weights = weights;
        this.downPhases = downPhases;
        this.acrossPhases = acrossPhases;
        this.result = result;
        vertical = Axis.union(downPhases);
        horizontal = Axis.union(acrossPhases);
        inputs = weights.inputs;
        outputs = weights.outputs;
        tileRows = outputs == 1 ? 1 : kernel.rows();
        tiles = Math.ceilDiv(outputs, tileRows);
        taps = new int[downPhases.size() * acrossPhases.size()];
        for (int phase = 0; phase < taps.length; phase++) {
            taps[phase] = down(phase).taps().length * across(phase).taps().length;
        }
        int most = Arrays.stream(taps).max().orElseThrow();
        int blocks = Math.max(1, Math.ceilDiv(inputs, Math.max(1, MAX_DEPTH / most)));
        blockChannels = Math.ceilDiv(inputs, blocks);
        weightsAt = new int[taps.length];
        offsetsAt = new int[taps.length];
        for (int phase = 1; phase < taps.length; phase++) {
            weightsAt[phase] = weightsAt[phase - 1] + inputs * taps[phase - 1];
            offsetsAt[phase] = offsetsAt[phase - 1] + blockChannels * taps[phase - 1];
        }
        int allTaps = Arrays.stream(taps).sum();
        depth = biasDepth() + inputs * allTaps;
        dense = vertical.step() == 1 && horizontal.step() == 1;
        boolean pairs = horizontal.step() == 2 && 2 * horizontal.count() >= result.width();
        leavesOut = leavesOut(downPhases, result.height()) || (!pairs && leavesOut(acrossPhases, result.width()));
        packed = shared.get(Buffers.Use.PACKED, packedAt(weights.groups, 0, 0));
        offsets = shared.offsets(biasDepth() + blockChannels * allTaps);
    }

    private Axis down(int phase) {
        return downPhases.get(phase / acrossPhases.size());
    }

    private Axis across(int phase) {
        return acrossPhases.get(phase % acrossPhases.size());
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
        long line = (long) blockChannels * horizontal.distinct().length * horizontal.count();
        int tile = kernel.vectors() * kernel.lanes();
        int rows = vertical.count();
        while (rows > 1 && (line * vertical.lines(rows).count() > floats
                || (Math.ceilDiv(vertical.count(), rows) < wanted && rows * horizontal.count() >= 4 * tile))) {
            rows = Math.ceilDiv(rows, 2);
        }
        bandRows = Math.ceilDiv(vertical.count(), Math.ceilDiv(vertical.count(), rows));
        planes = new Planes(kernel, source, vertical, horizontal, bandRows);
        inPlace = weights.bias == null && dense && isSource(vertical, source.height())
                && isSource(horizontal, source.width()) && (long) bandRows * horizontal.count() >= tile;
        ones = planes.floats(blockChannels);
        int k = 0;
        if (weights.bias != null) {
            offsets[k++] = ones * FLOAT;
        }
        int firstDown = 0;
        for (Axis down : downPhases) {
            int firstAcross = 0;
            for (Axis across : acrossPhases) {
                k = offsets(firstDown, down.taps().length, firstAcross, across.taps().length, k);
                firstAcross += across.taps().length;
            }
            firstDown += down.taps().length;
        }
    }

    /** Whether results see all of the source's elements, each one. */
    private static boolean isSource(Axis axis, int length) {
        return axis.taps().length == 1 && axis.base()[0] == 0 && axis.sourceStep() == 1 && axis.count() == length;
    }

    private int offsets(int firstDown, int down, int firstAcross, int across, int first) {
        int k = first;
        for (int c = 0; c < blockChannels; c++) {
            for (int i = firstDown; i < firstDown + down; i++) {
                for (int j = firstAcross; j < firstAcross + across; j++) {
                    offsets[k++] = inPlace ? c * source.plane() * FLOAT : planes.at(c, i, j);
                }
            }
        }
        return k;
    }

    /** The weights of one tile's outputs, as the kernel wants them, behind the bias, a tap that sees ones. */
    private void pack(int group, int tile) {
        long to = packedAt(group, tile, 0);
        for (int row = 0; row < tileRows; row++) {
            // What stands in for missing rows is computed with and dropped.
            int output = Math.min(tile * tileRows + row, outputs - 1);
            long p = to + (long) row * FLOAT;
            if (weights.bias != null) {
                packed.set(JAVA_FLOAT_UNALIGNED, p, weights.bias.get(JAVA_FLOAT_UNALIGNED,
                        (weights.biasOffset + (long) group * outputs + output) * FLOAT));
                p += (long) tileRows * FLOAT;
            }
            long from = weights.offset + group * weights.groupStride() + output * weights.outputStride;
            for (int phase = 0; phase < taps.length; phase++) {
                for (int c = 0; c < inputs; c++) {
                    for (int i : down(phase).taps()) {
                        for (int j : across(phase).taps()) {
                            long at = from + c * weights.inputStride + (long) i * weights.kernelW + j;
                            packed.set(JAVA_FLOAT_UNALIGNED, p,
                                    weights.segment.get(JAVA_FLOAT_UNALIGNED, at * FLOAT));
                            p += (long) tileRows * FLOAT;
                        }
                    }
                }
            }
        }
    }

    private long packedAt(int group, int tile, int k) {
        return (((long) group * tiles + tile) * depth + k) * tileRows * FLOAT;
    }

    @Override
    public void run(int task, int worker) {
        int band = task % bands();
        int group = task / bands() % weights.groups;
        int image = task / bands() / weights.groups;
        int first = band * bandRows;
        int rows = Math.min(bandRows, vertical.count() - first);
        Buffers own = pool.take();
        int tile = kernel.vectors() * kernel.lanes();
        long seenFloats = ones + Math.ceilDiv((long) rows * horizontal.count(), tile) * tile;
        MemorySegment seen = inPlace ? source.segment() : own.get(Buffers.Use.PLANES, seenFloats * FLOAT);
        if (weights.bias != null) {
            for (long i = ones; i < seenFloats; i++) {
                seen.set(JAVA_FLOAT_UNALIGNED, i * FLOAT, 1);
            }
        }
        if (leavesOut) {
            clearResults(image, group, first, rows);
        }
        for (int c = 0; c == 0 || c < inputs; c += blockChannels) {
            int channels = Math.min(blockChannels, inputs - c);
            if (!inPlace) {
                planes.fill(image, group * inputs + c, channels, first, seen);
            }
            multiply(image, group, c, channels, first, rows, seen, own);
        }
        pool.giveBack(own);
    }

    private static boolean leavesOut(List<Axis> axes, int length) {
        return axes.stream().mapToInt(Axis::count).sum() != length;
    }

    /** Clears the rows of a band, those between the ones that are computed included. */
    private void clearResults(int image, int group, int firstRow, int rows) {
        long from = (long) firstRow * vertical.step() * result.width();
        long end = firstRow + rows == vertical.count()
                ? result.plane()
                : ((long) firstRow + rows) * vertical.step() * result.width();
        for (int output = 0; output < outputs; output++) {
            result.segment().asSlice(result.at(image, group * outputs + output) + from * FLOAT, (end - from) * FLOAT)
                    .fill((byte) 0);
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
            MemorySegment seen, Buffers own) {
        int lanes = kernel.lanes();
        int positions = rows * horizontal.count();
        long row = result.plane() * FLOAT;
        int most = tileRows == 1 ? Math.ceilDiv(positions, lanes) : kernel.vectors();
        int width = most * lanes;
        long tileBytes = (long) tileRows * width * FLOAT;
        MemorySegment buffer = own.get(Buffers.Use.TILE, 2 * tileBytes + (long) lanes * FLOAT);
        if (acrossPhases.size() == 1 && horizontal.step() == 2) {
            buffer.asSlice((1 - acrossPhases.getFirst().start()) * tileBytes, tileBytes).fill((byte) 0);
        }
        long at = inPlace
                ? source.at(image, group * inputs + channel) + (long) firstRow * horizontal.count() * FLOAT
                : 0;
        int pieces = Math.ceilDiv(positions, width);
        for (int i = 0; i < tiles * pieces; i++) {
            int tile = i / pieces;
            int s = i % pieces * width;
            int output = tile * tileRows;
            int real = Math.min(tileRows, outputs - output);
            long to = result.at(image, group * outputs + output);
            int vectors = Math.min(most, Math.ceilDiv(positions - s, lanes));
            int columns = Math.min(vectors * lanes, positions - s);
            // Behind planes there may be nothing to read, so that the last vector begins earlier.
            int again = inPlace && tileRows > 1 ? vectors * lanes - columns : 0;
            int sums = tileRows > 1 ? vectors * lanes : columns;
            long from = at + (long) (s - again) * FLOAT;
            long tileRow = (long) vectors * lanes * FLOAT;
            if (dense) {
                long place = to + ((long) firstRow * horizontal.count() + s) * FLOAT;
                if (channel == 0 && real == tileRows && columns == sums) {
                    sum(0, group, tile, channel, channels, seen, from, sums, result.segment(), place, row);
                } else {
                    sum(0, group, tile, channel, channels, seen, from, sums, buffer, 0, tileRow);
                    gemm.flush(buffer, (long) again * FLOAT, tileRow, real, columns, channel > 0, result.segment(),
                            place, row);
                }
                continue;
            }
            for (int phase = 0; phase < taps.length; phase++) {
                long half = horizontal.step() == 2 ? across(phase).start() * tileBytes : 0;
                sum(phase, group, tile, channel, channels, seen, from, sums, buffer, half, tileRow);
                boolean last = (phase + 1) % acrossPhases.size() == 0;
                if (horizontal.step() != 2 || last) {
                    scatter(phase, buffer, tileRow, tileBytes, real, columns, channel > 0, to, firstRow, s);
                }
            }
        }
    }

    /** One tile of a phase's results. */
    private void sum(int phase, int group, int tile, int channel, int channels, MemorySegment seen, long from,
            int columns, MemorySegment to, long offset, long row) {
        int skip = channel == 0 ? 0 : biasDepth();
        long at = packedAt(group, tile, weightsAt[phase] + channel * taps[phase] + skip);
        int first = offsetsAt[phase] + skip;
        int steps = channels * taps[phase] + biasDepth() - skip;
        if (tileRows == 1) {
            kernel.row(packed, at, seen, from, offsets, first, steps, columns, to, offset);
        } else {
            kernel.tile(packed, at, seen, from, offsets, first, steps, columns / kernel.lanes(), to, offset, row);
        }
    }

    /** Puts results where they lie apart: with a step of two those of both columns of phases, which fill whole rows. */
    private void scatter(int phase, MemorySegment tiles, long tileRow, long tileBytes, int rows, int columns,
            boolean add, long to, int firstRow, int s) {
        int width = horizontal.count();
        int n;
        for (int i = 0; i < columns; i += n) {
            int t = firstRow + (s + i) / width;
            int u = (s + i) % width;
            n = Math.min(width - u, columns - i);
            if (t >= down(phase).count()) {
                continue;
            }
            long p = to + (down(phase).start() + (long) t * vertical.step()) * result.width() * FLOAT;
            long from = (long) i * FLOAT;
            if (horizontal.step() == 2) {
                kernel.interleave(tiles, from, tileBytes + from, tileRow, rows,
                        Math.min(2 * n, result.width() - 2 * u), add, result.segment(), p + 2L * u * FLOAT,
                        result.plane() * FLOAT);
                continue;
            }
            Axis across = across(phase);
            p += (across.start() + (long) u * across.step()) * FLOAT;
            for (int r = 0; r < rows; r++) {
                spread(tiles, r * tileRow + from, Math.min(n, across.count() - u), add, result.segment(),
                        p + r * result.plane() * FLOAT, (long) across.step() * FLOAT);
            }
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
