package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;

/** GELU, one pass in each direction. */
final class CudaGelu {
    private static final String FILE = "gelu";

    private final CudaContext context;
    private final Kernel forward;
    private final Kernel backward;

    CudaGelu(CudaContext context) {
        this.context = context;
        forward = context.kernel(FILE, "gelu_float32");
        backward = context.kernel(FILE, "gelu_backward_float32");
    }

    void gelu(View x, View y) {
        context.launch(forward).pointer(x).pointer(y).i64(x.size())
                .run(Tiles.elementBlocks(x.size()), Tiles.COLUMN_THREADS, 0);
    }

    void geluBackward(View x, View dy, View dx) {
        context.launch(backward).pointer(x).pointer(dy).pointer(dx).i64(x.size())
                .run(Tiles.elementBlocks(x.size()), Tiles.COLUMN_THREADS, 0);
    }
}
