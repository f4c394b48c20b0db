package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import dev.jacobian.cuda.driver.Scratch;

/**
 * Attention: a block takes a tile of queries, or backward for the gradients of keys and values one of keys, and goes over
 * the tiles of the other side.
 */
final class CudaAttention {
    private static final String FILE = "attention";
    /** {@code TILE} in the kernels. */
    private static final int TILE = 64;
    private static final int THREADS = 256;

    private final CudaContext context;
    private final Kernel forward;
    private final Kernel delta;
    private final Kernel backwardQueries;
    private final Kernel backwardKeys;

    CudaAttention(CudaContext context) {
        this.context = context;
        forward = context.kernel(FILE, "attention_float32");
        delta = context.kernel(FILE, "attention_delta_float32");
        backwardQueries = context.kernel(FILE, "attention_backward_queries_float32");
        backwardKeys = context.kernel(FILE, "attention_backward_keys_float32");
    }

    void attention(View q, View k, View v, double scale, boolean causal, View y, View logSumExp) {
        Launch launch = context.launch(forward);
        heads(launch, q);
        heads(launch, k);
        heads(launch, v);
        heads(launch, y);
        launch.pointer(logSumExp);
        sizes(launch, q, k, scale, causal).run(blocks(q), THREADS, 0);
    }

    void attentionBackward(View q, View k, View v, View y, View logSumExp, View dy, double scale, boolean causal,
            View dq, View dk, View dv) {
        try (Scratch sums = context.scratch(logSumExp.size() * Float.BYTES)) {
            Launch rows = context.launch(delta);
            heads(rows, y);
            heads(rows, dy);
            rows.address(sums.address()).i64(logSumExp.size());
            sizes(rows, q, k, scale, causal).run(Tiles.rowBlocks(logSumExp.size(), 32), Tiles.ROW_THREADS, 0);

            Launch queries = begin(backwardQueries, q, k, v, dy, logSumExp, sums);
            heads(queries, dq);
            sizes(queries, q, k, scale, causal).run(blocks(q), THREADS, 0);

            Launch keys = begin(backwardKeys, q, k, v, dy, logSumExp, sums);
            heads(keys, dk);
            heads(keys, dv);
            sizes(keys, q, k, scale, causal).run(blocks(k), THREADS, 0);
        }
    }

    private Launch begin(Kernel kernel, View q, View k, View v, View dy, View logSumExp, Scratch sums) {
        Launch launch = context.launch(kernel);
        heads(launch, q);
        heads(launch, k);
        heads(launch, v);
        heads(launch, dy);
        return launch.pointer(logSumExp).address(sums.address());
    }

    /** {@code Heads} in the kernels: a view [batch, heads, rows, columns] whose columns lie next to each other. */
    private static void heads(Launch launch, View view) {
        launch.open(Long.BYTES).pointer(view).i64(view.stride(0)).i64(view.stride(1)).i64(view.stride(2)).close();
    }

    /** {@code Sizes} in the kernels. */
    private static Launch sizes(Launch launch, View q, View k, double scale, boolean causal) {
        return launch.open(Integer.BYTES).i32(q.dim(1)).i32(q.dim(2)).i32(k.dim(2)).i32(q.dim(3)).i32(causal ? 1 : 0)
                .f32((float) scale).close();
    }

    /** A block for each tile of rows and columns of each head; one of no columns has the log-sum-exp to write. */
    private static long blocks(View rows) {
        return (long) rows.dim(0) * rows.dim(1) * Math.ceilDiv(rows.dim(2), TILE)
                * Math.max(1, Math.ceilDiv(rows.dim(3), TILE));
    }
}
