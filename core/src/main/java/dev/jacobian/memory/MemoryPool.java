package dev.jacobian.memory;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.stream.Collectors;

/**
 * One device's blocks, kept by size for reuse: a fresh block costs tens of microseconds and page faults, a kept one well
 * under a microsecond. Sizes are rounded up to four steps per power of two, so at most a fifth of a block is unused.
 * Safe for use by several threads.
 */
public final class MemoryPool {
    private static final long SMALLEST = 256;
    private static final int LISTED_HOLDERS = 5;
    /** Bytes that only the garbage collector can give back, at which it is first asked to run. */
    private static final long FIRST_PRESSURE = 256L << 20;
    private static final long RECLAIM_NANOS = 20_000_000;
    private static final Map<Device, MemoryPool> POOLS = Collections.synchronizedMap(new WeakHashMap<>());

    private final Backend backend;
    private final Map<Long, ArrayDeque<DeviceBuffer>> free = new HashMap<>();
    private final Set<Lease> leases = Collections.newSetFromMap(new IdentityHashMap<>());
    private long active;
    private long peak;
    private long cached;
    private long reclaimed;
    private long watched;
    private long pressure = FIRST_PRESSURE;

    private MemoryPool(Device device) {
        this.backend = device.backend();
    }

    /**
     * The pool of a device.
     *
     * @param device the device
     * @return its pool
     */
    public static MemoryPool of(Device device) {
        return POOLS.computeIfAbsent(device, MemoryPool::open);
    }

    private static MemoryPool open(Device device) {
        MemoryPool pool = new MemoryPool(device);
        device.backend().reclaimWith(pool::flush);
        return pool;
    }

    /**
     * What the memory is used for now.
     *
     * @return the figures
     */
    public synchronized MemoryStats stats() {
        return new MemoryStats(active, peak, cached, reclaimed);
    }

    /** Starts the measurement of the peak anew, at the bytes that are active now. */
    public synchronized void resetPeak() {
        peak = active;
    }

    /** Gives all cached blocks back to the device. */
    public synchronized void flush() {
        free.values().forEach(blocks -> blocks.forEach(backend::free));
        free.clear();
        cached = 0;
    }

    static long roundUp(long bytes) {
        if (bytes <= SMALLEST) {
            return SMALLEST;
        }
        long step = Long.highestOneBit(bytes - 1) >> 2;
        return (bytes + step - 1) / step * step;
    }

    /** Takes a block; its content is undefined. */
    Lease lease(long bytes, String holder) {
        long size = roundUp(bytes);
        synchronized (this) {
            ArrayDeque<DeviceBuffer> kept = free.get(size);
            DeviceBuffer buffer = kept == null ? null : kept.pollLast();
            if (buffer == null) {
                buffer = allocate(size, bytes, holder);
            } else {
                cached -= size;
            }
            active += size;
            peak = Math.max(peak, active);
            Lease lease = new Lease(this, buffer, size, holder);
            leases.add(lease);
            return lease;
        }
    }

    private DeviceBuffer allocate(long size, long bytes, String holder) {
        try {
            return backend.allocate(size);
        } catch (OutOfMemoryError _) {
            flush();
            try {
                return backend.allocate(size);
            } catch (OutOfMemoryError full) {
                throw new OutOfDeviceMemoryException(backend.name() + ": out of memory for " + bytes + " bytes of "
                        + holder + "; " + active + " bytes are in use" + largestHolders()
                        + "; use a smaller batch, or close scopes earlier", full);
            }
        }
    }

    private String largestHolders() {
        if (leases.isEmpty()) {
            return "";
        }
        return leases.stream().sorted(Comparator.comparingLong((Lease lease) -> lease.bytes).reversed())
                .limit(LISTED_HOLDERS).map(lease -> lease.holder + " (" + lease.bytes + " bytes)")
                .collect(Collectors.joining(", ", ", the largest holders ", ""));
    }

    /**
     * Counts a block that only the garbage collector can give back, and asks it to run when they have doubled since it
     * last did: the heap alone does not show it how much memory hangs on the small objects.
     */
    void watch(Lease lease) {
        synchronized (this) {
            lease.watched = true;
            watched += lease.bytes;
            if (watched < pressure) {
                return;
            }
            pressure = Long.MAX_VALUE;
        }
        System.gc();
        synchronized (this) {
            awaitReclaim();
            pressure = Math.max(FIRST_PRESSURE, 2 * watched);
        }
    }

    /** Waits a little for the cleaner's thread, which notifies as it gives blocks back. */
    private void awaitReclaim() {
        long before = reclaimed;
        long end = System.nanoTime() + RECLAIM_NANOS;
        try {
            while (reclaimed == before && System.nanoTime() < end) {
                wait(1);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void giveBack(Lease lease, boolean byCollector) {
        if (!leases.remove(lease)) {
            return;
        }
        active -= lease.bytes;
        cached += lease.bytes;
        free.computeIfAbsent(lease.bytes, _ -> new ArrayDeque<>()).addLast(lease.buffer);
        if (lease.watched) {
            watched -= lease.bytes;
        }
        if (byCollector) {
            reclaimed++;
            notifyAll();
        }
    }

    /** The use of a block until it is closed. Knows nothing of who uses it, so that a cleaner may hold it. */
    static final class Lease implements Runnable {
        private final MemoryPool pool;
        private final DeviceBuffer buffer;
        private final long bytes;
        private final String holder;
        private boolean watched;

        private Lease(MemoryPool pool, DeviceBuffer buffer, long bytes, String holder) {
            this.pool = pool;
            this.buffer = buffer;
            this.bytes = bytes;
            this.holder = holder;
        }

        DeviceBuffer buffer() {
            return buffer;
        }

        MemoryPool pool() {
            return pool;
        }

        void close() {
            pool.giveBack(this, false);
        }

        /** The cleaner's way to close. */
        @Override
        public void run() {
            pool.giveBack(this, true);
        }
    }
}
