package dev.jacobian.cpu.conv;

import java.lang.foreign.MemorySegment;

/**
 * Copies of what the taps of a window see in a band of a channel's rows.
 *
 * <p>For each column of the window, the part of a channel that it meets is copied, zeros for the padding included, so
 * that its rows are as long as those of the result. In such a copy the window's rows are shifts by whole rows: so
 * every tap reads contiguous floats for contiguous results, at an offset of its own, and nothing is computed in vain.
 * Copies take kernelW floats for each of the source's instead of the kernelH · kernelW of a matrix of patches.
 */
final class Planes {
    private static final int FLOAT = Float.BYTES;

    private final TapsKernel kernel;
    private final Images source;
    private final Axis vertical;
    private final Axis horizontal;
    private final Axis.Lines lines;
    private final long planeFloats;
    /** Which copy each column of the window reads, and the first column that reads each copy. */
    private final int[] copyOf;
    private final int[] copies;

    /** Planes for bands of so many rows of results. */
    Planes(TapsKernel kernel, Images source, Axis vertical, Axis horizontal, int rows) {
        this.kernel = kernel;
        this.source = source;
        this.vertical = vertical;
        this.horizontal = horizontal;
        lines = vertical.lines(rows);
        // Room for what copies write behind rows; and an odd number of cache lines, so that planes do not compete for
        // the same sets of the cache.
        int unit = 64 / FLOAT;
        planeFloats = (Math.ceilDiv((long) lines.count() * horizontal.count() + kernel.lanes(), unit) | 1) * unit;
        long[] bases = horizontal.distinct();
        copies = new int[bases.length];
        copyOf = new int[horizontal.base().length];
        for (int tap = copyOf.length - 1; tap >= 0; tap--) {
            while (bases[copyOf[tap]] != horizontal.base()[tap]) {
                copyOf[tap]++;
            }
            copies[copyOf[tap]] = tap;
        }
    }

    /** How many floats the copies of some channels take. */
    long floats(int channels) {
        return plane(channels, 0);
    }

    /** The byte offset of what a tap sees of a channel. */
    long at(int channel, int row, int column) {
        return (plane(channel, copyOf[column]) + (long) lines.place()[row] * horizontal.count()) * FLOAT;
    }

    private long plane(int channel, int copy) {
        return ((long) channel * copies.length + copy) * planeFloats;
    }

    /** Makes the copies of some channels for the band that begins at a row of results. */
    void fill(int image, int channel, int channels, int firstRow, MemorySegment to) {
        for (int copy = 0; copy < copies.length; copy++) {
            copy(image, channel, channels, copy, firstRow, to);
        }
    }

    /** Copies what one column of the window meets in the rows of a band, for some channels. */
    private void copy(int image, int channel, int channels, int copy, int firstRow, MemorySegment to) {
        int width = horizontal.count();
        long base = horizontal.base()[copies[copy]];
        int left = horizontal.before(base, width);
        int right = Math.max(left, horizontal.beforeEnd(base, width));
        long column = base + (long) left * horizontal.sourceStep();
        long nextPlane = planeFloats * copies.length;
        for (int block = 0; block + 1 < lines.blocks().length; block++) {
            int count = lines.blocks()[block + 1] - lines.blocks()[block];
            long row = lines.sources()[block] + (long) firstRow * vertical.sourceStep();
            int above = right == left ? count : vertical.before(row, count);
            int below = Math.max(above, vertical.beforeEnd(row, count));
            long from = source.at(image, channel)
                    + ((row + (long) above * vertical.sourceStep()) * source.width() + column) * FLOAT;
            long at = plane(0, copy) + (long) lines.blocks()[block] * width;
            for (int c = 0; c < channels; c++) {
                Correlation.clear(to, at, (long) above * width);
                long inside = at + (long) above * width;
                if (below > above) {
                    copyRows(from, below - above, right - left, to, inside + left);
                    Correlation.clearColumns(to, inside, width, below - above, 0, left);
                    Correlation.clearColumns(to, inside, width, below - above, right, width);
                }
                Correlation.clear(to, at + (long) below * width, (long) (count - below) * width);
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
}
