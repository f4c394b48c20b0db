package dev.jacobian.cpu.gemm;

import dev.jacobian.cpu.Parallel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Products by packed panels and register tiles. A task owns a block of C: a <em>slab</em> of a few panels of columns by
 * a range of rows. For each block along K it packs the slab's panels of B into its own buffer, which stays in the
 * second-level cache, and multiplies every tile of A's rows with them.
 *
 * <p>A row-major A is read where it lies: a tile broadcasts single elements of six rows, which costs nothing over a
 * packed copy. Other layouts of A, unless small, and rows too long for that, are packed once, before the tasks start; a
 * small row-major B is read where it lies, too. Where there are many rows and B is not too large, all of B is packed once
 * instead, a transposed A is copied with it, both in whole rows as they lie in memory, and tasks are ranges of rows. A few
 * rows times a large transposed B are computed as their transpose.
 */
final class TiledProduct implements Parallel.TaskBody {

    /** Panels in one slab of B: with 64 columns and depth 512 they take half a mebibyte of second-level cache. */
    static final int MAX_SLAB_PANELS = 4;

    /** The same in elements, where the depth is smaller: then C's rows are written from end to end, or nearly. */
    private static final long SLAB_ELEMENTS = 1L << 17;

    /** Tasks are claimed one by one; a few for each thread let a thread on a busy core do fewer. */
    static final int TASKS_PER_THREAD = 4;

    /** Fewer rows than this, and packing the panels again for each row range costs more than a percent or two. */
    private static final int MIN_TASK_ROWS = 192;

    /** The same where there are not enough columns for all threads: better to pack twice than to wait. */
    private static final int MIN_NARROW_TASK_ROWS = 48;

    /** Up to this many rows, a row-major B is read where it lies, since packing it does not pay. */
    private static final int DIRECT_B_ROWS = 32;

    /** Up to this many elements, which the first-level cache holds, A or B is read where it lies. */
    private static final long DIRECT_ELEMENTS = 4096;

    /**
     * The same with few rows of A, for a transposed A if its columns are contiguous: the second-level cache holds so many,
     * and all threads begin at once, without waiting for copies (256³ takes a sixth less time, with a transposed A a
     * fourth; with 2048 rows it would take a sixth more, and with 512 and vectors of 256 bits a fifth).
     */
    private static final long NEAR_ELEMENTS = 1L << 16;

    private static final int NEAR_ROWS = 256;

    /**
     * A row-major A with more elements than the second-level cache holds, in several blocks along K, is copied block by
     * block if at least this many columns use it: the pieces of its rows lie far apart, and each tile would wait for
     * them (about 5 % slower at 2048³, Zen 4).
     */
    private static final int COPIED_COLUMNS = 256;

    private static final long COPIED_ELEMENTS = 1L << 18;

    /** Most steps along K, and most bytes, of the packed copy of A. */
    private static final int PACKED_DEPTH = 16384;

    private static final long PACKED_BYTES = 16L << 20;

    /** With at least this many rows, and at most this many elements of B, all threads share one packed copy of B. */
    private static final int SHARED_ROWS = 256;

    private static final long SHARED_ELEMENTS = 1L << 20;

    /** Steps along K that one task packs: rows of memory are read one after the other. */
    private static final int PACKED_STEPS = 16;

    /** Bytes of a cache line: a step of a copied A takes an odd number, so that steps fall on all sets of the caches. */
    private static final int LINE = 64;

    /** Small products of a batch share a task until it has this many multiply-adds, about 5 µs. */
    private static final long GROUP_WORK = 1L << 18;

    /** The left operand of a product that is computed transposed: at most this many rows, and elements. */
    private static final int TRANSPOSED_ROWS = 256;

    private static final long TRANSPOSED_ELEMENTS = 1L << 18;

    /** What one task of it computes, about, before it is transposed: stays in the second-level cache. */
    private static final long BLOCK_BYTES = 256 << 10;

    private static final int FLOAT = Float.BYTES;

    private final GemmKernel kernel;
    private final Workspace.Pool workspaces;
    private final Operands operands;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;
    private final long aRow;
    private final long aCol;
    private final long bRow;
    private final long bCol;
    private final long cRow;
    private final int blockDepth;
    private final boolean copyA;
    private final boolean packA;
    private final boolean packB;

