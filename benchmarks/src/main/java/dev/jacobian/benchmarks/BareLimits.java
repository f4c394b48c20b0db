package dev.jacobian.benchmarks;

import dev.jacobian.cuda.driver.CudaBuffer;
import dev.jacobian.cuda.driver.CudaContext;

/** What the card does without this project's kernels: the driver's own copy, cuBLAS called bare. */
final class BareLimits {
    private BareLimits() {}

    /** Bytes a second, read and written, of a copy within the device. */
    static double bandwidth(CudaContext context, Stopwatch stopwatch, long bytes) {
        CudaBuffer from = context.allocate(bytes);
        CudaBuffer to = context.allocate(bytes);
        try {
            return 2 * bytes / stopwatch.time(() -> context.copy(from, to, bytes)).seconds();
        } finally {
            context.free(from);
            context.free(to);
        }
    }

    /** Floating-point operations a second of a square float32 product. */
    static double flops(CudaContext context, Stopwatch stopwatch, int size) {
        long bytes = 4L * size * size;
        CudaBuffer a = context.allocate(bytes);
        CudaBuffer b = context.allocate(bytes);
        CudaBuffer c = context.allocate(bytes);
        try {
            Timing timing = stopwatch.time(() -> context.blas().gemm(false, false, size, size, size, a.address(), size,
                    0, b.address(), size, 0, 0, c.address(), size, 0, 1));
            return 2.0 * size * size * size / timing.seconds();
        } finally {
            context.free(a);
            context.free(b);
            context.free(c);
        }
    }
}
