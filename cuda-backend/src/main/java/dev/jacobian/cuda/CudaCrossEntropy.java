package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.IndexErrors;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/**
 * Cross-entropy with class indices, in one pass over the logits: lanes of a warp share a short row, a block takes a
 * long one. The kernels note labels out of range, and read nothing there; the host throws when it synchronises.
 */
final class CudaCrossEntropy {
    private static final String FILE = "crossentropy";

    private final CudaContext context;
    private final RowKernels forward;
    private final RowKernels backward;

    CudaCrossEntropy(CudaContext context) {
        this.context = context;
        forward = new RowKernels(context, FILE, "crossentropy");
        backward = new RowKernels(context, FILE, "crossentropy_backward");
    }

    void crossEntropy(View logits, View target, int ignoreIndex, double labelSmoothing, View logSumExp, View loss) {
        int classes = logits.dim(1);
        Launch launch = begin(forward.of(classes), logits, target, ignoreIndex, labelSmoothing, logSumExp);
        launch.pointer(loss).i64(loss.stride(0));
        end(launch, forward, logits.dim(0), classes);
    }

    void crossEntropyBackward(
            View logits,
            View target,
            int ignoreIndex,
            double labelSmoothing,
            View logSumExp,
            View dloss,
            View dlogits) {
        int classes = logits.dim(1);
        Launch launch = begin(backward.of(classes), logits, target, ignoreIndex, labelSmoothing, logSumExp);
        launch.pointer(dloss).i64(dloss.stride(0)).pointer(dlogits);
        end(launch, backward, logits.dim(0), classes);
    }

    private Launch begin(Kernel kernel, View logits, View target, int ignoreIndex, double labelSmoothing,
            View logSumExp) {
        return context.launch(kernel).pointer(logits).i64(logits.stride(0)).i64(logits.stride(1)).pointer(target)
                .i64(target.stride(0)).i32(ignoreIndex).f32((float) labelSmoothing).pointer(logSumExp)
                .i64(logSumExp.stride(0));
    }

    private void end(Launch launch, RowKernels kernels, int rows, int classes) {
        IndexErrors errors = context.indexErrors();
        launch.i64(rows).i32(classes).open(Long.BYTES).address(errors.address(IndexErrors.CROSS_ENTROPY))
                .address(errors.anyAddress()).close();
        kernels.run(launch, rows, classes);
    }
}
