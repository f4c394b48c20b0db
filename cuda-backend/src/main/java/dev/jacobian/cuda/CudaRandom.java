package dev.jacobian.cuda;

import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/** Random fills and dropout: pure functions of the key, with the bits of {@link dev.jacobian.backend.Philox}. */
final class CudaRandom {
    private static final int THREADS = 256;
    /** Elements of a thread: one Philox block. */
    private static final int WORDS = 4;

    private final CudaContext context;
    private final Kernel uniform;
    private final Kernel normal;
    private final Kernel dropout;
    private final Kernel dropoutStrided;

    CudaRandom(CudaContext context) {
        this.context = context;
        uniform = context.kernel("random", "random_uniform_f32");
        normal = context.kernel("random", "random_normal_f32");
        dropout = context.kernel("random", "random_dropout_f32");
        dropoutStrided = context.kernel("random", "random_dropout_strided_f32");
    }

    void random(Distribution distribution, RandomKey key, View out) {
        Kernel kernel = switch (distribution) {
            case UNIFORM -> uniform;
            case NORMAL -> normal;
        };
        begin(kernel, key).pointer(out).i64(out.size()).run(blocks(out.size()), THREADS, 0);
    }

    void dropout(View x, double p, RandomKey key, View y) {
        float probability = (float) p;
        // A uniform number k · 2⁻²⁴ is at least p just where k is at least p · 2²⁴ rounded up; both are exact.
        int threshold = (int) Math.ceil(probability * 0x1p24);
        float keep = 1 - probability;
        if (x.isContiguous()) {
            begin(dropout, key).pointer(x).pointer(y).i64(y.size()).i32(threshold).f32(keep)
                    .run(blocks(y.size()), THREADS, 0);
            return;
        }
        Axes axes = Axes.start(0, 1);
        axes.operand(0, x);
        for (int i = 0; i < x.rank(); i++) {
            axes.axis(x.dim(i), x.stride(i), 0, 0, 0);
        }
        long first = 0;
        while (axes.next()) {
            int n = axes.pieceSize();
            Launch launch = begin(dropoutStrided, key).address(axes.address(0)).pointer(y).i64(first).i32(n);
            axes.write(launch).i32(threshold).f32(keep).run(blocks(first % WORDS + n), THREADS, 0);
            first += n;
        }
    }

    private Launch begin(Kernel kernel, RandomKey key) {
        return context.launch(kernel)
                .open(Integer.BYTES)
                .i32((int) key.seed())
                .i32((int) (key.seed() >>> Integer.SIZE))
                .i32((int) key.stream())
                .i32((int) (key.stream() >>> Integer.SIZE))
                .close()
                .pointer(key.step());
    }

    private static long blocks(long elements) {
        return Math.ceilDiv(elements, (long) WORDS * THREADS);
    }
}
