package dev.jacobian.cpu.conv;

import dev.jacobian.backend.Window2d;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One axis of a correlation. Result t lies at index {@code start + t · step} and sums over taps; tap k reads source
 * index {@code base[k] + t · sourceStep}, which is 0 where the source has no such index.
 *
 * @param count how many results there are
 * @param start the first one's index
 * @param step from one to the next
 * @param taps which elements of the window the taps are
 * @param base where each tap reads for t = 0
 * @param sourceStep how far each reads on for the next t
 * @param length the source's length
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares or changes them
record Axis(int count, int start, int step, int[] taps, long[] base, int sourceStep, int length) {
    /** A window's side. */
    record Side(int kernel, int stride, int padding, int dilation) {
        static Side vertical(Window2d window) {
            return new Side(window.kernelH(), window.strideH(), window.paddingH(), window.dilationH());
        }

        static Side horizontal(Window2d window) {
            return new Side(window.kernelW(), window.strideW(), window.paddingW(), window.dilationW());
        }
    }

    /** The forward pass, from a source of the given length. */
    static Axis forward(Side side, int length, int results) {
        int[] taps = new int[side.kernel];
        long[] base = new long[side.kernel];
        for (int k = 0; k < side.kernel; k++) {
            taps[k] = k;
            base[k] = (long) k * side.dilation - side.padding;
        }
        // A window of one position does not move; its stride may be far larger than the source.
        return new Axis(results, 0, 1, taps, base, results == 1 ? 1 : side.stride, length);
    }

    /**
     * The gradient of the source: one axis for each remainder of indices by the stride that some tap meets; indices of
     * other remainders have gradient 0.
     */
    static List<Axis> backward(Side side, int length, int results) {
        List<Axis> axes = new ArrayList<>();
        for (int first = 0; first < side.kernel; first++) {
            long remainder = (long) first * side.dilation % side.stride;
            int taps = 0;
            boolean known = false;
            for (int k = 0; k < side.kernel; k++) {
                if ((long) k * side.dilation % side.stride == remainder) {
                    taps++;
                    known |= k < first;
                }
            }
            int start = Math.floorMod(remainder - side.padding, side.stride);
            if (!known && start < length) {
                axes.add(backward(side, length, results, remainder, start, taps));
            }
        }
        return axes;
    }

    private static Axis backward(Side side, int length, int results, long remainder, int start, int count) {
        int[] taps = new int[count];
        long[] base = new long[count];
        int n = 0;
        for (int k = 0; k < side.kernel; k++) {
            long reach = (long) k * side.dilation;
            if (reach % side.stride == remainder) {
                taps[n] = k;
                base[n++] = ((long) start + side.padding - reach) / side.stride;
            }
        }
        return new Axis(Math.ceilDiv(length - start, side.stride), start, side.stride, taps, base, 1, results);
    }

    /** What some axes of different remainders read, in one: results at their places among the longest's. */
    static Axis union(List<Axis> axes) {
        int[] taps = axes.stream().flatMapToInt(axis -> Arrays.stream(axis.taps)).toArray();
        long[] base = axes.stream().flatMapToLong(axis -> Arrays.stream(axis.base)).toArray();
        Axis first = axes.getFirst();
        int count = axes.stream().mapToInt(Axis::count).max().orElseThrow();
        return new Axis(count, 0, first.step, taps, base, first.sourceStep, first.length);
    }

    /** Where taps read for t = 0, each place once. */
    long[] distinct() {
        return Arrays.stream(base).distinct().toArray();
    }

    /** Whether taps lie at all remainders by the step, so that there is no source index which none of them reads. */
    boolean readsAllColumns() {
        return Arrays.stream(base).map(at -> Math.floorMod(at, sourceStep)).distinct().count() == sourceStep;
    }

    /** The same axis with the results between those that there are. */
    Axis everyColumn() {
        return new Axis(Math.addExact(Math.multiplyExact(count - 1, sourceStep), 1), start, step, taps, base, 1,
                length);
    }

    /**
     * Where what {@code results} successive results read is laid out, without what no tap reads: tap k reads lines
     * {@code place[k]} and on. Lines stand in blocks; those of one block are {@code sourceStep} apart in the source.
     *
     * @param place the first line of each tap
     * @param blocks the first line of each block, and as the last one how many lines there are
     * @param sources the source index of each block's first line for t = 0
     */
    @SuppressWarnings("ArrayRecordComponent") // as above
    record Lines(int[] place, int[] blocks, long[] sources) {
        int count() {
            return blocks[blocks.length - 1];
        }
    }

    Lines lines(int results) {
        int[] place = new int[taps.length];
        int[] blocks = new int[taps.length + 1];
        long[] sources = new long[taps.length];
        boolean[] done = new boolean[taps.length];
        int lines = 0;
        int count = 0;
        int last = -1;
        for (int n = 0; n < taps.length; n++) {
            int next = next(done);
            done[next] = true;
            long ahead = last < 0 ? -1 : base[next] - base[last];
            if (ahead >= 0 && ahead % sourceStep == 0 && ahead / sourceStep <= results) {
                place[next] = place[last] + (int) (ahead / sourceStep);
            } else {
                place[next] = lines;
                blocks[count] = lines;
                sources[count++] = base[next];
            }
            lines = Math.addExact(place[next], results);
            last = next;
        }
        int[] ends = Arrays.copyOf(blocks, count + 1);
        ends[count] = lines;
        return new Lines(place, ends, sources);
    }

    /** The tap that comes next when they are ordered by remainder, then by where they read. */
    private int next(boolean... done) {
        int best = -1;
        for (int k = 0; k < base.length; k++) {
            if (!done[k] && (best < 0 || before(k, best))) {
                best = k;
            }
        }
        return best;
    }

    private boolean before(int a, int b) {
        int x = Math.floorMod(base[a], sourceStep);
        int y = Math.floorMod(base[b], sourceStep);
        return x < y || (x == y && base[a] < base[b]);
    }

    /** How many of n source indices first, first + sourceStep, … come before the source's start. */
    int before(long first, int n) {
        return Math.clamp(Math.ceilDiv(-first, sourceStep), 0, n);
    }

    /** How many of n source indices first, first + sourceStep, … come before the source's end. */
    int beforeEnd(long first, int n) {
        return Math.clamp(Math.ceilDiv(length - first, sourceStep), 0, n);
    }
}
