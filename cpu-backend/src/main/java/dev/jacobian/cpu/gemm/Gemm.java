package dev.jacobian.cpu.gemm;

import dev.jacobian.cpu.Parallel;
import java.lang.foreign.ValueLayout;

/**
 * The float32 matrix product C = A·B, C = C + A·B or C = D + A·B, the former two also of many matrices at once. A is {@code [m, k]}, B is
 * {@code [k, n]}, both with any strides; C is {@code [m, n]} with contiguous rows and does not overlap A or B.
 *
 * <p>Every element of C is summed in an order that depends on the shapes, the strides and the kernel's vector width
 * alone: the number of threads changes no bit. Safe for use by several threads at the same time.
 */
public final class Gemm {

    /**
     * Below this many multiply-adds a product runs in the calling thread: at about 50 per nanosecond and core it takes
     * 10 µs, a few times what it costs to wake a helper.
     */
    private static final long PARALLEL_WORK = 1L << 19;

    /** The same for products with a vector, which memory bounds: about 4 elements per nanosecond. */
    private static final long PARALLEL_VECTOR_WORK = 1L << 17;

    /** Up to this many rows, a transposed B is walked once for each row instead of packed. */
    private static final int FEW_ROWS = 3;

    private static final long[] NO_OFFSET = {0};

    private final GemmKernel kernel;
    private final Workspace.Pool workspaces;

    /**
     * A matrix product over the given inner loops.
     *
     * @param kernel the inner loops
     */
    public Gemm(GemmKernel kernel) {
        this.kernel = kernel;
        long slab = (long) TiledProduct.MAX_SLAB_PANELS * kernel.tileColumns() * kernel.maxDepth() * Float.BYTES;
        long tile = (long) kernel.tileRows() * kernel.tileColumns() * Float.BYTES;
        this.workspaces = new Workspace.Pool(slab, tile);
    }

    /**
     * One product.
     *
     * @param team the threads to use
     * @param m rows of A and C
     * @param n columns of B and C
     * @param k columns of A, rows of B; 0 makes A·B zero
     * @param a the left operand
     * @param b the right operand
     * @param c the result, with column stride 1
     * @param accumulate whether to add to what C holds
     * @throws IllegalArgumentException if a size is negative or C's column stride is not 1
     * @throws IndexOutOfBoundsException if an operand is larger than its memory
     */
    public void multiply(Parallel team, int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate) {
        multiply(team, m, n, k, a, NO_OFFSET, b, NO_OFFSET, c, NO_OFFSET, accumulate);
    }

    /**
     * One product added to a matrix: C = D + A·B.
     *
     * @param team the threads to use
     * @param m rows of A, D and C
     * @param n columns of B, D and C
     * @param k columns of A, rows of B; 0 makes A·B zero
     * @param a the left operand
     * @param b the right operand
     * @param d what the product is added to; with row stride 0, one row for all; does not overlap C
     * @param c the result, with column stride 1
     * @throws IllegalArgumentException if a size is negative or C's column stride is not 1
     * @throws IndexOutOfBoundsException if an operand is larger than its memory
     */
    public void multiply(Parallel team, int m, int n, int k, Matrix a, Matrix b, Matrix d, Matrix c) {
        check(m, n, k, NO_OFFSET, NO_OFFSET, c, NO_OFFSET);
        if (m <= FEW_ROWS || n == 1 || k == 0 || d.colStride() != 1) {
            copy(m, n, d, c);
            multiply(team, m, n, k, a, b, c, true);
        } else if (n > 0) {
            tiled((long) m * n * k < PARALLEL_WORK ? null : team,
                    new Operands(m, n, k, a, NO_OFFSET, b, NO_OFFSET, c, NO_OFFSET, d));
        }
    }

