package dev.jacobian.cpu.conv;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Lines of images with channels innermost, and zeros around: as the transforms of the weight's gradient want them. */
final class WinogradLines {
    private static final int FLOAT = Float.BYTES;

    private final WinogradKernel kernel;
    private final Images images;
    private final int firstLine;
    private final int firstColumn;
    private final long column;
    private final long line;
    private long[] table;
    private int channelsAt;
    private int elementsAt;

    /**
     * Lines of so many columns, of which the first has the number {@code -paddingW} in the image, and the first line
     * {@code -paddingH}; {@code channels} of an element are held at a time.
     */
    WinogradLines(WinogradKernel kernel, Images images, int paddingH, int paddingW, int columns, int channels) {
        this.kernel = kernel;
        this.images = images;
        firstLine = -paddingH;
        firstColumn = -paddingW;
        column = (long) channels * FLOAT;
        line = columns * column;
    }

    /** Bytes from one column to the next. */
    long column() {
        return column;
    }

    /** Bytes from one line to the next. */
    long line() {
        return line;
    }

    /** Elements of the table for so many lines at a time. */
    int tableLength(int lines) {
        return kernel.lanes() + elements(lines);
    }

    private int elements(int lines) {
        return Math.min(images.height(), lines) * images.width();
    }

    /** Writes to a table where channels, and the elements of so many lines, lie. */
    void tabulate(int lines, long[] to, int first) {
        table = to;
        channelsAt = first;
        elementsAt = first + kernel.lanes();
        for (int i = 0; i < kernel.lanes(); i++) {
            table[channelsAt + i] = i * images.plane() * FLOAT;
        }
        for (int i = 0; i < elements(lines); i++) {
            table[elementsAt + i] = i / images.width() * line + i % images.width() * column;
        }
    }

    /** Lays out some lines of an image, with all of its channels. */
    void layOut(int image, int first, int count, MemorySegment to) {
        int from = firstLine + first;
        int begin = Math.clamp(from, 0, images.height());
        int end = Math.clamp(from + count, begin, images.height());
        if (begin == end) {
            kernel.clear(to, 0, count * line);
            return;
        }
        long inside = (begin - from) * line - firstColumn * column;
        long insideEnd = inside + (end - begin) * line;
        long gap = line - images.width() * column;
        kernel.clear(to, 0, inside);
        for (long p = inside + images.width() * column; p < insideEnd - gap; p += line) {
            kernel.clear(to, p, gap);
        }
        kernel.clear(to, insideEnd - gap, count * line - (insideEnd - gap));
        int lanes = kernel.lanes();
        int positions = (end - begin) * images.width();
        for (int v = 0; v < kernel.vectors(images.channels()); v++) {
            int channel = kernel.start(v, images.channels());
            long at = images.at(image, channel) + (long) begin * images.width() * FLOAT;
            long place = inside + (long) channel * FLOAT;
            if (positions < lanes) {
                for (int i = 0; i < positions; i++) {
                    copy(images.segment(), at + (long) i * FLOAT, images.plane() * FLOAT, to,
                            place + table[elementsAt + i], FLOAT);
                }
                continue;
            }
            for (int i = 0; i < positions; i += lanes) {
                int position = Math.min(i, positions - lanes);
                kernel.transpose(images.segment(), at + (long) position * FLOAT, table, channelsAt, to, place, table,
                        elementsAt + position);
            }
        }
    }

    /** Copies one element of a vector of channels. */
    private void copy(MemorySegment from, long fromOffset, long fromStep, MemorySegment to, long toOffset,
            long toStep) {
        for (int i = 0; i < kernel.lanes(); i++) {
            to.set(JAVA_FLOAT_UNALIGNED, toOffset + i * toStep,
                    from.get(JAVA_FLOAT_UNALIGNED, fromOffset + i * fromStep));
        }
    }
}
