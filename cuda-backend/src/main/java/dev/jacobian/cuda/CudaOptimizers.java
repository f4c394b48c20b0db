package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import java.util.List;

/**
 * Steps of the optimisers, each one pass over all parameters and their state. A launch takes the addresses of up to
 * {@value #MAX_TENSORS} parameters by value, so that nothing has to be copied to the device before it.
 */
final class CudaOptimizers {
    /** As in {@code optimizers.cu}. */
    private static final int MAX_TENSORS = 80;
    /** Elements of a block, as in {@code optimizers.cu}. */
    private static final int CHUNK = 4096;

    private static final int THREADS = 256;

    private final CudaContext context;
    private final Kernel sgd;
    private final Kernel momentum;
    private final Kernel nesterov;
    private final Kernel adam;

    CudaOptimizers(CudaContext context) {
        this.context = context;
        sgd = context.kernel("optimizers", "optimizers_sgd_f32");
        momentum = context.kernel("optimizers", "optimizers_momentum_f32");
        nesterov = context.kernel("optimizers", "optimizers_nesterov_f32");
        adam = context.kernel("optimizers", "optimizers_adam_f32");
    }

    void sgd(List<View> parameters, List<View> gradients, List<View> velocities, double momentumFactor,
            double weightDecay, boolean looksAhead, View scalars) {
        for (int first = 0; first < parameters.size(); first += MAX_TENSORS) {
            Launch launch;
            if (velocities.isEmpty()) {
                launch = context.launch(sgd).pointer(scalars).f32((float) weightDecay);
            } else {
                launch = context.launch(looksAhead ? nesterov : momentum).pointer(scalars).f32((float) weightDecay)
                        .f32((float) momentumFactor);
            }
            run(launch, first, parameters, gradients, velocities, List.of());
        }
    }

    void adam(List<View> parameters, List<View> gradients, List<View> m, List<View> v, double beta1, double beta2,
            double epsilon, double weightDecay, boolean decoupled, View scalars) {
        for (int first = 0; first < parameters.size(); first += MAX_TENSORS) {
            Launch launch = context.launch(adam)
                    .pointer(scalars)
                    .open(Float.BYTES)
                    .f32((float) beta1)
                    .f32((float) beta2)
                    .f32((float) (1 - beta1))
                    .f32((float) (1 - beta2))
                    .close()
                    .f32((float) epsilon)
                    .f32(decoupled ? 0 : (float) weightDecay)
                    .f32(decoupled ? (float) weightDecay : 0);
            run(launch, first, parameters, gradients, m, v);
        }
    }

    /** Passes the table of the tensors from {@code first} on, and starts one block for each of their chunks. */
    private static void run(Launch launch, int first, List<View> parameters, List<View> gradients, List<View> states1,
            List<View> states2) {
        int count = Math.min(MAX_TENSORS, parameters.size() - first);
        launch.open(Long.BYTES).i64(count);
        long chunks = 0;
        for (int i = first; i < first + MAX_TENSORS; i++) {
            boolean there = i < first + count;
            long size = there ? parameters.get(i).size() : 0;
            launch.pointer(there ? parameters.get(i) : null)
                    .pointer(there ? gradients.get(i) : null)
                    .pointer(there && !states1.isEmpty() ? states1.get(i) : null)
                    .pointer(there && !states2.isEmpty() ? states2.get(i) : null)
                    .i64(size)
                    .i64(chunks);
            chunks += Math.ceilDiv(size, CHUNK);
        }
        launch.close().run(chunks, THREADS, 0);
    }
}
