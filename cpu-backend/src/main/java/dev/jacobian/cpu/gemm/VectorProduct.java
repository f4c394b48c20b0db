package dev.jacobian.cpu.gemm;

import dev.jacobian.cpu.Parallel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Products of a matrix and a vector, y = M·x, where C has one row or one column. Memory bounds them, so M is walked once,
 * where it lies, along its contiguous direction; nothing is packed but a strided vector.
 */
final class VectorProduct implements Parallel.TaskBody {

    /** Elements of y in one task: they and a few rows of M fit the first-level cache. */
    private static final int CHUNK = 1024;

    private static final int FLOAT = Float.BYTES;
    private static final ValueLayout.OfFloat LAYOUT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final GemmKernel kernel;
    private final Workspace.Pool workspaces;
    private final Operands operands;
    private final boolean column;
    private final Matrix matrix;
    private final long alongY;
    private final long alongX;
    private final Matrix x;
    private final long xStride;
    private final int depth;
    private final Matrix y;
    private final long yStride;
    private final int count;
    private final int chunk;
    private final int chunks;
    private final boolean accumulate;

    /** The product as M·x: of A and B's only column, or of the transposed B and A's only row. */
    VectorProduct(GemmKernel kernel, Workspace.Pool workspaces, Operands operands, boolean column) {
        this.kernel = kernel;
        this.workspaces = workspaces;
        this.operands = operands;
        this.column = column;
        matrix = column ? operands.a() : operands.b();
        alongY = column ? matrix.rowStride() : matrix.colStride();
        alongX = column ? matrix.colStride() : matrix.rowStride();
        x = column ? operands.b() : operands.a();
        xStride = column ? x.rowStride() : x.colStride();
        depth = operands.k();
        y = operands.c();
        yStride = column ? y.rowStride() : 1;
        count = column ? operands.m() : operands.n();
        accumulate = operands.accumulate();
        long chunkWork = (long) CHUNK * CHUNK / depth;
        chunk = Math.clamp(chunkWork, Math.min(count, CHUNK / 16), Math.min(count, CHUNK));
        chunks = Math.ceilDiv(count, chunk);
    }

    /** Whether M is contiguous along x or along y, so that its elements come in whole vectors. */
    static boolean canWalk(long alongX, long alongY, int depth, int count) {
        return alongX == 1 || alongY == 1 || depth == 1 || count == 1;
    }

    /** Runs all products of the batch, on {@code team} or, if that is null, in the calling thread. */
    void run(Parallel team) {
        int tasks = chunks * operands.batch();
        if (team != null) {
            team.run(tasks, this);
            return;
        }
        for (int task = 0; task < tasks; task++) {
            run(task, 0);
        }
    }

    @Override
    public void run(int task, int worker) {
        int i = task / chunks;
        int first = task % chunks * chunk;
        int rows = Math.min(chunk, count - first);
        long mOffset = ((column ? operands.aOffset(i) : operands.bOffset(i)) + first * alongY) * FLOAT;
        long xOffset = (column ? operands.bOffset(i) : operands.aOffset(i)) * FLOAT;
        long yOffset = (operands.cOffset(i) + first * yStride) * FLOAT;
        if (alongX == 1 || depth == 1) {
            dots(mOffset, rows, xOffset, yOffset);
        } else {
            combineRows(mOffset, rows, xOffset, yOffset);
        }
    }

    private void dots(long mOffset, int rows, long xOffset, long yOffset) {
        long rowStep = alongY * FLOAT;
        if (xStride == 1 || depth == 1) {
            kernel.dots(matrix.segment(), mOffset, rowStep, rows, x.segment(), xOffset, depth, accumulate, y.segment(),
                    yOffset, yStride * FLOAT);
            return;
        }
        Workspace workspace = workspaces.take();
        MemorySegment packed = workspace.rows((long) depth * FLOAT);
        copy(x.segment(), xOffset, xStride, packed, depth);
        kernel.dots(matrix.segment(), mOffset, rowStep, rows, packed, 0, depth, accumulate, y.segment(), yOffset,
                yStride * FLOAT);
        workspaces.giveBack(workspace);
    }

    private void combineRows(long mOffset, int rows, long xOffset, long yOffset) {
        long rowStep = alongX * FLOAT;
        if (yStride == 1 || rows == 1) {
            kernel.combineRows(matrix.segment(), mOffset, rowStep, rows, x.segment(), xOffset, xStride * FLOAT, depth,
                    accumulate, y.segment(), yOffset);
            return;
        }
        Workspace workspace = workspaces.take();
        MemorySegment packed = workspace.rows((long) rows * FLOAT);
        if (accumulate) {
            copy(y.segment(), yOffset, yStride, packed, rows);
        }
        kernel.combineRows(matrix.segment(), mOffset, rowStep, rows, x.segment(), xOffset, xStride * FLOAT, depth,
                accumulate, packed, 0);
        for (int r = 0; r < rows; r++) {
            y.segment().set(LAYOUT, yOffset + r * yStride * FLOAT, packed.get(LAYOUT, (long) r * FLOAT));
        }
        workspaces.giveBack(workspace);
    }

    private static void copy(MemorySegment from, long offset, long stride, MemorySegment to, int count) {
        for (int i = 0; i < count; i++) {
            to.set(LAYOUT, (long) i * FLOAT, from.get(LAYOUT, offset + i * stride * FLOAT));
        }
    }
}
