package dev.jacobian.cuda;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaBuffer;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import java.util.Locale;
import java.util.Map;

/**
 * A function of single elements: one kernel for dense operands and one for strided ones. Both take the operands first.
 *
 * @param dense then takes the number of elements and how many fours of them threads take together
 * @param strided then takes the number of elements, a bit for each operand that is taken by fours, and the axes
 */
record ElementKernel(Kernel dense, Kernel strided) {
    private static final int THREADS = 256;

    static ElementKernel of(CudaContext context, String file, String name) {
        return new ElementKernel(context.kernel(file, name), context.kernel(file, name + "_strided"));
    }

    /** Starts the dense kernel on n elements, whose operands are at the given arguments already. */
    static void runDense(Launch launch, long n, boolean aligned) {
        long fours = aligned ? n / 4 : 0;
        launch.i64(n).i64(fours).run(blocks(n - 3 * fours), THREADS, 0);
    }

    /** Starts the strided kernel on a piece of the axes. */
    static void runStrided(Launch launch, Axes piece, int fours) {
        int n = piece.pieceSize();
        piece.write(launch.i32(n).i32(fours)).run(blocks(n), THREADS, 0);
    }

    private static long blocks(long threads) {
        return (threads + THREADS - 1) / THREADS;
    }

    /** Whether four elements can be taken at once from an address on. */
    static boolean isAligned(long address, int elementBytes) {
        return address % (4L * elementBytes) == 0;
    }

    /** Where a view's first element is. */
    static long address(View view) {
        return ((CudaBuffer) view.buffer()).address() + view.offset() * view.dtype().bytes();
    }

    /** What there is for an operation and a type, refused where there is nothing. */
    static <O extends Enum<O>, K> K ofType(Map<O, Map<DType, K>> kernels, O op, DType dtype) {
        K kernel = kernels.get(op).get(dtype);
        if (kernel == null) {
            throw new IllegalArgumentException(op.name().toLowerCase(Locale.ROOT) + ": got " + dtype
                    + " on cuda, expected one of " + kernels.get(op).keySet() + "; convert it first");
        }
        return kernel;
    }

    /** A type's place in arrays of kernels. */
    static int index(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> 0;
            case INT32 -> 1;
            case BOOL -> 2;
            case FLOAT64 -> throw new IllegalArgumentException("cuda: got float64, expected float32, int32 or bool");
        };
    }
}
