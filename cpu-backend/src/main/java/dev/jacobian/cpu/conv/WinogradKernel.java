package dev.jacobian.cpu.conv;

import java.lang.foreign.MemorySegment;

/**
 * The transforms of Winograd's minimal filtering F(4×4, 3×3): an output tile Y of 4×4 elements is
 * <pre>Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A</pre>
 * for a window g of 3×3 taps and the 6×6 elements d of the input that the tile sees: 36 products for 144. Of its 36
 * <em>frequencies</em>, number 6·i + j is that of point i vertically and of point j horizontally. Transforms work on
 * {@link #lanes()} channels at a time; where these are no multiple of it, the last vector overlaps the one before, as
 * {@link #start} tells. Those of the forward pass work on as many neighbouring tiles of one channel: images need not be transposed then. Offsets and strides are in bytes.
 *
 * <p>The points are 0, ±2/3, ±3/2 and ∞. Measured on normally distributed numbers, in units in the last place of
 * Σ|x||w|, the root mean square error is 0.4 to 0.6 and the largest of some thousands 3.3; of the usual 0, ±1, ±2 and ∞ it is 1.2 and 20,
 * of direct sums 0.25 and 2. Compare Barabasz et al., Error Analysis and Improving the Accuracy of Winograd Convolution
 * for Deep Neural Networks, 2020. An output's error is relative to the largest products of its tile, not of its own window:
 * beside an element 10⁸ times as large, outputs whose windows do not hold that element lose all their digits, which direct
 * sums would keep.
 */
public interface WinogradKernel {
    /** An output tile's side. */
    int TILE = 4;

    /** The side of what a tile sees. */
    int SIDE = 6;

    /** Products for each tile and pair of channels. */
    int FREQUENCIES = SIDE * SIDE;

    /**
     * Floats in a vector.
     *
     * @return an even number
     */
    int lanes();

    /** How many vectors so many channels are. */
    default int vectors(int channels) {
        return Math.ceilDiv(channels, lanes());
    }

    /** The first channel of a vector. */
    default int start(int vector, int channels) {
        return Math.min(vector * lanes(), channels - lanes());
    }

    /**
     * Transposes a square of {@link #lanes()} rows and columns: element j of row {@code fromOffset + fromAt[fromFirst +
     * i]} becomes element i of row {@code toOffset + toAt[toFirst + j]}.
     */
    void transpose(MemorySegment from, long fromOffset, long[] fromAt, int fromFirst, MemorySegment to, long toOffset,
            long[] toAt, int toFirst);

    /**
     * Reads memory in such an order that it comes into the cache soonest.
     *
     * @return something that depends on every cache line of it
     */
    int touch(MemorySegment memory, long offset, long bytes);

    /** Writes zeros. */
    void clear(MemorySegment to, long offset, long bytes);

    /**
     * G g Gᵀ of a vector of filters, for each of some channels.
     *
     * @param from [channels, 9, lanes]
     * @param fromOffset the first channel's first tap
     * @param step from one tap to the next
     * @param fromNext from one channel to the next
     * @param channels how many channels there are
     * @param to [frequencies, 2, channels, lanes / 2]
     * @param toOffset the first channel's first half
     * @param toUpper from there to its second half
     * @param next from one frequency to the next
     * @param scratch 54 vectors
     */
    void weights(MemorySegment from, long fromOffset, long step, long fromNext, int channels, MemorySegment to,
            long toOffset, long toUpper, long next, MemorySegment scratch);

    /**
     * Bᵀ d for the columns of one channel of successive rows of tiles, which may lie in successive images. For each row of
     * tiles six lines result.
     *
     * @param from the images; of each line whole vectors are read, so up to {@code lanes − 1} elements behind the last one
     * @param plane where the channel lies in the image of the first row
     * @param image from one image to the next
     * @param height lines of an image
     * @param width columns of an image
     * @param padding lines of zeros above it, at most 2
     * @param down rows of tiles in an image
     * @param firstRow the first one's number in its image
     * @param rows how many there are
     * @param to [6, rows, columns]; up to {@code lanes − 1} elements behind each line are overwritten before the next one
     *     is written
     * @param toOffset where the image's first column goes
     * @param line from one row to the next
     * @param next from one of the six to the next
     */
    void inputRows(MemorySegment from, long plane, long image, int height, int width, int padding, int down,
            int firstRow, int rows, MemorySegment to, long toOffset, long line, long next);

    /**
     * d B for what {@link #inputRows} has made: of each tile, one element of the line on the left, the four that are its
     * own, and one on the right.
     *
     * @param from [6, tiles, 4]; a vector before and one behind are read, too
     * @param fromOffset where that is
     * @param fromNext from one of the six to the next
     * @param groups vectors of tiles
     * @param masks for each of them, which tiles have nothing on their left, and which on their right
     * @param first the index of the first one
     * @param to [frequencies, tiles]
     * @param toOffset where that is
     * @param next from one frequency to the next
     */
    void inputColumns(MemorySegment from, long fromOffset, long fromNext, int groups, long[] masks, int first,
            MemorySegment to, long toOffset, long next);

