package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/**
 * Softmax and its logarithm along one axis. Along the last axis a short row lies in the registers of a warp, and a long
 * one is read twice by a block; along another axis neighbouring threads take neighbouring columns. Inputs whose axes do
 * not fold to [outer, n, inner], or that lie wide apart, are copied to the output first and worked on there.
 */
final class CudaSoftmax {
    private static final String FILE = "softmax";
    /** The longest row of each kernel for short rows, and the lanes that share one. */
    private static final int[] LONGEST = {16, 64, 128, 256, 512, 1024};
    private static final int[] LANES = {16, 32, 32, 32, 32, 32};
    /** Elements farther apart than this are copied first: a copy reads whole lines of memory, whatever the strides. */
    private static final int FARTHEST = 4;

    private final CudaContext context;
    private final CudaCopy copy;
    private final Kernel[] shortRows = new Kernel[LONGEST.length];
    private final Kernel[] shortRowsBackward = new Kernel[LONGEST.length];
    private final Kernel rows;
    private final Kernel rowsBackward;
    private final Kernel columns;
    private final Kernel columnsBackward;

    CudaSoftmax(CudaContext context, CudaCopy copy) {
        this.context = context;
        this.copy = copy;
        for (int i = 0; i < LONGEST.length; i++) {
            shortRows[i] = context.kernel(FILE, "softmax_rows" + LONGEST[i] + "_float32");
            shortRowsBackward[i] = context.kernel(FILE, "softmax_backward_rows" + LONGEST[i] + "_float32");
        }
        rows = context.kernel(FILE, "softmax_rows_float32");
        rowsBackward = context.kernel(FILE, "softmax_backward_rows_float32");
        columns = context.kernel(FILE, "softmax_columns_float32");
        columnsBackward = context.kernel(FILE, "softmax_backward_columns_float32");
    }

    void softmax(View x, int axis, View y) {
        forward(x, axis, y, 0);
    }

    void logSoftmax(View x, int axis, View y) {
        forward(x, axis, y, 1);
    }

    void softmaxBackward(View y, View dy, int axis, View dx) {
        backward(y, dy, axis, dx, 0);
    }

    void logSoftmaxBackward(View y, View dy, int axis, View dx) {
        backward(y, dy, axis, dx, 1);
    }

    private void forward(View x, int axis, View y, int logarithm) {
        if (y.size() == 0) {
            return;
        }
        View from = readable(x, axis, y);
        int n = y.dim(axis);
        long inner = elements(y, axis + 1, y.rank());
        long count = y.size() / n;
        long outerStep = step(from, 0, axis);
        if (inner == 1) {
            int kernel = kernel(n);
            Launch launch = context.launch(kernel < 0 ? rows : shortRows[kernel]);
            launch.pointer(from).i64(outerStep).i64(from.stride(axis)).pointer(y).i64(count).i32(n).i32(logarithm);
            runRows(launch, kernel, count, n);
        } else {
            context.launch(columns).pointer(from).i64(outerStep).i64(from.stride(axis))
                    .i64(step(from, axis + 1, from.rank())).pointer(y).i64(count).i32(n).i64(inner).i32(width(n))
                    .i32(logarithm).run(Math.ceilDiv(count, width(n)), Tiles.COLUMN_THREADS, 0);
        }
    }

    private void backward(View y, View dy, int axis, View dx, int logarithm) {
        if (y.size() == 0) {
            return;
        }
        View from = readable(dy, axis, dx);
        int n = y.dim(axis);
        long inner = elements(y, axis + 1, y.rank());
        long count = y.size() / n;
        long outerStep = step(from, 0, axis);
        if (inner == 1) {
            int kernel = kernel(n);
            Launch launch = context.launch(kernel < 0 ? rowsBackward : shortRowsBackward[kernel]);
            launch.pointer(y).pointer(from).i64(outerStep).i64(from.stride(axis)).pointer(dx).i64(count).i32(n)
                    .i32(logarithm);
            runRows(launch, kernel, count, n);
        } else {
            context.launch(columnsBackward).pointer(y).pointer(from).i64(outerStep).i64(from.stride(axis))
                    .i64(step(from, axis + 1, from.rank())).pointer(dx).i64(count).i32(n).i64(inner).i32(width(n))
                    .i32(logarithm).run(Math.ceilDiv(count, width(n)), Tiles.COLUMN_THREADS, 0);
        }
    }

    private static void runRows(Launch launch, int kernel, long count, int n) {
        if (kernel < 0) {
            launch.run(count, Tiles.rowThreads(n), 0);
        } else {
            launch.run(Tiles.rowBlocks(count, LANES[kernel]), Tiles.ROW_THREADS, 0);
        }
    }

    /** The kernel for rows of a length, -1 for the one that takes a block a row. */
    private static int kernel(int n) {
        for (int i = 0; i < LONGEST.length; i++) {
            if (n <= LONGEST[i]) {
                return i;
            }
        }
        return -1;
    }

    /** Columns of a block: fewer, and so more threads for each, the longer they are. */
    private static int width(int n) {
        return n < 16 ? Tiles.COLUMN_THREADS : n < 1024 ? 32 : 8;
    }

    /** The input, or a copy of it in the output if kernels cannot read it, or not well, where it lies. */
    private View readable(View x, int axis, View output) {
        if (x.isContiguous()) {
            return x;
        }
        long innerStep = step(x, axis + 1, x.rank());
        long nearest = elements(x, axis + 1, x.rank()) == 1 ? x.stride(axis) : innerStep;
        if (step(x, 0, axis) >= 0 && innerStep >= 0 && (nearest <= FARTHEST || x.dim(axis) == 1)) {
            return x;
        }
        copy.copy(x, output);
        return output;
    }

    private static long elements(View view, int from, int end) {
        long elements = 1;
        for (int i = from; i < end; i++) {
            elements *= view.dim(i);
        }
        return elements;
    }

    /** The stride of a range of axes as one axis, 0 if it has one element, -1 if it cannot be one. */
    private static long step(View view, int from, int end) {
        long step = 0;
        long next = -1;
        for (int i = end - 1; i >= from; i--) {
            if (view.dim(i) == 1) {
                continue;
            }
            if (next < 0) {
                step = view.stride(i);
            } else if (view.stride(i) != next) {
                return -1;
            }
            next = view.stride(i) * view.dim(i);
        }
        return step;
    }
}
