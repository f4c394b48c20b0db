package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceException;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import java.lang.foreign.MemorySegment;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * One device with its compute stream: memory, transfers, kernels and matrix products. Work of all threads is queued on
 * the one stream and runs in the order in which it was queued. Every method makes the device's primary context current
 * on the calling thread. Safe for many threads.
 */
public final class CudaContext {
    private final CudaDevice device;
    private final Faults faults;
    private final CUcontext context = new CUcontext();
    private final CUstream stream = new CUstream();
    private final boolean pooled;
    private final int sharedBytesPerBlock;
    private final Modules modules;
    private final Staging staging;
    private final ScratchPool scratch;
    private final IndexErrors indexErrors;
    private final Blas blas;
    private volatile Runnable reclaim = () -> {};

    private CudaContext(CudaDevice device, KernelSource source, CacheFolder cache) {
        this.device = device;
        this.faults = new Faults("cuda:" + device.ordinal());
        CUdevice handle = new CUdevice();
        check(JCudaDriver.cuDeviceGet(handle, device.ordinal()), "finding the device");
        check(JCudaDriver.cuDevicePrimaryCtxRetain(context, handle), "opening the device");
        boolean whole = false;
        try {
            enter();
            check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "creating a stream");
            this.pooled = CudaDriver.attribute(handle,
                    CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) != 0;
            this.sharedBytesPerBlock = CudaDriver.attribute(handle,
                    CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
            this.modules = new Modules(this, source, new KernelCache(cache));
            this.scratch = new ScratchPool(this);
            this.indexErrors = new IndexErrors(this);
            this.blas = new Blas(this);
            this.staging = new Staging(this); // the last, for it has a stream of its own
            whole = true;
        } finally {
            if (!whole) {
                JCudaDriver.cuStreamDestroy(stream); // refused where there is none
                JCudaDriver.cuDevicePrimaryCtxRelease(handle);
            }
        }
    }

    /**
     * Opens a device.
     *
     * @param device one of {@link CudaDriver#devices()}
     * @return a context of its own streams and pools in the device's primary context
     * @throws DeviceException if the device cannot be opened
     * @throws OutOfMemoryError if the device or the host has too little memory for it
     */
    public static CudaContext open(CudaDevice device) {
        return open(device, KernelSource.ofResources(), CacheFolder.ofUser());
    }

    static CudaContext open(CudaDevice device, KernelSource source, CacheFolder cache) {
        return new CudaContext(device, source, cache);
    }

    /**
     * The device's name, as users select it.
     *
     * @return for example {@code cuda:0}
     */
    public String name() {
        return faults.device();
    }

    /**
     * What the device is.
     *
     * @return name, architecture and memory
     */
    public CudaDevice device() {
        return device;
    }

    /**
     * The number of multiprocessors.
     *
     * @return at least 1
     */
    public int multiprocessors() {
        return device.multiprocessors();
    }

    /**
     * The architecture, as the compiler numbers it.
     *
     * @return for example 90 for 9.0
     */
    public int computeCapability() {
        return device.computeCapability();
    }

    /**
     * The shared memory that a block may use without opting in to more.
     *
     * @return bytes, 49152 on today's devices
     */
    public int sharedBytesPerBlock() {
        return sharedBytesPerBlock;
    }

    /**
     * The device's memory that no process holds at this moment, by the driver's count. It may lie in pieces; what this
     * process freed counts only once the driver has given it back, and what it keeps for reuse does not count.
     *
     * @return bytes
     */
    public long freeBytes() {
        enter();
        long[] free = {0};
        long[] total = {0};
        check(JCudaDriver.cuMemGetInfo(free, total), "asking for free memory");
        return free[0];
    }

