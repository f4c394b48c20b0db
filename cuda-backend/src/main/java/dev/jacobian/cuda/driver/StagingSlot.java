package dev.jacobian.cuda.driver;

import java.lang.foreign.MemorySegment;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * Page-locked host memory and, from the first upload that overlaps on, as much device memory, with the event after its
 * last use.
 */
final class StagingSlot {
    private final CudaContext context;
    private final HostPointer host = new HostPointer();
    private final MemorySegment memory;
    private final CUevent arrived = new CUevent();
    private final CUevent used = new CUevent();
    private CudaBuffer device;

    StagingSlot(CudaContext context, int bytes) {
        this.context = context;
        createEvent(used);
        int result = JCudaDriver.cuMemHostAlloc(host, bytes, JCudaDriver.CU_MEMHOSTALLOC_PORTABLE);
        if (result != CUresult.CUDA_SUCCESS) {
            JCudaDriver.cuEventDestroy(used);
        }
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw outOfMemory(context, bytes);
        }
        context.check(result, "allocating page-locked memory");
        this.memory = segment(host.address(), bytes);
    }

    /** What to throw where no more memory of the host can be locked. */
    static OutOfMemoryError outOfMemory(CudaContext context, int bytes) {
        return new OutOfMemoryError(context.name() + ": allocate " + bytes + " bytes: not enough page-locked memory of"
                + " the host; end what else locks memory, or raise ulimit -l");
    }

    private void createEvent(CUevent event) {
        context.check(JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING), "creating an event");
    }

    @SuppressWarnings("restricted")
    static MemorySegment segment(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    MemorySegment memory() {
        return memory;
    }

    /** Whether no queued copy uses the slot; failures of queued work are left to {@link #await}. */
    boolean isFree() {
        return JCudaDriver.cuEventQuery(used) != CUresult.CUDA_ERROR_NOT_READY;
    }

    /** Waits until no queued copy uses the slot. */
    void await() {
        context.enter();
        context.check(JCudaDriver.cuEventSynchronize(used), "work queued earlier");
    }

    /** On the compute stream alone. */
    void uploadDirectly(long target, int bytes) {
        context.check(JCudaDriver.cuMemcpyHtoDAsync(new DevicePointer(target), host, bytes, context.stream()),
                "upload");
        recordUse();
    }

    /** By way of another stream, if the device has memory for it. */
    void upload(long target, int bytes, CUstream copyStream) {
        if (!hasDevice()) {
            uploadDirectly(target, bytes);
            return;
        }
        context.check(JCudaDriver.cuMemcpyHtoDAsync(device.pointer(), host, bytes, copyStream), "upload");
        context.check(JCudaDriver.cuEventRecord(arrived, copyStream), "upload");
        context.check(JCudaDriver.cuStreamWaitEvent(context.stream(), arrived, 0), "upload");
        context.check(JCudaDriver.cuMemcpyDtoDAsync(new DevicePointer(target), device.pointer(), bytes,
                context.stream()), "upload");
        recordUse();
    }

    private boolean hasDevice() {
        if (device == null) {
            CudaBuffer made = context.allocateAtOnce(memory.byteSize());
            if (made == null) {
                return false;
            }
            boolean whole = false;
            try {
                createEvent(arrived);
                whole = true;
            } finally {
                if (!whole) {
                    context.freeAtOnce(made);
                }
            }
            device = made;
        }
        return true;
    }

    void startDownload(long source, int bytes) {
        context.check(JCudaDriver.cuMemcpyDtoHAsync(host, new DevicePointer(source), bytes, context.stream()),
                "download");
        recordUse();
    }

    private void recordUse() {
        context.check(JCudaDriver.cuEventRecord(used, context.stream()), "recording an event");
    }
}
