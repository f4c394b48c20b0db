package dev.jacobian.cuda;

import static dev.jacobian.cuda.ElementKernel.address;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.IndexErrors;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/**
 * Gather and scatter-add along one axis. Where one index holds for a whole dense run, as when rows are selected, four
 * elements are moved or added at a time.
 *
 * <p>Scatter-add gives each target's sum to one thread, which adds in the order of the elements: no atomic operation,
 * and the same bits always. Where lines share their indices (rows of an embedding), or are few, warps share the targets,
 * and each scans all indices for its own: that costs indices × shares / 32 steps, beside reading x once, and reading and
 * writing what is added to once for every 128 to 256 indices that a warp finds. A target that most elements share is
 * added by one warp, as the order demands.
 */
final class CudaGather {
    private static final int THREADS = 256;
    private static final int WARP = 32;
    private static final int GROUP = 4;
    /** Lines up to this length, and lines of their own indices if they are many, are added by one thread each. */
    private static final int SHORT = 16;
    private static final int MANY = 4096;
    /** Fewer columns leave lanes without work when each takes four. */
    private static final int WIDE = WARP * GROUP;
    /** For a multiprocessor that scatter-add's registers leave room for. */
    private static final int WARPS = 16;

    private static final String[] TYPES = {"f32", "i32"};

    private final CudaContext context;
    private final Kernel[] addLines = new Kernel[TYPES.length];
    private final Kernel[] addColumns = new Kernel[TYPES.length];
    private final Kernel[] addColumnsByFour = new Kernel[TYPES.length];
    private final Kernel bytes;
    private final Kernel bytesByFour;
    private final Kernel words;
    private final Kernel wordsByFour;

