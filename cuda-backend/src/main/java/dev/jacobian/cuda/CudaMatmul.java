package dev.jacobian.cuda;

import static dev.jacobian.cuda.ElementKernel.address;

import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.Blas;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Scratch;

/**
 * Batched matrix products by cuBLAS. It sees matrices in column-major order, in which a row-major matrix is its own
 * transpose; so out = a · b is asked for as outᵀ = bᵀ · aᵀ, and nothing is transposed in memory.
 */
final class CudaMatmul {
    private static final int OUT = 0;
    private static final int LEFT = 1;
    private static final int RIGHT = 2;

    private final CudaContext context;
    private final CudaCopy copy;
    private final Blas blas;

    CudaMatmul(CudaContext context, CudaCopy copy) {
        this.context = context;
        this.copy = copy;
        this.blas = context.blas();
    }

    /** out = a · b, or out = out + a · b, for all pairs of matrices of float32. */
    void matmul(View a, View b, View out, boolean accumulate) {
        if (out.size() == 0) {
            return;
        }
        if (a.dim(-1) == 0) {
            if (!accumulate) {
                copy.fill(0, out);
            }
            return;
        }
        try (Scratch left = copied(a); Scratch right = copied(b)) {
            multiply(left == null ? a : packed(a), left == null ? address(a) : left.address(),
                    right == null ? b : packed(b), right == null ? address(b) : right.address(), out, accumulate);
        }
    }

    /**
     * How cuBLAS can take a row-major matrix: positive for its leading dimension as it is, negative for that of its
     * transpose, 0 if it cannot. The stride of an axis of length 1 does not matter.
     */
    static int leadingDimension(int rows, int columns, long rowStride, long columnStride) {
        if (columnStride == 1 || columns == 1) {
            long dimension = rows == 1 ? columns : rowStride;
            if (dimension >= columns && dimension <= Integer.MAX_VALUE) {
                return (int) dimension;
            }
        }
        if (rowStride == 1 || rows == 1) {
            long dimension = columns == 1 ? rows : columnStride;
            if (dimension >= rows && dimension <= Integer.MAX_VALUE) {
                return (int) -dimension;
            }
        }
        return 0;
    }

    private static int leadingDimension(View x) {
        return leadingDimension(x.dim(-2), x.dim(-1), x.stride(-2), x.stride(-1));
    }

    /** The matrices one after another, if cuBLAS cannot take them where they are; else null. */
    private Scratch copied(View x) {
        if (leadingDimension(x) != 0) {
            return null;
        }
        View once = once(x);
        Scratch scratch = context.scratch(once.size() * Float.BYTES);
        copy.copyDense(once, scratch.address());
        return scratch;
    }

    /** A batch without its repetitions. */
    private static View once(View x) {
        int[] dims = x.shape().toArray();
        long[] strides = new long[dims.length];
        for (int axis = 0; axis < dims.length; axis++) {
            strides[axis] = x.stride(axis);
            if (isRepeated(x, axis)) {
                dims[axis] = 1;
            }
        }
        return x.as(Shape.of(dims), strides, x.offset());
    }

    private static boolean isRepeated(View x, int axis) {
        return x.stride(axis) == 0 && axis < x.rank() - 2;
    }

    /** Shape and strides of {@link #copied} matrices; its memory is not theirs. */
    private static View packed(View x) {
        long[] strides = new long[x.rank()];
        long step = 1;
        for (int axis = x.rank() - 1; axis >= 0; axis--) {
            if (!isRepeated(x, axis)) {
                strides[axis] = step;
                step *= x.dim(axis);
            }
        }
        return x.as(x.shape(), strides, 0);
    }

    private void multiply(View left, long leftAt, View right, long rightAt, View out, boolean accumulate) {
        int n = out.dim(-1);
        int k = left.dim(-1);
        Axes batch = Axes.start(0, 3);
        batch.operand(OUT, address(out), Float.BYTES);
        batch.operand(LEFT, leftAt, Float.BYTES);
        batch.operand(RIGHT, rightAt, Float.BYTES);
        long step = out.size();
        for (int axis = 0; axis < out.rank() - 2; axis++) {
            step /= out.dim(axis);
            batch.axis(out.dim(axis), step, left.stride(axis), right.stride(axis), 0);
        }
        long rowStride = left.stride(-2);
        int m = out.dim(-2);
        if (isOneProduct(batch, m, k, rowStride, left.stride(-1))) {
            int last = batch.rank() - 1;
            rowStride = m == 1 ? batch.stride(LEFT, last) : rowStride;
            m *= (int) batch.dim(last);
            batch.dropInnermost();
        }
        int lda = leadingDimension(m, k, rowStride, left.stride(-1));
        int ldb = leadingDimension(right);
        int axis = longest(batch);
        int count = axis < 0 ? 1 : (int) batch.dim(axis);
        long leftStride = axis < 0 ? 0 : batch.stride(LEFT, axis);
        long rightStride = axis < 0 ? 0 : batch.stride(RIGHT, axis);
        long outStride = axis < 0 ? 0 : batch.stride(OUT, axis);
        long calls = out.size() / n / m / count;
        for (long i = 0; i < calls; i++) {
            blas.gemm(ldb < 0, lda < 0, n, m, k, batch.address(RIGHT, axis, i), Math.abs(ldb), rightStride,
                    batch.address(LEFT, axis, i), Math.abs(lda), leftStride, accumulate ? 1 : 0,
                    batch.address(OUT, axis, i), n, outStride, count);
        }
    }

    /** The axis that cuBLAS walks; over the others, this class does. */
    private static int longest(Axes batch) {
        int longest = batch.rank() - 1;
        for (int axis = longest - 1; axis >= 0; axis--) {
            longest = batch.dim(axis) > batch.dim(longest) ? axis : longest;
        }
        return longest;
    }

    /** Whether the innermost axis of the batch can be more rows of the left matrix, the right one being the same. */
    private static boolean isOneProduct(Axes batch, int m, int k, long rowStride, long columnStride) {
        int last = batch.rank() - 1;
        if (last < 0 || batch.stride(RIGHT, last) != 0) {
            return false;
        }
        long rows = m * batch.dim(last);
        long apart = batch.stride(LEFT, last);
        boolean continued = m == 1 || apart == m * rowStride;
        return continued
                && rows <= Integer.MAX_VALUE
                && leadingDimension((int) rows, k, m == 1 ? apart : rowStride, columnStride) != 0;
    }
}
