package dev.jacobian.cuda.driver;

/**
 * Device memory for the intermediate results of one operation. Close it as soon as the last launch that uses it was
 * enqueued: whoever gets the memory next is behind that launch on the same stream.
 */
public final class Scratch implements AutoCloseable {
    private final ScratchPool pool;
    private final CudaBuffer buffer;
    private final int sizeClass;
    private boolean open;

    Scratch(ScratchPool pool, CudaBuffer buffer, int sizeClass) {
        this.pool = pool;
        this.buffer = buffer;
        this.sizeClass = sizeClass;
    }

    CudaBuffer buffer() {
        return buffer;
    }

    int sizeClass() {
        return sizeClass;
    }

    /** Guarded by the pool. */
    boolean setOpen(boolean now) {
        boolean before = open;
        open = now;
        return before;
    }

    /**
     * Where the memory lies.
     *
     * @return its device address, a multiple of 256
     */
    public long address() {
        return buffer.address();
    }

    @Override
    public void close() {
        pool.close(this);
    }
}
