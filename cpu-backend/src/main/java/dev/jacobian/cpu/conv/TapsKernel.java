package dev.jacobian.cpu.conv;

import java.lang.foreign.MemorySegment;

/**
 * The inner loop of convolutions: a matrix product whose right operand is not packed. Each of its rows lies at an
 * offset of its own, so that rows may overlap, as shifts of one image do. Offsets are in bytes.
 */
public interface TapsKernel {
    /** How many rows {@link #products} multiplies with: the taps of a 3×3 window. */
    int PRODUCTS = 9;

    /**
     * Rows of a tile.
     *
     * @return at least 1
     */
    int rows();

    /**
     * Floats in a vector.
     *
     * @return at least 1
     */
    int lanes();

    /**
     * The most vectors in a row of a tile.
     *
     * @return at least 1
     */
    int vectors();

    /**
     * Writes C[r, j] = Σ A[k, r] · B[offset k + j] over k in ascending order, for all rows and for
     * {@code vectors · lanes} columns.
     *
     * @param a the left operand, packed as [depth][rows]
     * @param aOffset where it begins
     * @param b the right operand
     * @param bOffset what all its offsets count from
     * @param offsets of the rows of B
     * @param first the index of the first one
     * @param depth how many there are
     * @param vectors 1..{@link #vectors()}
     * @param c the result
     * @param cOffset where it begins
     * @param cRow from one row to the next
     */
    void tile(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int vectors, MemorySegment c, long cOffset, long cRow);

    /**
     * The same for a single row of any length: C[j] = Σ A[k] · B[offset k + j]. Nothing behind it is read or
     * written.
     *
     * @param a the left operand, packed as [depth]
     * @param aOffset where it begins
     * @param b the right operand
     * @param bOffset what all its offsets count from
     * @param offsets of the rows of B
     * @param first the index of the first one
     * @param depth how many there are
     * @param columns how many sums there are
     * @param c the result
     * @param cOffset where it begins
     */
    void row(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first, int depth,
            int columns, MemorySegment c, long cOffset);

    /**
     * The products of one row with {@link #PRODUCTS} others, summed by lanes: C[k, l] = Σ A[j] · B[offset k + j] over all
     * columns j that are l modulo {@link #lanes()}. Nothing behind the rows is read.
     *
     * @param a the row
     * @param aOffset where it begins
     * @param b the others
     * @param offsets where they begin
     * @param first the index of the first one
     * @param columns how long all of them are
     * @param c the result
     * @param cOffset where it begins
     */
    void products(MemorySegment a, long aOffset, MemorySegment b, long[] offsets, int first, int columns,
            MemorySegment c, long cOffset);

    /**
     * Copies rows of floats, every {@code step}-th of each, to contiguous ones. May write up to {@code lanes − 1}
     * elements behind the end of each row before it writes the next; never reads outside of {@code from}.
     *
     * @param from the source
     * @param fromOffset the first row
     * @param fromRow from one row to the next
     * @param step elements from one that is copied to the next
     * @param rows how many rows there are
     * @param columns how many elements of each are copied
     * @param to the target
     * @param toOffset its first row
     * @param toRow from one row to the next
     */
    void copyRows(MemorySegment from, long fromOffset, long fromRow, int step, int rows, int columns,
            MemorySegment to, long toOffset, long toRow);

    /**
     * Writes elements of two tiles in turn: the first {@code columns} of even[r, 0], odd[r, 0], even[r, 1], … to each
     * row r, or adds them.
     *
     * @param tiles the memory of both
     * @param even the first tile
     * @param odd the second one
     * @param tileRow from one row of a tile to the next
     * @param rows how many rows there are
     * @param columns how many elements each row gets; of the tiles, whole vectors may be read
     * @param add whether to add to what is there
     * @param to the target
     * @param toOffset its first row
     * @param toRow from one row to the next
     */
    void interleave(MemorySegment tiles, long even, long odd, long tileRow, int rows, int columns, boolean add,
            MemorySegment to, long toOffset, long toRow);
}