    private int columnsPerTask;
    private int rowsPerTask;
    private int columnRanges;
    private int rowRanges;
    private int group;

    TiledProduct(GemmKernel kernel, Workspace.Pool workspaces, Operands operands) {
        this.kernel = kernel;
        this.workspaces = workspaces;
        this.operands = operands;
        a = operands.a().segment();
        b = operands.b().segment();
        c = operands.c().segment();
        aRow = operands.a().rowStride() * FLOAT;
        aCol = operands.a().colStride() * FLOAT;
        bRow = operands.b().rowStride() * FLOAT;
        bCol = operands.b().colStride() * FLOAT;
        cRow = operands.c().rowStride() * FLOAT;
        int m = operands.m();
        int n = operands.n();
        int k = operands.k();
        int blocks = ceilDiv(k, kernel.maxDepth());
        blockDepth = ceilDiv(k, blocks);
        copyA = aCol == FLOAT && blocks > 1 && n >= COPIED_COLUMNS && (long) m * k > COPIED_ELEMENTS;
        long near = m <= NEAR_ROWS ? NEAR_ELEMENTS : DIRECT_ELEMENTS;
        packA = copyA || (aCol != FLOAT && (long) m * k > (aRow == FLOAT ? near : DIRECT_ELEMENTS));
        packB = bCol != FLOAT || (m > DIRECT_B_ROWS && (long) k * n > near);
    }

    /**
     * Whether Cᵀ = Bᵀ·Aᵀ takes less time than C = A·B: where a few rows meet a large transposed B, as in a layer. Bᵀ is
     * then read where it lies, once and in order, and only A is packed; C is transposed when it is finished. It has the
     * same bits.
     */
    static boolean isBetterTransposed(Operands operands) {
        Matrix d = operands.addend();
        int m = operands.m();
        // Rows of A one element apart would be taken for a B that needs no packing.
        return operands.batch() == 1 && operands.a().colStride() == 1 && operands.a().rowStride() != 1
                && operands.b().rowStride() == 1
                && operands.b().colStride() != 1 && m > DIRECT_B_ROWS && m <= TRANSPOSED_ROWS
                && operands.n() >= 2 * m && (long) m * operands.k() <= TRANSPOSED_ELEMENTS
                && (d == null || (d.rowStride() == 0 && d.colStride() == 1));
    }

    /** Runs all products of the batch, on {@code team} or, if that is null, in the calling thread. */
    void run(Parallel team) {
        int threads = team == null ? 1 : team.threads();
        if (operands.c().colStride() != 1 && operands.n() > 1) {
            Workspace workspace = workspaces.take();
            transposedProduct(workspace, threads, team);
            workspaces.giveBack(workspace);
            return;
        }
        if (threads > 1 && sharesB()) {
            Workspace workspace = workspaces.take();
            sharedProduct(workspace, team);
            workspaces.giveBack(workspace);
            return;
        }
        plan(threads, operands.m());
        if (packA && operands.batch() == 1) {
            Workspace workspace = workspaces.take();
            packedProduct(0, workspace, threads == 1 ? null : team);
            workspaces.giveBack(workspace);
        } else {
            dispatch(threads == 1 ? null : team, ceilDiv(operands.batch(), group) * columnRanges * rowRanges, this);
        }
    }

    @Override
    public void run(int task, int worker) {
        int ranges = columnRanges * rowRanges;
        int first = task / ranges * group;
        int last = Math.min(first + group, operands.batch());
        int range = task % ranges;
        Workspace workspace = workspaces.take();
        for (int i = first; i < last; i++) {
            if (packA) {
                packedProduct(i, workspace, null);
            } else {
                block(i, new RowSource(a, offsetOfA(i, 0, 0), aRow, aCol, tileStride(aRow)), 0, operands.m(), 0,
                        operands.k(), range, workspace);
            }
        }
        workspaces.giveBack(workspace);
    }

