package dev.jacobian.cuda;

import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/** One function of rows as kernels for rows of different lengths, named after the longest that each is for. */
final class RowKernels {
    private static final int[] LONGEST = {16, 64, 1024};
    private static final int[] LANES = {16, 32, 32};

    private final Kernel[] byLength = new Kernel[LONGEST.length];
    private final Kernel any;

    RowKernels(CudaContext context, String file, String name) {
        for (int i = 0; i < LONGEST.length; i++) {
            byLength[i] = context.kernel(file, name + "_rows" + LONGEST[i] + "_float32");
        }
        any = context.kernel(file, name + "_rows_float32");
    }

    /** The kernel for rows of a length. */
    Kernel of(int length) {
        for (int i = 0; i < LONGEST.length; i++) {
            if (length <= LONGEST[i]) {
                return byLength[i];
            }
        }
        return any;
    }

    /** Starts that kernel, with its arguments, over so many rows. */
    void run(Launch launch, long rows, int length) {
        for (int i = 0; i < LONGEST.length; i++) {
            if (length <= LONGEST[i]) {
                launch.run(Tiles.rowBlocks(rows, LANES[i]), Tiles.ROW_THREADS, 0);
                return;
            }
        }
        launch.run(rows, Tiles.rowThreads(length), 0);
    }
}
