package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceBuffer;

/** A block of a CUDA device's memory. Made and freed by {@link CudaContext}. */
public final class CudaBuffer implements DeviceBuffer {
    private final DevicePointer pointer;
    private final long address;
    private final long bytes;

    CudaBuffer(DevicePointer pointer, long bytes) {
        this.pointer = pointer;
        this.address = pointer.address();
        this.bytes = bytes;
    }

    DevicePointer pointer() {
        return pointer;
    }

    /**
     * Where the block lies.
     *
     * @return its device address, a multiple of 256; 0 for a block of no bytes
     */
    public long address() {
        return address;
    }

    @Override
    public long bytes() {
        return bytes;
    }
}
