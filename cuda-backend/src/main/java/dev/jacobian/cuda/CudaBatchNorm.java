package dev.jacobian.cuda;

import dev.jacobian.backend.Activation;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import dev.jacobian.cuda.driver.Scratch;

/**
 * Batch normalisation over [examples, channels, inner] in three steps: sums over parts of every channel, factors of
 * every channel from the sums, and one pass that writes. Parts are cut by the shape only: chunks of rows where inner is
 * 1, else blocks of examples or, where these are fewer than blocks, pieces of them.
 */
final class CudaBatchNorm {
    private static final String FILE = "batchnorm";
    /** Count, mean and squared deviations of a part. */
    private static final int MOMENTS_BYTES = 12;
    /** Two sums of a part. */
    private static final int SUMS_BYTES = 8;
    private static final int FACTORS_BYTES = 16;

    private final CudaContext context;
    private final CudaCopy copy;
    private final Kernel momentsColumns;
    private final Kernel momentsRuns;
    private final Kernel finish;
    private final Kernel write;
    private final Kernel sumsColumns;
    private final Kernel sumsRuns;
    private final Kernel finishBackward;
    private final Kernel writeBackward;

    CudaBatchNorm(CudaContext context, CudaCopy copy) {
        this.context = context;
        this.copy = copy;
        momentsColumns = context.kernel(FILE, "batchnorm_moments_columns_float32");
        momentsRuns = context.kernel(FILE, "batchnorm_moments_runs_float32");
        finish = context.kernel(FILE, "batchnorm_finish_float32");
        write = context.kernel(FILE, "batchnorm_write_float32");
        sumsColumns = context.kernel(FILE, "batchnorm_sums_columns_float32");
        sumsRuns = context.kernel(FILE, "batchnorm_sums_runs_float32");
        finishBackward = context.kernel(FILE, "batchnorm_finish_backward_float32");
        writeBackward = context.kernel(FILE, "batchnorm_write_backward_float32");
    }

    void batchNorm(
            View x,
            View weight,
            View bias,
            double epsilon,
            Activation activation,
            View mean,
            View variance,
            View y) {
        int channels = x.dim(1);
        int inner = inner(x);
        int parts = parts(x);
        // The factors first: they are read 16 bytes at a time.
        try (Scratch scratch = context.scratch((long) channels * (FACTORS_BYTES + (long) parts * MOMENTS_BYTES))) {
            long factors = scratch.address();
            long moments = factors + (long) channels * FACTORS_BYTES;
            part(context.launch(inner == 1 ? momentsColumns : momentsRuns).pointer(x).address(moments), x, parts);
            context.launch(finish).pointer(x).address(moments).i32(parts).i32(channels).i32(inner).pointer(weight)
                    .i64(weight.stride(0)).pointer(bias).i64(bias.stride(0)).f32((float) epsilon).pointer(mean)
                    .pointer(variance).address(factors).run(Tiles.finishBlocks(channels), Tiles.FINISH_THREADS, 0);
            context.launch(write).pointer(x).address(factors).i32(activation == Activation.RELU ? 1 : 0).pointer(y)
                    .i64(x.size()).i32(channels).i32(inner)
                    .run(Tiles.elementBlocks(x.size()), Tiles.COLUMN_THREADS, 0);
        }
    }

    void batchNormBackward(
            View x,
            View weight,
            View mean,
            View variance,
            double epsilon,
            Activation activation,
            View y,
            View dy,
            View dx,
            View dweight,
            View dbias) {
        View gradient = dy;
        if (!dy.isContiguous()) {
            copy.copy(dy, dx);
            gradient = dx;
        }
        View passed = activation == Activation.RELU ? y : null;
        int channels = x.dim(1);
        int parts = parts(x);
        try (Scratch scratch = context.scratch((long) channels * (FACTORS_BYTES + (long) parts * SUMS_BYTES))) {
            long factors = scratch.address();
            long sums = factors + (long) channels * FACTORS_BYTES;
            part(context.launch(inner(x) == 1 ? sumsColumns : sumsRuns).pointer(x).pointer(mean).pointer(passed)
                    .pointer(gradient).address(sums), x, parts);
            context.launch(finishBackward).address(sums).i32(parts).i32(channels).i64(x.dim(0) * (long) inner(x))
                    .pointer(weight).i64(weight.stride(0)).pointer(mean).pointer(variance).f32((float) epsilon)
                    .pointer(dweight).pointer(dbias).address(factors)
                    .run(Tiles.finishBlocks(channels), Tiles.FINISH_THREADS, 0);
            context.launch(writeBackward).pointer(x).address(factors).pointer(passed).pointer(gradient).pointer(dx)
                    .i64(x.size()).i32(channels).i32(inner(x))
                    .run(Tiles.elementBlocks(x.size()), Tiles.COLUMN_THREADS, 0);
        }
    }

    /** Ends the arguments of a kernel that sums parts, and starts it. */
    private static void part(Launch launch, View x, int parts) {
        int examples = x.dim(0);
        int channels = x.dim(1);
        if (inner(x) == 1) {
            launch.i64(examples).i32(channels).i32(Tiles.width(channels)).i32(Tiles.columnBlocks(channels))
                    .i64(Tiles.chunkRows(examples, channels))
                    .run((long) parts * Tiles.columnBlocks(channels), Tiles.COLUMN_THREADS, 0);
        } else {
            launch.i64(examples).i32(channels).i32(inner(x)).i64(chunkExamples(x)).i32(pieces(x)).i32(pieceLength(x))
                    .run((long) parts * channels, Tiles.COLUMN_THREADS, 0);
        }
    }

    /** Elements of a channel in one example; 1 where there is no element at all. */
    private static int inner(View x) {
        return x.size() == 0 ? 1 : Math.toIntExact(x.size() / x.dim(0) / x.dim(1));
    }

    private static int parts(View x) {
        if (x.size() == 0) {
            return 0;
        }
        return inner(x) == 1 ? Tiles.chunks(x.dim(0), x.dim(1)) : Math.ceilDiv(x.dim(0), chunkExamples(x)) * pieces(x);
    }

    private static long wantedParts(View x) {
        return Tiles.parts(x.size() / x.dim(1), x.dim(1));
    }

    private static int chunkExamples(View x) {
        return (int) Math.ceilDiv(x.dim(0), Math.min(x.dim(0), wantedParts(x)));
    }

    private static int pieces(View x) {
        return Math.ceilDiv(inner(x), pieceLength(x));
    }

    /** A multiple of four, so that pieces of aligned runs are aligned, or the whole. */
    private static int pieceLength(View x) {
        long wanted = Math.ceilDiv(wantedParts(x), (long) x.dim(0));
        int inner = inner(x);
        return wanted == 1 ? inner : Math.min(inner, Math.ceilDiv(Math.ceilDiv(inner, (int) wanted), 4) * 4);
    }
}