    /**
     * The products of one frequency: C[i, r, j] = Σ A[i, k, r] · B[k, j] over even k, in ascending order, plus the same sum
     * over odd ones.
     *
     * @param a [tiles, depth, lanes / 2]: transformed weights
     * @param aOffset where that is
     * @param b [depth, groups, lanes]: what tiles see
     * @param bOffset where that is
     * @param bRow from one channel to the next
     * @param groups vectors of tiles of the image
     * @param depth channels of what tiles see, an even number
     * @param c [tiles, lanes / 2, groups, lanes]
     * @param cOffset where that is
     * @param cRow from one channel to the next
     * @param tiles half vectors of channels
     */
    void products(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bRow, int groups, int depth,
            MemorySegment c, long cOffset, long cRow, int tiles);

    /**
     * M A for one channel.
     *
     * @param from [frequencies, tiles]
     * @param fromOffset where that is
     * @param next from one frequency to the next
     * @param groups vectors of tiles
     * @param to [6, tiles, 4]
     * @param toOffset where that is
     * @param toNext from one of the six to the next
     */
    void outputColumns(MemorySegment from, long fromOffset, long next, int groups, MemorySegment to, long toOffset,
            long toNext);

    /**
     * Aᵀ m + bias for what {@link #outputColumns} has made, to the images. What is not finite among the results makes a
     * vector NaN in some lane.
     *
     * @param from [6, rows, columns]; up to {@code lanes − 1} elements behind a line are read, too
     * @param fromOffset what goes to the image's first column
     * @param fromNext from one of the six to the next
     * @param line from one row to the next
     * @param bias what is added
     * @param to the images
     * @param plane where the channel lies in the image of the first row
     * @param image from one image to the next
     * @param height lines of an image
     * @param width columns of an image
     * @param down rows of tiles in an image
     * @param firstRow the first one's number in its image
     * @param rows how many there are
     * @param check a vector of zeros; is changed
     */
    void outputRows(MemorySegment from, long fromOffset, long fromNext, long line, float bias, MemorySegment to,
            long plane, long image, int height, int width, int down, int firstRow, int rows, MemorySegment check);

    /**
     * A Y Aᵀ of successive tiles of a row, TILE columns apart, for one vector of channels: the adjoint of Aᵀ M A.
     *
     * @param from [rows, columns, …]
     * @param fromOffset the first tile's first element
     * @param column from one column to the next
     * @param line from one row to the next
     * @param tiles how many tiles there are
     * @param to [frequencies, tiles, …]
     * @param toOffset the first tile's
     * @param toTile from one tile to the next
     * @param next from one frequency to the next
     * @param scratch 24 vectors for each tile
     */
    void outputGradient(MemorySegment from, long fromOffset, long column, long line, int tiles, MemorySegment to,
            long toOffset, long toTile, long next, MemorySegment scratch);

    /**
     * Gᵀ U G of a vector of filters, for each of some channels: the adjoint of {@link #weights}. What is not finite among
     * the results makes a vector NaN in some lane.
     *
     * @param from [frequencies, channels, …]
     * @param fromOffset the first channel's
     * @param fromNext from one channel to the next
     * @param next from one frequency to the next
     * @param channels how many channels there are
     * @param to [channels, 9, lanes]
     * @param toOffset the first channel's first tap
     * @param check a vector of zeros; is changed
     * @param scratch 18 vectors
     */
    void weightGradient(MemorySegment from, long fromOffset, long fromNext, long next, int channels, MemorySegment to,
            long toOffset, MemorySegment check, MemorySegment scratch);

    /**
     * Bᵀ d B of successive tiles of a row, TILE columns apart, for one vector of channels.
     *
     * @param from [rows, columns, …]
     * @param fromOffset the first tile's first element
     * @param column from one column to the next
     * @param line from one row to the next
     * @param tiles how many tiles there are
     * @param to [frequencies, tiles, lanes]
     * @param toOffset the first tile's
     * @param next from one frequency to the next
     * @param scratch (4 · tiles + 2) · 6 vectors
     */
    void input(MemorySegment from, long fromOffset, long column, long line, int tiles, MemorySegment to, long toOffset,
            long next, MemorySegment scratch);

    /**
     * The sums over tiles of the products of {@link #lanes()} channels with one or two vectors of others.
     *
     * @param a [tiles, lanes]
     * @param aOffset the first tile's
     * @param b [vectors, tiles, lanes]
     * @param bOffset the first vector's first tile
     * @param bNext from one vector to the next
     * @param vectors 1 or 2
     * @param tiles how many tiles there are
     * @param c [lanes, vectors · lanes], written
     * @param cOffset its first row
     * @param cRow from one row to the next
     */
    void sums(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bNext, int vectors, int tiles,
            MemorySegment c, long cOffset, long cRow);
}