    private static void copy(int m, int n, Matrix from, Matrix to) {
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                to.segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED,
                        (to.offset() + i * to.rowStride() + j) * Float.BYTES, from.at(i, j));
            }
        }
    }

    /**
     * A batch of products of one shape: product {@code i} uses A at {@code a.offset() + aOffsets[i]}, and so on. Equal
     * offsets of A or of B share an operand; the results must not overlap.
     *
     * @param team the threads to use
     * @param m rows of each A and C
     * @param n columns of each B and C
     * @param k columns of each A, rows of each B; 0 makes A·B zero
     * @param a the left operands
     * @param aOffsets where each A begins, in elements
     * @param b the right operands
     * @param bOffsets where each B begins, in elements
     * @param c the results, with column stride 1
     * @param cOffsets where each C begins, in elements
     * @param accumulate whether to add to what C holds
     * @throws IllegalArgumentException if a size is negative, the offsets' lengths differ or C's column stride is not 1
     * @throws IndexOutOfBoundsException if an operand is larger than its memory
     */
    public void multiply(Parallel team, int m, int n, int k, Matrix a, long[] aOffsets, Matrix b, long[] bOffsets,
            Matrix c, long[] cOffsets, boolean accumulate) {
        check(m, n, k, aOffsets, bOffsets, c, cOffsets);
        int batch = cOffsets.length;
        if (m == 0 || n == 0 || batch == 0) {
            return;
        }
        if (k == 0) {
            if (!accumulate) {
                clear(m, n, c, cOffsets);
            }
            return;
        }
        if (isOneTallProduct(m, a, aOffsets, bOffsets, c, cOffsets)) {
            multiply(team, m * batch, n, k, a.from(aOffsets[0]), NO_OFFSET, b.from(bOffsets[0]), NO_OFFSET,
                    c.from(cOffsets[0]), NO_OFFSET, accumulate);
            return;
        }
        if (m > 1 && m <= FEW_ROWS && n > 1 && b.colStride() != 1 && b.rowStride() == 1 && a.colStride() == 1) {
            rowByRow(team, m, n, k, a, aOffsets, b, bOffsets, c, cOffsets, accumulate);
            return;
        }
        Operands operands = new Operands(m, n, k, a, aOffsets, b, bOffsets, c, cOffsets, accumulate ? c : null);
        long work = (long) m * n * k * batch;
        if (m == 1 && VectorProduct.canWalk(b.rowStride(), b.colStride(), k, n)) {
            new VectorProduct(kernel, workspaces, operands, false).run(work < PARALLEL_VECTOR_WORK ? null : team);
        } else if (n == 1 && VectorProduct.canWalk(a.colStride(), a.rowStride(), k, m)) {
            new VectorProduct(kernel, workspaces, operands, true).run(work < PARALLEL_VECTOR_WORK ? null : team);
        } else {
            tiled(work < PARALLEL_WORK ? null : team, operands);
        }
    }

    /** A few rows times a transposed B, as a batch of single rows: packing B would take longer than the product. */
    private void rowByRow(Parallel team, int m, int n, int k, Matrix a, long[] aOffsets, Matrix b, long[] bOffsets,
            Matrix c, long[] cOffsets, boolean accumulate) {
        int rows = m * cOffsets.length;
        long[] aRows = new long[rows];
        long[] bRows = new long[rows];
        long[] cRows = new long[rows];
        for (int r = 0; r < rows; r++) {
            aRows[r] = aOffsets[r / m] + r % m * a.rowStride();
            bRows[r] = bOffsets[r / m];
            cRows[r] = cOffsets[r / m] + r % m * c.rowStride();
        }
        // A row stride of their own keeps the rows from being taken for one tall product again.
        multiply(team, 1, n, k, new Matrix(a.segment(), a.offset(), 0, 1), aRows, b, bRows,
                new Matrix(c.segment(), c.offset(), 0, 1), cRows, accumulate);
    }

    /** Few large products one after the other, each on all threads; many small ones side by side. */
    private void tiled(Parallel team, Operands operands) {
        if (TiledProduct.isBetterTransposed(operands)) {
            new TiledProduct(kernel, workspaces, operands.transposed()).run(team);
            return;
        }
        int batch = operands.batch();
        boolean small = (long) operands.m() * operands.n() * operands.k() < 4 * PARALLEL_WORK;
        if (team == null || batch == 1 || small || batch >= TiledProduct.TASKS_PER_THREAD * team.threads()) {
            new TiledProduct(kernel, workspaces, operands).run(team);
        } else {
            for (int i = 0; i < batch; i++) {
                new TiledProduct(kernel, workspaces, operands.only(i)).run(team);
            }
        }
    }

    private static void check(int m, int n, int k, long[] aOffsets, long[] bOffsets, Matrix c, long[] cOffsets) {
        if (m < 0 || n < 0 || k < 0) {
            throw new IllegalArgumentException(
                    "matmul: got m = " + m + ", n = " + n + ", k = " + k + ", expected no negative size");
        }
        if (aOffsets.length != cOffsets.length || bOffsets.length != cOffsets.length) {
            throw new IllegalArgumentException("matmul: got " + aOffsets.length + ", " + bOffsets.length + " and "
                    + cOffsets.length + " offsets for A, B and C, expected as many for each");
        }
        if (c.colStride() != 1 && n > 1) {
            throw new IllegalArgumentException("matmul: got a result with column stride " + c.colStride()
                    + ", expected 1; write to a contiguous matrix and copy it");
        }
    }

    /** Whether all products share B, and the As and the Cs follow each other as the rows of one tall matrix would. */
    private static boolean isOneTallProduct(int m, Matrix a, long[] aOffsets, long[] bOffsets, Matrix c,
            long[] cOffsets) {
        int batch = cOffsets.length;
        if (batch == 1 || (long) m * batch > Integer.MAX_VALUE) {
            return false;
        }
        for (int i = 1; i < batch; i++) {
            if (bOffsets[i] != bOffsets[0] || aOffsets[i] - aOffsets[i - 1] != m * a.rowStride()
                    || cOffsets[i] - cOffsets[i - 1] != m * c.rowStride()) {
                return false;
            }
        }
        return true;
    }

    private static void clear(int m, int n, Matrix c, long[] cOffsets) {
        for (long offset : cOffsets) {
            for (int i = 0; i < m; i++) {
                long from = c.offset() + offset + i * c.rowStride();
                c.segment().asSlice(from * Float.BYTES, (long) n * Float.BYTES).fill((byte) 0);
            }
        }
    }
}
