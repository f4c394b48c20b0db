package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Scratch;

/**
 * Layer normalisation over the last axis: lanes of a warp share a short row, a block takes a long one. The gradients of
 * weight and bias are summed over chunks of rows first, and then over chunks.
 */
final class CudaLayerNorm {
    private static final String FILE = "layernorm";
    /** Two floats of each column of each chunk. */
    private static final int PART_BYTES = 8;

    private final CudaContext context;
    private final RowKernels forward;
    private final RowKernels backward;
    private final Kernel sums;
    private final Kernel finish;

    CudaLayerNorm(CudaContext context) {
        this.context = context;
        forward = new RowKernels(context, FILE, "layernorm");
        backward = new RowKernels(context, FILE, "layernorm_backward");
        sums = context.kernel(FILE, "layernorm_sums_float32");
        finish = context.kernel(FILE, "layernorm_finish_float32");
    }

    void layerNorm(View x, View weight, View bias, double epsilon, View mean, View rstd, View y) {
        int n = x.dim(1);
        forward.run(context.launch(forward.of(n)).pointer(x).pointer(weight).pointer(bias).f32((float) epsilon)
                .pointer(mean).pointer(rstd).pointer(y).i64(x.dim(0)).i32(n), x.dim(0), n);
    }

    void layerNormBackward(View x, View weight, View mean, View rstd, View dy, View dx, View dweight, View dbias) {
        int n = x.dim(1);
        if (dweight != null) {
            parameters(x, mean, rstd, dy, dweight, dbias);
        }
        backward.run(context.launch(backward.of(n)).pointer(x).pointer(weight).pointer(mean).pointer(rstd).pointer(dy)
                .pointer(dx).i64(x.dim(0)).i32(n), x.dim(0), n);
    }

    private void parameters(View x, View mean, View rstd, View dy, View dweight, View dbias) {
        int rows = x.dim(0);
        int n = x.dim(1);
        int chunks = Tiles.chunks(rows, n);
        int columnBlocks = Tiles.columnBlocks(n);
        try (Scratch parts = context.scratch((long) PART_BYTES * chunks * n)) {
            context.launch(sums).pointer(x).pointer(mean).pointer(rstd).pointer(dy).address(parts.address()).i64(rows)
                    .i32(n).i32(Tiles.width(n)).i32(columnBlocks).i64(Tiles.chunkRows(rows, n))
                    .run((long) chunks * columnBlocks, Tiles.COLUMN_THREADS, 0);
            context.launch(finish).address(parts.address()).i32(chunks).i32(n).pointer(dweight).pointer(dbias)
                    .run(Tiles.finishBlocks(n), Tiles.FINISH_THREADS, 0);
        }
    }
}