    /** Cuts one product into ranges of columns and rows, or a batch into groups of products. */
    private void plan(int threads, int rows) {
        int m = rows;
        int n = operands.n();
        int wanted = TASKS_PER_THREAD * threads;
        columnsPerTask = n;
        rowsPerTask = m;
        group = 1;
        if (operands.batch() > 1) {
            long work = (long) m * n * operands.k();
            long most = Math.max(1, operands.batch() / wanted);
            group = (int) Math.clamp(GROUP_WORK / work, 1, most);
        } else if (threads > 1) {
            int panels = ceilDiv(n, kernel.tileColumns());
            columnsPerTask = Math.clamp(panels / wanted, 1, MAX_SLAB_PANELS) * kernel.tileColumns();
            int columnTasks = ceilDiv(n, columnsPerTask);
            int least = columnTasks < threads ? MIN_NARROW_TASK_ROWS : MIN_TASK_ROWS;
            int ranges = Math.min(ceilDiv(m, least), ceilDiv(wanted, columnTasks));
            if (ranges > threads) {
                ranges -= ranges % threads;
            }
            rowsPerTask = ceilDiv(ceilDiv(m, ranges), kernel.tileRows()) * kernel.tileRows();
        }
        columnRanges = ceilDiv(n, columnsPerTask);
        rowRanges = ceilDiv(m, rowsPerTask);
    }

    private static void dispatch(Parallel team, int tasks, Parallel.TaskBody body) {
        if (team != null) {
            team.run(tasks, body);
            return;
        }
        for (int task = 0; task < tasks; task++) {
            body.run(task, 0);
        }
    }

    /**
     * Where many rows use B, or both operands lie row after row along a long K. Not where the copies would leave the
     * caches, nor where A or B would have to be transposed beside a transposed A.
     */
    private boolean sharesB() {
        return operands.batch() == 1 && packB && !copyA && (long) operands.k() * operands.n() <= SHARED_ELEMENTS
                && (operands.m() >= SHARED_ROWS || (packA && operands.k() > blockDepth))
                && (!packA
                        || (aRow == FLOAT && bCol == FLOAT && (long) operands.m() * blockDepth <= SHARED_ELEMENTS));
    }

    /**
     * One product over a packed copy of all of B, and a copy of a transposed A, block by block along K: all threads pack
     * together, so that each row of memory is read from end to end (pieces of 64 floats come from memory at a sixth of
     * the rate, Zen 4), then each takes ranges of C's rows, whole ones where there are enough.
     */
    private void sharedProduct(Workspace workspace, Parallel team) {
        int m = operands.m();
        int n = operands.n();
        int k = operands.k();
        int tileRows = kernel.tileRows();
        int widest = kernel.tileColumns();
        int depth = packA ? blockDepth : k;
        int padded = ceilDiv(n, kernel.lanes()) * kernel.lanes();
        long aStep = (Math.ceilDiv((long) m * FLOAT, LINE) | 1) * LINE;
        long aStart = (long) padded * depth * FLOAT;
        MemorySegment shared = workspace.rows(aStart + (packA ? aStep * depth : 0));
        int wanted = TASKS_PER_THREAD * team.threads();
        columnsPerTask = m >= SHARED_ROWS ? n : widest;
        columnRanges = ceilDiv(n, columnsPerTask);
        rowsPerTask = ceilDiv(ceilDiv(m, ceilDiv(wanted, columnRanges)), tileRows) * tileRows;
        rowRanges = ceilDiv(m, rowsPerTask);
        for (int first = 0; first < k; first += depth) {
            int from = first;
            int steps = Math.min(depth, k - from);
            if (bCol == FLOAT) {
                team.run(ceilDiv(steps, PACKED_STEPS), (task, _) -> {
                    int last = Math.min((task + 1) * PACKED_STEPS, steps);
                    for (int p = task * PACKED_STEPS; p < last; p++) {
                        if (packA) {
                            MemorySegment.copy(a, offsetOfA(0, 0, from + p), shared, aStart + p * aStep,
                                    (long) m * FLOAT);
                        }
                        packStep(from, p, steps, shared, padded);
                    }
                });
            } else {
                packPanels(team, from, steps, shared, padded);
            }
            RowSource source = packA
                    ? new RowSource(shared, aStart, FLOAT, aStep, tileStride(FLOAT))
                    : new RowSource(a, offsetOfA(0, 0, from), aRow, aCol, tileStride(aRow));
            team.run(columnRanges * rowRanges, (range, _) -> {
                Workspace own = workspaces.take();
                sharedBlock(source, from, steps, range, shared, padded, own);
                workspaces.giveBack(own);
            });
        }
    }

