package dev.jacobian.cuda.driver;

import dev.jacobian.backend.IndexRangeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Where kernels report indices out of range: a slot for each operation in device memory, and one flag in page-locked
 * host memory, so that a look costs a read. A slot has 16 bytes: an unsigned 64-bit number, the least of
 * {@code min(position, 2^32 − 1) << 32 | index}, at first all ones; the limit as an int; four bytes unused. A kernel
 * lowers the number by {@code atomicMin}, stores the limit, and stores 1 to the flag.
 */
public final class IndexErrors {
    /** The slot of gather. */
    public static final int GATHER = 0;
    /** The slot of scatter-add. */
    public static final int SCATTER_ADD = 1;
    /** The slot of cross-entropy. */
    public static final int CROSS_ENTROPY = 2;
    /** The slot of the hinge loss of a softmax. */
    public static final int SOFTMAX_MARGIN = 3;

    private static final String[] OPERATIONS = {"gather", "scatterAdd", "crossEntropy", "softmaxMargin"};
    private static final int SLOT_BYTES = 16;
    private static final int LIMIT_OFFSET = 8;
    /** The device stores to the flag while the host reads it. */
    private static final VarHandle FLAG = ValueLayout.JAVA_INT.varHandle();

    private final CudaContext context;
    private final CudaBuffer slots;
    private final HostPointer host = new HostPointer();
    private final MemorySegment any;
    private final MemorySegment copy;
    private final long anyAddress;

    IndexErrors(CudaContext context) {
        this.context = context;
        int bytes = OPERATIONS.length * SLOT_BYTES;
        int result = JCudaDriver.cuMemHostAlloc(host, bytes + SLOT_BYTES,
                JCudaDriver.CU_MEMHOSTALLOC_PORTABLE | JCudaDriver.CU_MEMHOSTALLOC_DEVICEMAP);
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw StagingSlot.outOfMemory(context, bytes + SLOT_BYTES);
        }
        context.check(result, "allocating page-locked memory");
        MemorySegment memory = StagingSlot.segment(host.address(), bytes + SLOT_BYTES);
        this.copy = memory.asSlice(0, bytes);
        this.any = memory.asSlice(bytes);
        FLAG.setRelease(any, 0L, 0);
        DevicePointer mapped = new DevicePointer();
        context.check(JCudaDriver.cuMemHostGetDevicePointer(mapped, host, 0), "mapping page-locked memory");
        this.anyAddress = mapped.address() + bytes;
        this.slots = context.allocate(bytes);
        reset();
    }

    /**
     * Where a slot lies.
     *
     * @param slot one of this class's constants
     * @return the device address of 16 bytes
     */
    public long address(int slot) {
        return slots.address() + (long) slot * SLOT_BYTES;
    }

    /**
     * Where the flag lies: an int that a kernel sets to 1 behind what it wrote to a slot.
     *
     * @return the flag's device address
     */
    public long anyAddress() {
        return anyAddress;
    }

    /** Throws what finished work reported, once, and clears it. */
    void check() {
        if (isAny()) {
            report();
        }
    }

    private boolean isAny() {
        return (int) FLAG.getAcquire(any, 0L) != 0;
    }

    private synchronized void report() {
        if (!isAny()) {
            return; // another thread has thrown it
        }
        FLAG.setRelease(any, 0L, 0);
        context.enter();
        context.check(JCudaDriver.cuMemcpyDtoHAsync(host, slots.pointer(), copy.byteSize(), context.stream()),
                "reading indices out of range");
        reset();
        context.check(JCudaDriver.cuStreamSynchronize(context.stream()), "reading indices out of range");
        for (int slot = 0; slot < OPERATIONS.length; slot++) {
            long first = copy.get(ValueLayout.JAVA_LONG, (long) slot * SLOT_BYTES);
            if (first != -1) {
                int limit = copy.get(ValueLayout.JAVA_INT, (long) slot * SLOT_BYTES + LIMIT_OFFSET);
                throw new IndexRangeException(OPERATIONS[slot], (int) first, first >>> Integer.SIZE, limit);
            }
        }
    }

    private void reset() {
        context.check(JCudaDriver.cuMemsetD8Async(slots.pointer(), (byte) -1, slots.bytes(), context.stream()),
                "clearing memory");
    }
}
