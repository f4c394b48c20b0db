package dev.jacobian.cpu.conv;

import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;

/**
 * What a window sees at each position, as pieces of contiguous floats whose place depends on the position alone: the
 * source with channels innermost, [rows, columns, channels] with zeros for the padding, in which a row of the window is
 * contiguous. With so few channels that such a row fills no vector, each patch is written out.
 */
final class Patches {
    private static final int FLOAT = Float.BYTES;

    /** Packing is fastest for a multiple of so many columns. */
    private static final int PITCH = 8;

    private final TapsKernel kernel;
    private final GemmKernel gemm;
    private final Images source;
    private final int channels;
    private final Axis vertical;
    private final Axis horizontal;
    /** The columns that are laid out: every one, where some tap reads each, for then whole rows can be transposed. */
    private final Axis across;
    private final int maxRows;
    private final Axis.Lines rows;
    private final Axis.Lines columns;
    private final boolean written;
    private final int length;
    private final int pitch;
    private final int[] pieceAt;
    private final int[] pieceLength;
    private final int[] pieceColumn;
    private final int[] tapPiece;
    private final int[] tapPlace;
    private final int sumColumns;

    /** For bands of up to {@code maxRows} rows of positions, and the channels of one group. */
    Patches(TapsKernel kernel, GemmKernel gemm, Images source, int channels, Axis vertical, Axis horizontal,
            int maxRows) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.source = source;
        this.channels = channels;
        this.vertical = vertical;
        this.horizontal = horizontal;
        this.maxRows = maxRows;
        rows = vertical.lines(maxRows);
        across = horizontal.readsAllColumns() ? horizontal.everyColumn() : horizontal;
        columns = across.lines(across.count());
        int high = vertical.taps().length;
        int wide = horizontal.taps().length;
        length = channels * high * wide;
        pitch = Math.ceilDiv(length, PITCH) * PITCH;
        int lanes = kernel.lanes();
        tapPiece = new int[wide];
        tapPlace = new int[wide];
        int runs = runs();
        written = Math.ceilDiv(wide, runs) * channels < lanes;
        int pieces = written ? 1 : high * runs;
        pieceAt = new int[pieces];
        pieceLength = new int[pieces];
        pieceColumn = new int[pieces];
        if (written) {
            pieceLength[0] = length;
        } else {
            for (int i = 0; i < high; i++) {
                for (int j = 0; j < wide; j++) {
                    int piece = i * runs + tapPiece[j];
                    pieceLength[piece] += channels;
                    if (tapPlace[j] == 0) {
                        pieceAt[piece] = (rows.place()[i] * columns.count() + columns.place()[j]) * channels;
                    }
                }
            }
        }
        int column = 0;
        for (int piece = 0; piece < pieces; piece++) {
            pieceColumn[piece] = column;
            column += Math.ceilDiv(pieceLength[piece], lanes) * lanes;
        }
        sumColumns = column;
    }

    /** Finds the taps whose columns are neighbours; how many such runs there are. */
    private int runs() {
        int[] place = columns.place();
        int runs = 0;
        for (int j = 0; j < place.length; j++) {
            if (at(place[j] - 1) < 0) {
                int run = runs++;
                int n = 0;
                for (int tap = j; tap >= 0; tap = at(place[tap] + 1)) {
                    tapPiece[tap] = run;
                    tapPlace[tap] = n++;
                }
            }
        }
        return runs;
    }

    private int at(int place) {
        for (int j = 0; j < columns.place().length; j++) {
            if (columns.place()[j] == place) {
                return j;
            }
        }
        return -1;
    }

    /** Elements of a patch, which are the weights of one output. */
    int length() {
        return length;
    }

    int pieces() {
        return pieceAt.length;
    }

    /** Where a piece begins for the first position, in floats. */
    int pieceAt(int piece) {
        return pieceAt[piece];
    }

    int pieceLength(int piece) {
        return pieceLength[piece];
    }

    /** Where the sums of a piece begin among the sums of one output. */
    int pieceColumn(int piece) {
        return pieceColumn[piece];
    }

    /** How many sums an output has, with those that fill up vectors. */
    int columns() {
        return sumColumns;
    }

    /** Which sum belongs to weight k, in the order of [channels, kernelH, kernelW]. */
    int column(int k) {
        if (written) {
            return k;
        }
        int wide = horizontal.taps().length;
        int high = vertical.taps().length;
        int j = k % wide;
        int i = k / wide % high;
        int piece = i * (pieceAt.length / high) + tapPiece[j];
        return pieceColumn[piece] + tapPlace[j] * channels + k / wide / high;
    }

    /** What one image takes. */
    long imageFloats() {
        return written
                ? (long) maxRows * horizontal.count() * pitch
                : (long) rows.count() * columns.count() * channels;
    }

    /** Where the patch of each position of some images begins, in bytes. */
    void offsets(int images, long[] to) {
        int width = horizontal.count();
        int step = horizontal.sourceStep() / across.sourceStep();
        int s = 0;
        for (int image = 0; image < images; image++) {
            for (int t = 0; t < maxRows; t++) {
                for (int u = 0; u < width; u++) {
                    long at = written
                            ? ((long) t * width + u) * pitch
                            : ((long) t * columns.count() + (long) u * step) * channels;
                    to[s++] = (image * imageFloats() + at) * FLOAT;
                }
            }
        }
    }

    /** Lays out what a band of positions sees of one group's channels of an image. */
    void fill(int image, int group, int firstRow, int bandRows, MemorySegment to, long at, Buffers own) {
        if (written) {
            writePatches(image, group, firstRow, bandRows, to, at, own);
            return;
        }
        for (int block = 0; block + 1 < rows.blocks().length; block++) {
            int first = rows.blocks()[block];
            int count = rows.blocks()[block + 1] - first;
            long row = rows.sources()[block] + (long) firstRow * vertical.sourceStep();
            int above = vertical.before(row, count);
            int below = Math.max(above, vertical.beforeEnd(row, count));
            for (int line = 0; line < count; line++) {
                boolean outside = line < above || line >= below;
                fillLine(outside
                        ? -1
                        : source.at(image, group * channels)
                                + (row + (long) line * vertical.sourceStep()) * source.width() * FLOAT,
                        to,
                        at + (long) (first + line) * columns.count() * channels);
            }
        }
    }

    /** Lays out one row of all channels, which begins at a byte offset, or is outside. */
    private void fillLine(long from, MemorySegment to, long at) {
        for (int block = 0; block + 1 < columns.blocks().length; block++) {
            int first = columns.blocks()[block];
            int count = columns.blocks()[block + 1] - first;
            long column = columns.sources()[block];
            int left = from < 0 ? count : across.before(column, count);
            int right = Math.max(left, across.beforeEnd(column, count));
            long p = at + (long) first * channels;
            Correlation.clear(to, p, (long) left * channels);
            if (right > left) {
                int step = across.sourceStep();
                gemm.packPanel(source.segment(), from + (column + (long) left * step) * FLOAT, (long) step * FLOAT,
                        source.plane() * FLOAT, right - left, channels, channels, to,
                        (p + (long) left * channels) * FLOAT);
            }
            Correlation.clear(to, p + (long) right * channels, (long) (count - right) * channels);
        }
    }

    /** Lays out what each tap sees, then transposes. */
    private void writePatches(int image, int group, int firstRow, int bandRows, MemorySegment to, long at,
            Buffers own) {
        int positions = bandRows * horizontal.count();
        MemorySegment shifts = own.get(Buffers.Use.SHIFTS, ((long) pitch * positions + kernel.lanes()) * FLOAT);
        long p = 0;
        for (int c = 0; c < channels; c++) {
            for (long i : vertical.base()) {
                for (long j : horizontal.base()) {
                    shift(source.at(image, group * channels + c), i + (long) firstRow * vertical.sourceStep(), j,
                            bandRows, shifts, p);
                    p += positions;
                }
            }
        }
        gemm.packPanel(shifts, 0, FLOAT, (long) positions * FLOAT, positions, pitch, pitch, to, at * FLOAT);
    }

    /** Lays out what one tap sees in a band that begins at a row of a plane. */
    private void shift(long plane, long row, long column, int bandRows, MemorySegment to, long at) {
        int width = horizontal.count();
        int left = horizontal.before(column, width);
        int right = Math.max(left, horizontal.beforeEnd(column, width));
        int above = right == left ? bandRows : vertical.before(row, bandRows);
        int below = Math.max(above, vertical.beforeEnd(row, bandRows));
        long inside = at + (long) above * width;
        if (below > above) {
            long from = (row + (long) above * vertical.sourceStep()) * source.width() + column
                    + (long) left * horizontal.sourceStep();
            kernel.copyRows(source.segment(), plane + from * FLOAT,
                    (long) vertical.sourceStep() * source.width() * FLOAT, horizontal.sourceStep(), below - above,
                    right - left, to, (inside + left) * FLOAT, (long) width * FLOAT);
            Correlation.clearColumns(to, inside, width, below - above, 0, left);
            Correlation.clearColumns(to, inside, width, below - above, right, width);
        }
        Correlation.clear(to, at, (long) above * width);
        Correlation.clear(to, at + (long) below * width, (long) (bandRows - below) * width);
    }
}
