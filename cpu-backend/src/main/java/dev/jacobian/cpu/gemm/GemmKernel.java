package dev.jacobian.cpu.gemm;

import java.lang.foreign.MemorySegment;

/**
 * The inner loops of the float32 matrix product, for one kind of processor. {@link Gemm} cuts a product into the
 * pieces that these methods compute. All offsets and strides are in bytes; every access stays inside the segments.
 *
 * <p>A <em>panel</em> is a block of B's columns, laid out row after row: a multiple of {@link #lanes()} columns wide, at
 * most {@link #tileColumns()}, padded with zeros where B has no more columns.
 */
public interface GemmKernel {

    /**
     * Rows of a register tile.
     *
     * @return at least 1
     */
    int tileRows();

    /**
     * Columns of the widest register tile.
     *
     * @return a multiple of {@link #lanes()}
     */
    int tileColumns();

    /**
     * The unit of panel widths.
     *
     * @return at least 1
     */
    int lanes();

    /**
     * How many steps along K one tile sums at most before its result is added to C. It decides how sums are ordered,
     * so it may depend on the vector width alone.
     *
     * @return at least 1
     */
    int maxDepth();

    /**
     * Packs rows of A, tile after tile: element (i, p) of tile t goes to {@code toOffset + t·toTile + 4·(p·tileRows +
     * i)}. Rows that the last tile lacks are left as they were.
     */
    void packRows(MemorySegment a, long aOffset, long aRow, long aCol, int rows, int depth, MemorySegment to,
            long toOffset, long toTile);

    /**
     * Packs a panel of B: element (p, j) goes to {@code toOffset + 4·(p·width + j)}, with zeros for {@code columns ≤ j
     * < width}.
     */
    void packPanel(MemorySegment b, long bOffset, long bRow, long bCol, int depth, int columns, int width,
            MemorySegment to, long toOffset);

    /** Writes the transpose of T, {@code rows × columns} elements, to C, which has a row for each of T's columns. */
    void transpose(MemorySegment t, long tOffset, long tRow, int rows, int columns, MemorySegment c, long cOffset,
            long cRow);

    /**
     * Writes C = A·B for one tile of {@link #tileRows()} rows and {@code width} columns. Where {@code rows} is smaller,
     * A's last row stands in for the missing ones, so that nothing outside A is read; C must have room for all.
     */
    void tile(MemorySegment a, long aOffset, long aRow, long aCol, int rows, MemorySegment b, long bOffset, long bRow,
            int width, int depth, MemorySegment c, long cOffset, long cRow);

    /** Writes C = T, or C = C + T, for {@code rows × columns} elements of a finished tile T. */
    void flush(MemorySegment t, long tOffset, long tRow, int rows, int columns, boolean accumulate, MemorySegment c,
            long cOffset, long cRow);

    /** Writes C = D + T for {@code rows × columns} elements of a finished tile T; D may be C itself. */
    void flushSum(MemorySegment t, long tOffset, long tRow, int rows, int columns, MemorySegment d, long dOffset,
            long dRow, MemorySegment c, long cOffset, long cRow);

    /**
     * Writes y = M·x, or y = y + M·x, for {@code count} rows whose elements are contiguous, with a contiguous x. A
     * row's sum does not depend on which other rows are computed with it.
     */
    void dots(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x, long xOffset, int depth,
            boolean accumulate, MemorySegment y, long yOffset, long yStride);

    /**
     * Writes y = x·M, or y = y + x·M, for {@code count} contiguous columns of M and a contiguous y. A column's sum does
     * not depend on which other columns are computed with it.
     */
    void combineRows(MemorySegment m, long mOffset, long mRow, int count, MemorySegment x, long xOffset, long xStride,
            int depth, boolean accumulate, MemorySegment y, long yOffset);
}
