package dev.jacobian.memory;

import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;

/**
 * The memory of one tensor and its views. Held by a scope and by the tape nodes that saved it; the block goes back to the
 * pool as soon as nobody holds it.
 */
public final class Storage extends Scoped {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final VarHandle HOLDS;

    static {
        try {
            HOLDS = MethodHandles.lookup().findVarHandle(Storage.class, "holds", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Device device;
    private final MemoryPool.Lease lease;
    private volatile int holds = 1;
    private volatile int version;
    private boolean watched;

    private Storage(Device device, MemoryPool.Lease lease) {
        this.device = device;
        this.lease = lease;
    }

    /**
     * Allocates memory, held by the current scope.
     *
     * @param device where
     * @param bytes how much; the content is undefined
     * @param holder what it is for, as lists of the largest holders name it: by its string, which is only made then
     * @return the storage
     * @throws OutOfDeviceMemoryException if the device has no more
     */
    public static Storage allocate(Device device, long bytes, Object holder) {
        Storage storage = new Storage(device, MemoryPool.of(device).lease(bytes, holder));
        storage.moveTo(MemoryScope.current());
        return storage;
    }

    /**
     * The device whose memory this is.
     *
     * @return the device
     */
    public Device device() {
        return device;
    }

    /**
     * The block.
     *
     * @return the buffer, also after the storage has ended: see {@link #isAlive}
     */
    public DeviceBuffer buffer() {
        return lease.buffer();
    }

    /**
     * Whether anybody holds the storage.
     *
     * @return false once the block went back to the pool
     */
    public boolean isAlive() {
        return holds > 0;
    }

    /**
     * How often the content was changed in place.
     *
     * @return a number that grows by one with every change
     */
    public int version() {
        return version;
    }

    /** Notes a change in place, so that a tape that saved the old content refuses to use it. */
    public void changed() {
        int before = version;
        version = before + 1;
    }

    /** Holds the storage once more. */
    public void retain() {
        HOLDS.getAndAdd(this, 1);
    }

    /**
     * Whether one hold is all there is. Whoever knows that it is theirs may overwrite the content: a rule of a backward
     * pass may, since the walker alone then holds the gradient that it was given, and drops it afterwards.
     *
     * @return false where another scope, tape node or gradient on its way holds it too
     */
    public boolean isHeldOnce() {
        return holds == 1;
    }

    /** Ends one hold; the last one gives the block back. */
    public void release() {
        if ((int) HOLDS.getAndAdd(this, -1) == 1) {
            lease.close();
        }
    }

    /**
     * Has the garbage collector give the block back when nothing refers to this storage any more, whoever forgot to.
     */
    public void watch() {
        if (!watched) {
            watched = true;
            CLEANER.register(this, lease);
            lease.pool().watch(lease);
        }
    }

    @Override
    protected void released() {
        release();
    }

    @Override
    protected void rooted() {
        watch();
    }

    @Override
    protected boolean outlivesFrame() {
        return false;
    }
}
