package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceException;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** A kernel of one device by name; its file is compiled at the first launch of any of the file's kernels. */
public final class Kernel {
    /** Above this a kernel must be told how much dynamic shared memory it may use. */
    private static final int SHARED_WITHOUT_ASKING = 48 * 1024;

    private final CudaContext context;
    private final String file;
    private final String name;
    private volatile CUfunction function;
    private volatile int sharedLimit = SHARED_WITHOUT_ASKING;

    Kernel(CudaContext context, String file, String name) {
        this.context = context;
        this.file = file;
        this.name = name;
    }

    CudaContext context() {
        return context;
    }

    void launch(int x, int y, int z, int threads, int sharedBytes, NativePointer parameters) {
        CUfunction ready = function;
        if (ready == null) {
            ready = load();
        }
        if (sharedBytes > sharedLimit) {
            raiseSharedLimit(ready, sharedBytes);
        }
        context.enter(); // behind all that may wait
        int result = JCudaDriver.cuLaunchKernel(ready, x, y, z, threads, 1, 1, sharedBytes, context.stream(),
                parameters, null);
        if (result != 0) {
            throw failure(result, x, y, z, threads, sharedBytes);
        }
    }

    private synchronized CUfunction load() {
        if (function == null) {
            function = context.modules().function(file, name);
        }
        return function;
    }

    private synchronized void raiseSharedLimit(CUfunction ready, int bytes) {
        if (bytes > sharedLimit) {
            context.enter();
            context.check(JCudaDriver.cuFuncSetAttribute(ready,
                    CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes),
                    "kernel " + name + " with " + bytes + " bytes of shared memory");
            sharedLimit = bytes;
        }
    }

    private DeviceException failure(int result, int x, int y, int z, int threads, int sharedBytes) {
        return context.failure(result, "launch of " + name + " (" + x + " x " + y + " x " + z + " blocks of " + threads
                + " threads, " + sharedBytes + " bytes of shared memory)");
    }

    /**
     * The kernel's name.
     *
     * @return as in its file
     */
    @Override
    public String toString() {
        return name;
    }
}