    /**
     * Allocates memory in stream order; its content is undefined.
     *
     * @param bytes how much
     * @return the block, aligned to 256 bytes
     * @throws OutOfMemoryError if there is no more, even after all work has run and all scratch memory was given back
     */
    public CudaBuffer allocate(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException(name() + ": allocate " + bytes + " bytes, expected at least 0");
        }
        enter();
        DevicePointer pointer = new DevicePointer();
        if (bytes == 0) {
            return new CudaBuffer(pointer, 0);
        }
        int result = tryAllocate(pointer, bytes);
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            scratch.trim();
            enter();
            check(JCudaDriver.cuStreamSynchronize(stream), "waiting for memory");
            result = tryAllocate(pointer, bytes);
        }
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw outOfMemory(bytes);
        }
        if (result != 0) {
            throw failure(result, "allocating " + bytes + " bytes");
        }
        return new CudaBuffer(pointer, bytes);
    }

    private int tryAllocate(DevicePointer pointer, long bytes) {
        return pooled
                ? JCudaDriver.cuMemAllocAsync(pointer, bytes, stream)
                : JCudaDriver.cuMemAlloc(pointer, bytes);
    }

    private OutOfMemoryError outOfMemory(long bytes) {
        return new OutOfMemoryError(name() + ": allocate " + bytes + " bytes: not enough device memory; the driver"
                + " counts " + freeBytes() + " of " + device.totalBytes() + " bytes as free, in pieces and without what"
                + " this process keeps for reuse; use smaller batches, or end what else uses the device");
    }

    /**
     * Gives memory back, once the work that was queued before has run. Does nothing on a lost device, nor while the
     * process ends.
     *
     * @param buffer a block that {@link #allocate} returned
     */
    public void free(CudaBuffer buffer) {
        if (buffer.bytes() == 0 || faults.isLost()) {
            return;
        }
        int result = tryFree(buffer);
        // The driver ends before the last threads of the process do, and all memory with it.
        if (result != CUresult.CUDA_SUCCESS && result != CUresult.CUDA_ERROR_DEINITIALIZED) {
            DeviceException failure = failure(result, "freeing memory");
            if (!faults.isLost()) {
                throw failure;
            }
        }
    }

    private int tryFree(CudaBuffer buffer) {
        int result = JCudaDriver.cuCtxSetCurrent(context);
        if (result != CUresult.CUDA_SUCCESS) {
            return result;
        }
        return pooled
                ? JCudaDriver.cuMemFreeAsync(buffer.pointer(), stream)
                : JCudaDriver.cuMemFree(buffer.pointer());
    }

    /**
     * Copies host memory to the device. The source may be changed once this returns; work queued before is not waited
     * for, though it may still read or write the target.
     *
     * @param source the bytes, on or off the heap
     * @param target where they go
     * @param targetOffset the first byte written
     */
    public void upload(MemorySegment source, CudaBuffer target, long targetOffset) {
        checkRange("upload", target, targetOffset, source.byteSize());
        staging.upload(source, target.address() + targetOffset);
    }

    /**
     * Copies device memory to the host, after all work that was queued before.
     *
     * @param source where the bytes are
     * @param sourceOffset the first byte read
     * @param target where they go, on or off the heap; its size says how many
     * @throws dev.jacobian.backend.IndexRangeException if earlier work met an index out of range
     * @throws DeviceException if earlier work failed
     */
    public void download(CudaBuffer source, long sourceOffset, MemorySegment target) {
        checkRange("download", source, sourceOffset, target.byteSize());
        staging.download(source.address() + sourceOffset, target);
        indexErrors.check();
    }

    private void checkRange(String operation, CudaBuffer buffer, long offset, long bytes) {
        if (offset < 0 || offset > buffer.bytes() - bytes) {
            throw new IndexOutOfBoundsException(name() + ": " + operation + " of " + bytes + " bytes at " + offset
                    + " of a block of " + buffer.bytes());
        }
    }

    /**
     * Copies within the device, in stream order.
     *
     * @param source where the bytes are
     * @param target where they go
     * @param bytes how many, from the start of both
     */
    public void copy(CudaBuffer source, CudaBuffer target, long bytes) {
        enter();
        check(JCudaDriver.cuMemcpyDtoDAsync(target.pointer(), source.pointer(), bytes, stream), "copying");
    }

    /**
     * Waits until all work that was queued has run.
     *
     * @throws dev.jacobian.backend.IndexRangeException if work met an index out of range
     * @throws DeviceException if work failed
     */
    public void synchronize() {
        enter();
        check(JCudaDriver.cuStreamSynchronize(stream), "work queued earlier");
        indexErrors.check();
    }

    /**
     * A kernel by name. Nothing is read or compiled yet.
     *
     * @param file the file of the kernel's family, without {@code .cu}
     * @param function the kernel's name
     * @return the kernel, to be kept
     */
    public Kernel kernel(String file, String function) {
        return new Kernel(this, file, function);
    }

    /**
     * Begins a launch.
     *
     * @param kernel one of this context's kernels
     * @return the thread's argument block, emptied
     */
    public Launch launch(Kernel kernel) {
        return Launch.ofThread().begin(kernel);
    }

    /**
     * Says how blocks that somebody keeps for reuse come back, for when there is no scratch memory left.
     *
     * @param flush gives them back through {@link #free}
     */
    public void reclaimWith(Runnable flush) {
        reclaim = flush;
    }

    /**
     * Memory for the intermediate results of one operation, from a pool.
     *
     * @param bytes how much is needed
     * @return at least as much, to be closed behind the last launch that uses it
     * @throws OutOfDeviceMemoryException if there is no more, even after blocks that were kept for reuse came back
     */
    public Scratch scratch(long bytes) {
        try {
            return scratch.open(bytes);
        } catch (OutOfMemoryError _) {
            reclaim(); // here no lock of this class is held: the blocks' owner calls allocate, which needs one
        }
        try {
            return scratch.open(bytes);
        } catch (OutOfMemoryError full) {
            throw new OutOfDeviceMemoryException(name() + ": out of memory for " + bytes
                    + " bytes of intermediate results; use a smaller batch, or close scopes earlier", full);
        }
    }

    /**
     * Whether contexts that are opened from now on round the factors of matrix products to TF32: the property
     * {@code jacobian.tf32}, which is read when a context opens. Opens nothing.
     *
     * @return whether they do
     */
    public static boolean tf32() {
        return Blas.tf32();
    }

    /**
     * Matrix products.
     *
     * @return the device's cuBLAS
     */
    public Blas blas() {
        return blas;
    }

    /**
     * Where kernels report indices out of range.
     *
     * @return the slots
     */
    public IndexErrors indexErrors() {
        return indexErrors;
    }

    /**
     * Fails if the device is lost, and makes the context current on this thread. It costs a few tens of nanoseconds, so
     * nothing is remembered: other libraries make other contexts current, and a virtual thread that waited, be it for
     * a lock, may go on on another carrier.
     */
    void enter() {
        faults.ensureAlive();
        check(JCudaDriver.cuCtxSetCurrent(context), "making the context current");
    }

    void check(int result, String operation) {
        faults.check(result, operation);
    }

    DeviceException failure(int result, String operation) {
        return faults.failure(result, operation);
    }

    DeviceException refusal(String what) {
        return faults.refusal(what);
    }

    /** Lets blocks that somebody keeps for reuse come back. */
    private void reclaim() {
        reclaim.run();
        enter();
    }

    /** Memory that other streams may use at once; null if there is none, even after blocks kept for reuse came back. */
    CudaBuffer allocateAtOnce(long bytes) {
        DevicePointer pointer = new DevicePointer();
        int result = JCudaDriver.cuMemAlloc(pointer, bytes);
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            reclaim();
            result = JCudaDriver.cuMemAlloc(pointer, bytes);
        }
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            return null;
        }
        check(result, "allocating " + bytes + " bytes");
        return new CudaBuffer(pointer, bytes);
    }

    /** Gives back memory that {@link #allocateAtOnce} returned and nothing uses. */
    void freeAtOnce(CudaBuffer buffer) {
        check(JCudaDriver.cuMemFree(buffer.pointer()), "freeing memory");
    }

    CUstream stream() {
        return stream;
    }

    Modules modules() {
        return modules;
    }
}
