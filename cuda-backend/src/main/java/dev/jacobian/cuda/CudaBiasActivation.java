package dev.jacobian.cuda;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import dev.jacobian.cuda.driver.Scratch;

/**
 * What follows the product in a linear layer: bias and activation in one pass, and backward the gradient of both in one
 * pass, which also sums the bias's over chunks of rows; a second one sums the chunks where there are several.
 */
final class CudaBiasActivation {
    private static final String FILE = "bias";

    private final CudaContext context;
    private final CudaCopy copy;
    private final Kernel forward;
    private final Kernel backward;
    private final Kernel finish;

    CudaBiasActivation(CudaContext context, CudaCopy copy) {
        this.context = context;
        this.copy = copy;
        forward = context.kernel(FILE, "bias_activation_float32");
        backward = context.kernel(FILE, "bias_activation_backward_float32");
        finish = context.kernel(FILE, "bias_finish_float32");
    }

    void biasActivation(View x, View bias, Activation activation, View y) {
        context.launch(forward).pointer(x).pointer(bias).i64(bias.stride(0)).i32(code(activation)).pointer(y)
                .i64(y.size()).i32(y.dim(1)).run(Tiles.elementBlocks(y.size()), Tiles.COLUMN_THREADS, 0);
    }

    void biasActivationBackward(View y, View dy, Activation activation, View dx, View dbias) {
        View gradient = dy;
        if (!dy.isContiguous()) {
            copy.copy(dy, dx);
            gradient = dx;
        }
        int rows = dx.dim(0);
        int n = dx.dim(1);
        int chunks = Tiles.chunks(rows, n);
        if (chunks == 1) {
            sum(begin(y, gradient, activation, dx).pointer(dbias), rows, n);
            return;
        }
        try (Scratch parts = context.scratch((long) Float.BYTES * chunks * n)) {
            sum(begin(y, gradient, activation, dx).address(parts.address()), rows, n);
            context.launch(finish).address(parts.address()).i32(chunks).i32(n).pointer(dbias)
                    .run(Tiles.finishBlocks(n), Tiles.FINISH_THREADS, 0);
        }
    }

    /** As {@code bias.cu} numbers them. */
    private static int code(Activation activation) {
        return switch (activation) {
            case NONE -> 0;
            case RELU -> 1;
            case TANH -> 2;
            case SIGMOID -> 3;
        };
    }

    private Launch begin(View y, View dy, Activation activation, View dx) {
        return context.launch(backward).pointer(y).pointer(dy).i32(code(activation)).pointer(dx);
    }

    private static void sum(Launch launch, int rows, int n) {
        int columnBlocks = Tiles.columnBlocks(n);
        launch.i64(rows).i32(n).i32(Tiles.width(n)).i32(columnBlocks).i64(Tiles.chunkRows(rows, n))
                .run((long) Tiles.chunks(rows, n) * columnBlocks, Tiles.COLUMN_THREADS, 0);
    }
}