    CudaGather(CudaContext context) {
        this.context = context;
        bytes = context.kernel("gather", "gather_b8");
        bytesByFour = context.kernel("gather", "gather_b8x4");
        words = context.kernel("gather", "gather_b32");
        wordsByFour = context.kernel("gather", "gather_b32x4");
        for (int i = 0; i < TYPES.length; i++) {
            addLines[i] = context.kernel("gather", "gather_add_lines_" + TYPES[i]);
            addColumns[i] = context.kernel("gather", "gather_add_columns_" + TYPES[i]);
            addColumnsByFour[i] = context.kernel("gather", "gather_add_columns_" + TYPES[i] + "x4");
        }
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> 0;
            case INT32 -> 1;
            case BOOL, FLOAT64 ->
                throw new IllegalArgumentException("scatterAdd: got " + dtype + ", expected float32 or int32 on cuda");
        };
    }

    void gather(View x, int axis, View index, View out) {
        Axes axes = Axes.start(0, 3);
        axes.operand(0, out);
        axes.operand(1, index);
        axes.operand(2, x);
        for (int i = 0; i < out.rank(); i++) {
            axes.axis(out.dim(i), out.stride(i), index.stride(i), i == axis ? 0 : x.stride(i), 0);
        }
        int group = isRun(axes) && x.stride(axis) % GROUP == 0 && axes.groupByFour() != 0 ? GROUP : 1;
        Kernel kernel;
        if (x.dtype().bytes() == 1) {
            kernel = group == 1 ? bytes : bytesByFour;
        } else {
            kernel = group == 1 ? words : wordsByFour;
        }
        long position = 0;
        while (axes.next()) {
            int n = axes.pieceSize();
            Launch launch = context.launch(kernel).address(axes.address(0)).address(axes.address(1))
                    .address(axes.address(2)).i32(n);
            axes.write(launch).i32(x.dim(axis)).i64(x.stride(axis)).i64(position);
            report(launch, IndexErrors.GATHER).run(Math.ceilDiv(n, THREADS), THREADS, 0);
            position += (long) n * group;
        }
    }

    /** Whether one index holds along the innermost axis, where the other two are dense. */
    private static boolean isRun(Axes axes) {
        int last = axes.rank() - 1;
        return last >= 0 && axes.stride(0, last) == 1 && axes.stride(1, last) == 0 && axes.stride(2, last) == 1;
    }

    void scatterAdd(View x, int axis, View index, View out) {
        if (x.size() == 0) {
            return;
        }
        Axes lines = Axes.start(0, 3);
        lines.operand(0, x);
        lines.operand(1, index);
        lines.operand(2, out);
        for (int i = 0; i < x.rank(); i++) {
            if (i != axis) {
                lines.axis(x.dim(i), x.stride(i), index.stride(i), out.stride(i), 0);
            }
        }
        boolean shared = lines.rank() > 0 && lines.stride(1, lines.rank() - 1) == 0;
        if (x.dim(axis) > SHORT && (shared || lines.size() < MANY)) {
            addColumns(x, axis, index, out, lines, shared ? lines.rank() - 1 : lines.rank());
            return;
        }
        Kernel kernel = addLines[type(x.dtype())];
        long first = 0;
        while (lines.next()) {
            int n = lines.pieceSize();
            Launch launch = context.launch(kernel).address(lines.address(0)).address(lines.address(1))
                    .address(lines.address(2)).i32(n);
            report(line(lines.write(launch), x, axis, index, out, first, 1), IndexErrors.SCATTER_ADD)
                    .run(Math.ceilDiv(n, THREADS), THREADS, 0);
            first += n;
        }
    }

    /** Adds groups of lines; the axis after the first {@code outer} ones counts the lines that share their indices. */
    private void addColumns(View x, int axis, View index, View out, Axes lines, int outer) {
        boolean shared = outer < lines.rank();
        int width = shared ? (int) lines.dim(outer) : 1;
        long xStep = shared ? lines.stride(0, outer) : 0;
        long outStep = shared ? lines.stride(2, outer) : 0;
        int group = xStep == 1 && outStep == 1 && width >= WIDE && isGrouped(x, axis, out, lines, outer) ? GROUP : 1;
        Axes groups = Axes.start(1, 3);
        groups.operand(0, address(x), x.dtype().bytes() * group);
        groups.operand(1, index);
        groups.operand(2, address(out), out.dtype().bytes() * group);
        for (int i = 0; i < outer; i++) {
            groups.axis(lines.dim(i), lines.stride(0, i) / group, lines.stride(1, i), lines.stride(2, i) / group,
                    0);
        }
        int count = width / group;
        int parts = Math.ceilDiv(count, WARP);
        long wanted = (long) context.multiprocessors() * WARPS / (groups.size() * parts);
        int shares = Integer.highestOneBit((int) Math.max(1,
                Math.min(wanted, Math.min(out.dim(axis), x.dim(axis) / 8))));
        Kernel kernel = (group == 1 ? addColumns : addColumnsByFour)[type(x.dtype())];
        long first = 0;
        while (groups.next()) {
            int n = groups.pieceSize();
            Launch launch = context.launch(kernel).address(groups.address(0)).address(groups.address(1))
                    .address(groups.address(2)).i32(n);
            line(groups.write(launch), x, axis, index, out, first * width, group)
                    .open(Long.BYTES).i32(count).i32(width).i64(xStep).i64(outStep).i32(parts).i32(shares).close();
            report(launch, IndexErrors.SCATTER_ADD)
                    .run(Math.ceilDiv((long) n * parts * shares, THREADS / WARP), THREADS, 0);
            first += n;
        }
    }

    /** Whether all columns of x and out can be taken four at a time. */
    private static boolean isGrouped(View x, int axis, View out, Axes lines, int outer) {
        boolean grouped = lines.dim(outer) % GROUP == 0
                && address(x) % (Float.BYTES * GROUP) == 0
                && address(out) % (Float.BYTES * GROUP) == 0
                && x.stride(axis) % GROUP == 0
                && out.stride(axis) % GROUP == 0;
        for (int i = 0; i < outer; i++) {
            grouped &= lines.stride(0, i) % GROUP == 0 && lines.stride(2, i) % GROUP == 0;
        }
        return grouped;
    }

    /** Passes {@code Lines}, with steps that count groups of elements. */
    private static Launch line(Launch launch, View x, int axis, View index, View out, long first, int group) {
        long inside = 1;
        for (int i = axis + 1; i < x.rank(); i++) {
            inside *= x.dim(i);
        }
        return launch.open(Long.BYTES)
                .i32(x.dim(axis))
                .i64(x.stride(axis) / group)
                .i64(index.stride(axis))
                .i64(out.stride(axis) / group)
                .i32(out.dim(axis))
                .i64(first)
                .i64(inside)
                .close();
    }

    private Launch report(Launch launch, int slot) {
        IndexErrors errors = context.indexErrors();
        return launch.open(Long.BYTES).address(errors.address(slot)).address(errors.anyAddress()).close();
    }
}