    private void packPanels(Parallel team, int from, int steps, MemorySegment shared, int padded) {
        int widest = kernel.tileColumns();
        int n = operands.n();
        int panels = ceilDiv(n, widest);
        dispatch(team, panels * ceilDiv(steps, blockDepth), (task, _) -> {
            int p = task / panels * blockDepth;
            int real = Math.min(blockDepth, steps - p);
            int column = task % panels * widest;
            packSlab(0, from + p, real, column, Math.min(widest, n - column), shared,
                    ((long) p * padded + (long) column * real) * FLOAT);
        });
    }

    /**
     * A product whose C lies transposed in memory, as {@link #isBetterTransposed} describes it. Each task computes some
     * rows in a buffer of its own and then writes them as columns.
     */
    private void transposedProduct(Workspace workspace, int threads, Parallel team) {
        int padded = ceilDiv(operands.n(), kernel.lanes()) * kernel.lanes();
        MemorySegment shared = workspace.rows((long) padded * operands.k() * FLOAT);
        packPanels(team, 0, operands.k(), shared, padded);
        int tiles = ceilDiv(operands.m(), kernel.tileRows());
        int blocks = ceilDiv(operands.m(), (int) Math.max(1, BLOCK_BYTES / ((long) padded * FLOAT)));
        int tasks = Math.min(Math.max(TASKS_PER_THREAD * threads, blocks), tiles);
        dispatch(team, tasks, (task, _) -> {
            int first = (int) ((long) task * tiles / tasks) * kernel.tileRows();
            int last = Math.min((int) ((task + 1L) * tiles / tasks) * kernel.tileRows(), operands.m());
            Workspace own = workspaces.take();
            transposedBlock(first, last, shared, padded, own);
            workspaces.giveBack(own);
        });
    }

    private void transposedBlock(int firstRow, int lastRow, MemorySegment shared, int padded, Workspace workspace) {
        int n = operands.n();
        int tileRows = kernel.tileRows();
        int widest = kernel.tileColumns();
        long row = (long) padded * FLOAT;
        int rows = lastRow - firstRow;
        Matrix d = operands.addend();
        MemorySegment block = workspace.rows((long) ceilDiv(rows, tileRows) * tileRows * row);
        for (int i = 0; d != null && i < rows; i++) {
            fill(block, i * row, padded, d.at(firstRow + i, 0));
        }
        for (int p = 0; p < operands.k(); p += blockDepth) {
            int steps = Math.min(blockDepth, operands.k() - p);
            for (int r = 0; r < rows; r += tileRows) {
                int real = Math.min(tileRows, rows - r);
                for (int j = 0; j < n; j += widest) {
                    int width = Math.min(widest, padded - j);
                    long panel = ((long) p * padded + (long) j * steps) * FLOAT;
                    long to = r * row + (long) j * FLOAT;
                    if (p == 0 && d == null) {
                        kernel.tile(a, offsetOfA(0, firstRow + r, p), aRow, aCol, real, shared, panel,
                                (long) width * FLOAT, width, steps, block, to, row);
                    } else {
                        kernel.tile(a, offsetOfA(0, firstRow + r, p), aRow, aCol, real, shared, panel,
                                (long) width * FLOAT, width, steps, workspace.tile(), 0, (long) width * FLOAT);
                        kernel.flush(workspace.tile(), 0, (long) width * FLOAT, real, width, true, block, to, row);
                    }
                }
            }
        }
        kernel.transpose(block, 0, row, rows, n, c, offsetOfC(0, 0, 0) + (long) firstRow * FLOAT,
                operands.c().colStride() * FLOAT);
    }

