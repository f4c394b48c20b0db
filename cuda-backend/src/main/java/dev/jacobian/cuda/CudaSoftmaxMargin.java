package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.IndexErrors;
import dev.jacobian.cuda.driver.Launch;

/**
 * Hinge loss of softmax probabilities, laid over the device as {@link CudaCrossEntropy} is. The kernels note labels out
 * of range, and read nothing there; the host throws when it synchronises.
 */
final class CudaSoftmaxMargin {
    private static final String FILE = "softmaxmargin";

    private final CudaContext context;
    private final RowKernels forward;
    private final RowKernels backward;

    CudaSoftmaxMargin(CudaContext context) {
        this.context = context;
        forward = new RowKernels(context, FILE, "softmaxmargin");
        backward = new RowKernels(context, FILE, "softmaxmargin_backward");
    }

    void softmaxMargin(View logits, View target, double margin, View probability, View loss) {
        int classes = logits.dim(1);
        Launch launch = context.launch(forward.of(classes)).pointer(logits).i64(logits.stride(0))
                .i64(logits.stride(1));
        launch.pointer(target).i64(target.stride(0)).f32((float) margin).pointer(probability).pointer(loss)
                .i64(loss.stride(0));
        end(launch, forward, logits.dim(0), classes);
    }

    void softmaxMarginBackward(View probability, View target, double margin, View dloss, View dlogits) {
        int classes = probability.dim(1);
        Launch launch = context.launch(backward.of(classes)).pointer(probability).pointer(target)
                .i64(target.stride(0)).f32((float) margin);
        launch.pointer(dloss).i64(dloss.stride(0)).pointer(dlogits);
        end(launch, backward, probability.dim(0), classes);
    }

    private void end(Launch launch, RowKernels kernels, int rows, int classes) {
        IndexErrors errors = context.indexErrors();
        launch.i64(rows).i32(classes).open(Long.BYTES).address(errors.address(IndexErrors.SOFTMAX_MARGIN))
                .address(errors.anyAddress()).close();
        kernels.run(launch, rows, classes);
    }
}
