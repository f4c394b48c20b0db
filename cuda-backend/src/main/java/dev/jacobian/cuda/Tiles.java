package dev.jacobian.cuda;

/**
 * How kernels that reduce are laid over the device. Everything depends on the shape only and nothing on the device, so
 * that sums are taken in the same order everywhere.
 */
final class Tiles {
    /** The threads of a block that reduces columns; {@code columnReduce} in the kernels expects as many. */
    static final int COLUMN_THREADS = 256;
    /** The threads of a block that sums parts; {@code FINISH_THREADS} in the kernels. */
    static final int FINISH_THREADS = 1024;
    /** The threads of a block whose rows are shared by lanes of a warp. */
    static final int ROW_THREADS = 128;
    /** The elements that a thread of an elementwise kernel takes. */
    static final int RUN = 4;

    /** Blocks that fill any device several times over. */
    private static final int ENOUGH_BLOCKS = 2048;
    /** Elements that are worth a thread. */
    private static final int ENOUGH_ELEMENTS = 8;
    /** The columns whose parts a finishing block sums. */
    private static final int FINISHED_COLUMNS = 32;

    private Tiles() {}

    /** Columns of a block over [rows, columns]: a power of two up to 32, few where there are few. */
    static int width(int columns) {
        return columns >= 32 ? 32 : Math.max(1, Integer.highestOneBit(2 * columns - 1));
    }

    /** Blocks side by side over the columns. */
    static int columnBlocks(int columns) {
        return Math.ceilDiv(columns, width(columns));
    }

    /** Rows of a block. */
    static long chunkRows(long rows, int columns) {
        long rowsAtOnce = COLUMN_THREADS / width(columns);
        long chunks = Math.ceilDiv(ENOUGH_BLOCKS, Math.max(1, columnBlocks(columns)));
        return Math.max(ENOUGH_ELEMENTS * rowsAtOnce, Math.ceilDiv(rows, chunks));
    }

    /** Blocks one below the other over the rows. */
    static int chunks(long rows, int columns) {
        return (int) Math.ceilDiv(rows, chunkRows(rows, columns));
    }

    /** Parts that a channel of so many elements is cut into, where each part has a block. */
    static long parts(long elements, int channels) {
        long enough = Math.ceilDiv(elements, (long) ENOUGH_ELEMENTS * COLUMN_THREADS);
        return Math.min(enough, Math.ceilDiv(ENOUGH_BLOCKS, Math.max(1, channels)));
    }

    /** Blocks that sum the parts of all columns. */
    static int finishBlocks(int columns) {
        return Math.ceilDiv(columns, FINISHED_COLUMNS);
    }

    /** Blocks of an elementwise kernel. */
    static long elementBlocks(long size) {
        return Math.ceilDiv(size, (long) RUN * COLUMN_THREADS);
    }

    /** Blocks over rows whose length has a kernel that lets so many lanes share a row. */
    static long rowBlocks(long rows, int lanes) {
        return Math.ceilDiv(rows, ROW_THREADS / lanes);
    }

    /** Threads of a block that has a row of its own. */
    static int rowThreads(int length) {
        return length > 8192 ? 1024 : 256;
    }
}
