package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.cuda.driver.CudaBuffer;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/** Maximum and mean pooling. Gradients are gathered, not scattered: no atomic operation, and the same bits always. */
final class CudaPool2d {
    private static final int THREADS = 256;
    /** Elements that one launch writes at most: kernels count them in 32 bits. */
    private static final int LARGEST = 1 << 30;

    private final CudaContext context;
    private final Kernel max;
    private final Kernel maxBackward;
    private final Kernel mean;
    private final Kernel meanBackward;

    CudaPool2d(CudaContext context) {
        this.context = context;
        max = context.kernel("pooling", "pooling_max_f32");
        maxBackward = context.kernel("pooling", "pooling_max_backward_f32");
        mean = context.kernel("pooling", "pooling_mean_f32");
        meanBackward = context.kernel("pooling", "pooling_mean_backward_f32");
    }

    void maxPool2d(View x, Window2d window, View y, View index) {
        long planes = planes(y);
        for (long first = 0; first < planes; first += perLaunch(y)) {
            int n = elements(y, planes - first);
            Launch launch = context.launch(max).address(plane(x, first)).address(plane(y, first))
                    .address(plane(index, first)).i32(n);
            shape(launch, x, window, y).run(Math.ceilDiv(n, THREADS), THREADS, 0);
        }
    }

    void maxPool2dBackward(View dy, View index, Window2d window, View dx) {
        long planes = planes(dx);
        for (long first = 0; first < planes; first += perLaunch(dx)) {
            int n = elements(dx, planes - first);
            Launch launch = context.launch(maxBackward).address(plane(dy, first)).address(plane(index, first))
                    .address(plane(dx, first)).i32(n);
            shape(launch, dx, window, dy).run(Math.ceilDiv(n, THREADS), THREADS, 0);
        }
    }

    void avgPool2d(View x, Window2d window, boolean countIncludePad, View y) {
        long planes = planes(y);
        for (long first = 0; first < planes; first += perLaunch(y)) {
            int n = elements(y, planes - first);
            Launch launch = context.launch(mean).address(plane(x, first)).address(plane(y, first)).i32(n);
            shape(launch, x, window, y).i32(countIncludePad ? 1 : 0).run(Math.ceilDiv(n, THREADS), THREADS, 0);
        }
    }

    void avgPool2dBackward(View dy, Window2d window, boolean countIncludePad, View dx) {
        long planes = planes(dx);
        for (long first = 0; first < planes; first += perLaunch(dx)) {
            int n = elements(dx, planes - first);
            Launch launch = context.launch(meanBackward).address(plane(dy, first)).address(plane(dx, first)).i32(n);
            shape(launch, dx, window, dy).i32(countIncludePad ? 1 : 0).run(Math.ceilDiv(n, THREADS), THREADS, 0);
        }
    }

    /** The planes of what is written; none where they are empty. */
    private static long planes(View result) {
        return result.size() == 0 ? 0 : (long) result.dim(0) * result.dim(1);
    }

    private static long perLaunch(View result) {
        return Math.max(1, LARGEST / ((long) result.dim(2) * result.dim(3)));
    }

    private static int elements(View result, long planes) {
        return Math.toIntExact(Math.min(planes, perLaunch(result)) * result.dim(2) * result.dim(3));
    }

    private static long plane(View view, long plane) {
        long elements = view.offset() + plane * view.dim(2) * view.dim(3);
        return ((CudaBuffer) view.buffer()).address() + elements * view.dtype().bytes();
    }

    /** Passes {@code Planes} and {@code Window}. */
    private static Launch shape(Launch launch, View x, Window2d window, View y) {
        launch.open(Integer.BYTES)
                .i32(x.dim(2))
                .i32(x.dim(3))
                .i32(y.dim(2))
                .i32(y.dim(3))
                .close();
        return window(launch, window);
    }

    /** Passes {@code Window}. */
    static Launch window(Launch launch, Window2d window) {
        return launch.open(Integer.BYTES)
                .i32(window.kernelH())
                .i32(window.kernelW())
                .i32(window.strideH())
                .i32(window.strideW())
                .i32(window.paddingH())
                .i32(window.paddingW())
                .i32(window.dilationH())
                .i32(window.dilationW())
                .close();
    }
}