    private static void fill(MemorySegment block, long offset, int count, float value) {
        for (int j = 0; j < count; j++) {
            block.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + (long) j * FLOAT, value);
        }
    }

    /** Packs one row of B into all panels. */
    private void packStep(int from, int step, int steps, MemorySegment shared, int padded) {
        int widest = kernel.tileColumns();
        int n = operands.n();
        int p = step - step % blockDepth;
        int real = Math.min(blockDepth, steps - p);
        for (int j = 0; j < n; j += widest) {
            int columns = Math.min(widest, n - j);
            int width = ceilDiv(columns, kernel.lanes()) * kernel.lanes();
            kernel.packPanel(b, offsetOfB(0, from + step, j), bRow, bCol, 1, columns, width, shared,
                    ((long) p * padded + (long) j * real + (long) (step - p) * width) * FLOAT);
        }
    }

    private void sharedBlock(RowSource source, int from, int depth, int range, MemorySegment shared, int padded,
            Workspace workspace) {
        int firstRow = range / columnRanges * rowsPerTask;
        int lastRow = Math.min(firstRow + rowsPerTask, operands.m());
        int firstColumn = range % columnRanges * columnsPerTask;
        int lastColumn = Math.min(firstColumn + columnsPerTask, operands.n());
        int slab = (int) (SLAB_ELEMENTS / ((long) blockDepth * kernel.tileColumns())) * kernel.tileColumns();
        for (int column = firstColumn; column < lastColumn; column += slab) {
            int columns = Math.min(slab, lastColumn - column);
            for (int p = 0; p < depth; p += blockDepth) {
                int steps = Math.min(blockDepth, depth - p);
                multiplySlab(0, source, firstRow, lastRow, 0, p, from, steps, column, columns, shared,
                        ((long) p * padded + (long) column * steps) * FLOAT, workspace.tile());
            }
        }
    }

    /** Product {@code i} over packed copies of A, each of as many rows and steps along K as the limits allow. */
    private void packedProduct(int i, Workspace workspace, Parallel team) {
        int tileRows = kernel.tileRows();
        int depth = copyA ? blockDepth : Math.min(operands.k(), Math.max(1, PACKED_DEPTH / blockDepth) * blockDepth);
        int tiles = ceilDiv(operands.m(), tileRows);
        int chunk = Math.clamp(PACKED_BYTES / ((long) depth * tileRows * FLOAT), 1, tiles) * tileRows;
        MemorySegment packed = workspace.rows((long) chunk * depth * FLOAT);
        for (int row = 0; row < operands.m(); row += chunk) {
            int rows = Math.min(chunk, operands.m() - row);
            if (rows < operands.m() && team != null) {
                plan(team.threads(), rows);
            }
            for (int from = 0; from < operands.k(); from += depth) {
                packedChunk(i, workspace, packed, row, rows, from, Math.min(depth, operands.k() - from), team);
            }
        }
    }

    private void packedChunk(int i, Workspace workspace, MemorySegment packed, int row, int rows, int from, int depth,
            Parallel team) {
        int tileRows = kernel.tileRows();
        long tileBytes = (long) depth * tileRows * FLOAT;
        int tiles = ceilDiv(rows, tileRows);
        int tilesPerTask = team == null ? tiles : ceilDiv(tiles, TASKS_PER_THREAD * team.threads());
        dispatch(team, ceilDiv(tiles, tilesPerTask), (task, _) -> {
            int first = task * tilesPerTask * tileRows;
            int real = Math.min(tilesPerTask * tileRows, rows - first);
            long aOffset = offsetOfA(i, row + first, from);
            long to = tilesPerTask * tileBytes * task;
            if (copyA) {
                kernel.packPanel(a, aOffset, aRow, aCol, real, depth, depth, packed, to);
            } else {
                kernel.packRows(a, aOffset, aRow, aCol, real, depth, packed, to, tileBytes);
            }
        });
        RowSource source = copyA
                ? new RowSource(packed, 0, (long) depth * FLOAT, FLOAT, tileBytes)
                : new RowSource(packed, 0, FLOAT, (long) tileRows * FLOAT, tileBytes);
        if (team == null) {
            for (int range = 0; range < columnRanges * rowRanges; range++) {
                block(i, source, row, rows, from, depth, range, workspace);
            }
        } else {
            team.run(columnRanges * rowRanges, (range, _) -> {
                Workspace own = workspaces.take();
                block(i, source, row, rows, from, depth, range, own);
                workspaces.giveBack(own);
            });
        }
    }

    /** Where the rows of A lie, packed or not: the first row's offset, and the steps between rows, columns and tiles. */
    private record RowSource(MemorySegment segment, long offset, long row, long col, long tile) {}

    private long tileStride(long row) {
        return kernel.tileRows() * row;
    }

    /**
     * Computes one range of product {@code i}'s C, restricted to {@code rows} rows from {@code row} on and to
     * {@code depth} steps along K from {@code from} on, which is where {@code source} begins.
     */
    private void block(int i, RowSource source, int row, int rows, int from, int depth, int range,
            Workspace workspace) {
        int firstRow = range / columnRanges * rowsPerTask;
        int lastRow = Math.min(firstRow + rowsPerTask, rows);
        int firstColumn = range % columnRanges * columnsPerTask;
        int lastColumn = Math.min(firstColumn + columnsPerTask, operands.n());
        int slab = MAX_SLAB_PANELS * kernel.tileColumns();
        for (int column = firstColumn; column < lastColumn; column += slab) {
            int columns = Math.min(slab, lastColumn - column);
            for (int p = 0; p < depth; p += blockDepth) {
                int steps = Math.min(blockDepth, depth - p);
                packSlab(i, from + p, steps, column, columns, workspace.panels(), 0);
                multiplySlab(i, source, firstRow, lastRow, row, p, from, steps, column, columns,
                        workspace.panels(), 0, workspace.tile());
            }
        }
    }

    private void packSlab(int i, int p, int steps, int column, int columns, MemorySegment panels, long panelsOffset) {
        int widest = kernel.tileColumns();
        for (int j = 0; j < columns; j += widest) {
            int real = Math.min(widest, columns - j);
            int width = ceilDiv(real, kernel.lanes()) * kernel.lanes();
            if (packB || width != real) {
                kernel.packPanel(b, offsetOfB(i, p, column + j), bRow, bCol, steps, real, width, panels,
                        panelsOffset + (long) j * steps * FLOAT);
            }
        }
    }

    private void multiplySlab(int i, RowSource source, int firstRow, int lastRow, int row, int p, int from, int steps,
            int column, int columns, MemorySegment panels, long panelsOffset, MemorySegment tile) {
        int tileRows = kernel.tileRows();
        int widest = kernel.tileColumns();
        boolean isFirst = from + p == 0;
        boolean add = !isFirst || operands.addend() != null;
        boolean addOther = isFirst && add && !operands.accumulate();
        for (int r = firstRow; r < lastRow; r += tileRows) {
            int real = Math.min(tileRows, lastRow - r);
            long aOffset = source.offset + r / tileRows * source.tile + p * source.col;
            for (int j = 0; j < columns; j += widest) {
                int wide = Math.min(widest, columns - j);
                int width = ceilDiv(wide, kernel.lanes()) * kernel.lanes();
                boolean packed = packB || width != wide;
                MemorySegment panel = packed ? panels : b;
                long bOffset = packed ? panelsOffset + (long) j * steps * FLOAT : offsetOfB(i, from + p, column + j);
                long panelRow = packed ? (long) width * FLOAT : bRow;
                long cOffset = offsetOfC(i, row + r, column + j);
                if (!add && width == wide && real == tileRows) {
                    kernel.tile(source.segment, aOffset, source.row, source.col, real, panel, bOffset, panelRow, width,
                            steps, c, cOffset, cRow);
                } else {
                    long tileRow = (long) width * FLOAT;
                    kernel.tile(source.segment, aOffset, source.row, source.col, real, panel, bOffset, panelRow, width,
                            steps, tile, 0, tileRow);
                    if (addOther) {
                        Matrix d = operands.addend();
                        long dOffset = (d.offset() + (row + r) * d.rowStride() + column + j) * FLOAT;
                        kernel.flushSum(tile, 0, tileRow, real, wide, d.segment(), dOffset,
                                d.rowStride() * FLOAT, c, cOffset, cRow);
                    } else {
                        kernel.flush(tile, 0, tileRow, real, wide, add, c, cOffset, cRow);
                    }
                }
            }
        }
    }

    private long offsetOfA(int i, int row, int column) {
        return operands.aOffset(i) * FLOAT + row * aRow + column * aCol;
    }

    private long offsetOfB(int i, int row, int column) {
        return operands.bOffset(i) * FLOAT + row * bRow + column * bCol;
    }

    private long offsetOfC(int i, int row, int column) {
        return operands.cOffset(i) * FLOAT + row * cRow + (long) column * FLOAT;
    }

    private static int ceilDiv(int x, int y) {
        return Math.ceilDiv(x, y);
    }
}
