package dev.jacobian.cpu.conv;

import java.lang.foreign.MemorySegment;

/**
 * The transforms of Winograd's minimal filtering F(4×4, 3×3): an output tile Y of 4×4 elements is
 * <pre>Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A</pre>
 * for a window g of 3×3 taps and the 6×6 elements d of the input that the tile sees: 36 products for 144. Of its 36
 * <em>frequencies</em>, number 6·i + j is that of point i vertically and of point j horizontally. All transforms work on
 * {@link #lanes()} channels at a time; where these are no multiple of it, the last vector overlaps the one before, as
 * {@link #start} tells. Offsets and strides are in bytes.
 *
 * <p>The points are 0, ±2/3, ±3/2 and ∞. Measured on normally distributed numbers, in units in the last place of
 * Σ|x||w|, the root mean square error is 0.4 to 0.5 and the largest 3.3; of the usual 0, ±1, ±2 and ∞ it is 1.2 and 20,
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
     * @return at least 1
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
     * @return something that depends on all of it
     */
    int touch(MemorySegment memory, long offset, long bytes);

    /** Writes zeros. */
    void clear(MemorySegment to, long offset, long bytes);

    /**
     * Bᵀ d B of successive tiles of a row, TILE columns apart.
     *
     * @param from [rows, columns, channels], from the first tile's first element on
     * @param fromOffset where that is
     * @param line from one row to the next
     * @param channels how many channels there are
     * @param tiles how many tiles there are
     * @param to [frequencies, tiles, channels]
     * @param toOffset the first tile's
     * @param next from one frequency to the next
     * @param scratch (4 · tiles + 2) · 6 vectors
     */
    void input(MemorySegment from, long fromOffset, long line, int channels, int tiles, MemorySegment to,
            long toOffset, long next, MemorySegment scratch);

    /**
     * G g Gᵀ of a vector of filters, for each of some channels.
     *
     * @param from [channels, 9, lanes]
     * @param fromOffset the first channel's first tap
     * @param step from one tap to the next
     * @param fromNext from one channel to the next
     * @param channels how many channels there are
     * @param to [frequencies, channels, …]
     * @param toOffset the first channel's
     * @param toNext from one channel to the next
     * @param next from one frequency to the next
     * @param scratch 18 vectors
     */
    void weights(MemorySegment from, long fromOffset, long step, long fromNext, int channels, MemorySegment to,
            long toOffset, long toNext, long next, MemorySegment scratch);

    /**
     * Aᵀ M A + bias of successive tiles of a row, TILE columns apart, for one vector of channels. What is not finite among
     * the results makes a vector NaN in some lane.
     *
     * @param from [frequencies, tiles, …]
     * @param fromOffset the first tile's
     * @param next from one frequency to the next
     * @param fromTile from one tile to the next
     * @param tiles how many tiles there are
     * @param bias what is added to each channel
     * @param biasOffset where that is
     * @param to [rows, columns, …]
     * @param toOffset the first tile's first element
     * @param column from one column to the next
     * @param line from one row to the next
     * @param check two vectors of zeros; the first one is changed
     * @param scratch 24 vectors for each tile
     */
    void output(MemorySegment from, long fromOffset, long next, long fromTile, int tiles, MemorySegment bias,
            long biasOffset, MemorySegment to, long toOffset, long column, long line, MemorySegment check,
            MemorySegment scratch);

    /**
     * A Y Aᵀ of successive tiles of a row, TILE columns apart, for one vector of channels: the adjoint of
     * {@link #output}.
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
    void products(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long bNext, int vectors, int tiles,
            MemorySegment c, long cOffset, long cRow);
}
