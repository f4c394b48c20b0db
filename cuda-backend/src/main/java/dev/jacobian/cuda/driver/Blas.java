package dev.jacobian.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.cudaDataType;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/** The matrix products of one device, by cuBLAS, on its compute stream. */
public final class Blas {
    /**
     * The property that lets products of float32 round their operands to TF32, as tensor cores multiply them; read when
     * a context opens.
     */
    private static final String TF32 = "jacobian.tf32";
    private static final int FLOAT32 = cudaDataType.CUDA_R_32F;
    private static final int FIRST_WITH_LARGE_WORKSPACE = 90;
    private static final long WORKSPACE = 8L << 20;
    private static final long LARGE_WORKSPACE = 32L << 20;
    /** Places for more pointers than a training step has different operands. */
    private static final int POINTER_BITS = 12;
    /** 2^64 over the golden ratio, which spreads neighbours far apart. */
    private static final long HASH = 0x9E3779B97F4A7C15L;

    private final CudaContext context;
    private final int computeType = tf32()
            ? cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32
            : cublasComputeType.CUBLAS_COMPUTE_32F;
    private final NativePointer[] pointers = new NativePointer[1 << POINTER_BITS];
    private final MemorySegment factors = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, 2);
    private final NativePointer alpha = new NativePointer(factors.address());
    private final NativePointer beta = new NativePointer(factors.address() + Float.BYTES);
    private cublasHandle handle;

    Blas(CudaContext context) {
        this.context = context;
        factors.set(ValueLayout.JAVA_FLOAT, 0, 1);
    }

    /** What a context that opened now would do. */
    static boolean tf32() {
        return Boolean.getBoolean(TF32);
    }

    /**
     * C = op(A) · op(B) + beta · C for every matrix of a batch, in column-major order, as cuBLAS has it. Matrices are
     * float32; leading dimensions and strides count elements.
     *
     * @param transA whether op(A) is A transposed
     * @param transB whether op(B) is B transposed
     * @param m rows of op(A) and C
     * @param n columns of op(B) and C
     * @param k columns of op(A) and rows of op(B); where it is 0, C = beta · C with beta 0 or 1
     * @param a device address of the first A
     * @param lda elements between columns of A, at least 1 and A's rows
     * @param strideA elements between matrices, 0 to use one for all
     * @param b device address of the first B
     * @param ldb elements between columns of B, at least 1 and B's rows
     * @param strideB elements between matrices, 0 to use one for all
     * @param beta what C is multiplied by; at 0, C is not read
     * @param c device address of the first C
     * @param ldc elements between columns of C, at least 1 and m
     * @param strideC elements between matrices
     * @param batch how many products
     * @throws dev.jacobian.backend.DeviceException if cuBLAS refuses or the device failed
     */
    public synchronized void gemm(boolean transA, boolean transB, int m, int n, int k, long a, int lda, long strideA,
            long b, int ldb, long strideB, float beta, long c, int ldc, long strideC, int batch) {
        if (m == 0 || n == 0 || batch == 0) {
            return;
        }
        if (k == 0) {
            context.enter();
            scale(beta, m, n, c, ldc, strideC, batch);
            return;
        }
        cublasHandle ready = handle();
        factors.set(ValueLayout.JAVA_FLOAT, Float.BYTES, beta);
        int opA = transA ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
        int opB = transB ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
        // Without "_new" JCuda's functions take the data type of old in place of the compute type, and do nothing.
        // For one product cuBLAS has more kernels to choose from than for a batch of one.
        int status = batch == 1
                ? JCublas2.cublasGemmEx_new(ready, opA, opB, m, n, k, alpha, pointer(a), FLOAT32, lda, pointer(b),
                        FLOAT32, ldb, this.beta, pointer(c), FLOAT32, ldc, computeType,
                        cublasGemmAlgo.CUBLAS_GEMM_DEFAULT)
                : JCublas2.cublasGemmStridedBatchedEx_new(ready, opA, opB, m, n, k, alpha, pointer(a), FLOAT32, lda,
                        strideA, pointer(b), FLOAT32, ldb, strideB, this.beta, pointer(c), FLOAT32, ldc, strideC,
                        batch, computeType, cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw failure(status, "matrix product of " + batch + " x [" + m + ", " + k + "] by [" + k + ", " + n + "]");
        }
    }

    /** The empty sum: C keeps what it has, or becomes 0. */
    private void scale(float beta, int m, int n, long c, int ldc, long strideC, int batch) {
        if (beta != 0) {
            return;
        }
        boolean dense = ldc == m && (batch == 1 || strideC == (long) m * n);
        long runs = dense ? 1 : (long) n * batch;
        long length = dense ? (long) m * n * batch : m;
        for (long run = 0; run < runs; run++) {
            long at = run / n * strideC + run % n * ldc;
            context.check(JCudaDriver.cuMemsetD32Async(new DevicePointer(c + at * Float.BYTES), 0, length,
                    context.stream()), "clearing memory");
        }
    }

    /** Made at the first call; the context is current behind every one. */
    private cublasHandle handle() {
        if (handle == null) {
            // With memory of its own choosing cuBLAS may add up in another order from one run to the next.
            long bytes = context.computeCapability() >= FIRST_WITH_LARGE_WORKSPACE ? LARGE_WORKSPACE : WORKSPACE;
            Scratch workspace = context.scratch(bytes); // closed only on failure
            try {
                handle = create(workspace.address(), bytes);
            } finally {
                if (handle == null) {
                    workspace.close();
                }
            }
        }
        context.enter();
        return handle;
    }

    private cublasHandle create(long workspace, long bytes) {
        context.enter();
        cublasHandle made = new cublasHandle();
        check(JCublas2.cublasCreate(made), "starting cuBLAS");
        boolean whole = false;
        try {
            check(JCublas2.cublasSetStream(made, new cudaStream_t(context.stream())), "setting cuBLAS's stream");
            check(JCublas2.cublasSetWorkspace(made, pointer(workspace), bytes), "giving cuBLAS memory");
            whole = true;
        } finally {
            if (!whole) {
                JCublas2.cublasDestroy(made);
            }
        }
        return made;
    }

    /**
     * The version of cuBLAS.
     *
     * @return for example 120600
     */
    public synchronized int version() {
        int[] version = {0};
        check(JCublas2.cublasGetVersion(handle(), version), "asking for cuBLAS's version");
        return version[0];
    }

    /** Operands come back every step at the same addresses, so that their pointers need not be made again. */
    private NativePointer pointer(long address) {
        int at = (int) (((address >>> 8) * HASH) >>> (Long.SIZE - POINTER_BITS));
        NativePointer pointer = pointers[at];
        if (pointer == null || pointer.address() != address) {
            pointer = new NativePointer(address);
            pointers[at] = pointer;
        }
        return pointer;
    }

    private void check(int status, String operation) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw failure(status, operation);
        }
    }

    /** cuBLAS hides what the device said; a lost one says it again. */
    private RuntimeException failure(int status, String operation) {
        int device = JCudaDriver.cuStreamQuery(context.stream());
        if (device != CUresult.CUDA_SUCCESS && device != CUresult.CUDA_ERROR_NOT_READY) {
            return context.failure(device, operation);
        }
        return context.refusal(operation + " failed with " + cublasStatus.stringFor(status));
    }
}
