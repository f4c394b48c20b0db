package dev.jacobian.memory;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One device's blocks, kept by size for reuse: a fresh block costs tens of microseconds and page faults, a kept one well
 * under a microsecond. Sizes are rounded up to four steps per power of two, so at most a fifth of a block is unused.
 * Safe for use by several threads.
 */
public final class MemoryPool {
    private static final int SMALLEST_BITS = 8;
    private static final long SMALLEST = 1L << SMALLEST_BITS;
    /** Four sizes for each power of two from the smallest on. */
    private static final int SIZES = 4 * (Long.SIZE - SMALLEST_BITS);
    private static final int LISTED_HOLDERS = 5;
    /** Bytes that only the garbage collector can give back, at which it is first asked to run. */
    private static final long FIRST_PRESSURE = 256L << 20;
    private static final long RECLAIM_NANOS = 20_000_000;
    private static final Map<Device, MemoryPool> POOLS = Collections.synchronizedMap(new WeakHashMap<>());

    /** The pool that was asked for last, mostly the only one: asking the map takes as long as all else for a small block. */
    private static volatile MemoryPool recent;

    private final Backend backend;
    private final WeakReference<Device> device;
    private final List<ArrayDeque<DeviceBuffer>> free = Stream.generate(() -> new ArrayDeque<DeviceBuffer>(1))
            .limit(SIZES).toList();
    /** The leases that are not closed, linked: the first of them. */
    private Lease leases;
    private long active;
    private long peak;
    private long cached;
    private long reclaimed;
    private long watched;
    private long pressure = FIRST_PRESSURE;

    private MemoryPool(Device device) {
        this.backend = device.backend();
        this.device = new WeakReference<>(device);
    }

    /**
     * The pool of a device.
     *
     * @param device the device
     * @return its pool
     */
    public static MemoryPool of(Device device) {
        MemoryPool pool = recent;
        if (pool == null || !pool.device.refersTo(device)) {
            pool = POOLS.computeIfAbsent(device, MemoryPool::open);
            recent = pool;
        }
        return pool;
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
        for (ArrayDeque<DeviceBuffer> blocks : free) {
            blocks.forEach(backend::free);
            blocks.clear();
        }
        cached = 0;
    }

    static long roundUp(long bytes) {
        if (bytes <= SMALLEST) {
            return SMALLEST;
        }
        long step = Long.highestOneBit(bytes - 1) >> 2;
        return (bytes + step - 1) / step * step;
    }

    /** The number of a size that {@link #roundUp} returned, counted from the smallest. */
    private static int sizeClass(long size) {
        int bits = Long.SIZE - 1 - Long.numberOfLeadingZeros(size);
        return 4 * (bits - SMALLEST_BITS) + (int) ((size >> (bits - 2)) & 3);
    }

    /** Takes a block; its content is undefined. */
    Lease lease(long bytes, Object holder) {
        long size = roundUp(bytes);
        synchronized (this) {
            DeviceBuffer buffer = free.get(sizeClass(size)).pollLast();
            if (buffer == null) {
                buffer = allocate(size, bytes, holder);
            } else {
                cached -= size;
            }
            active += size;
            peak = Math.max(peak, active);
            Lease lease = new Lease(this, buffer, size, holder);
            lease.after = leases;
            if (leases != null) {
                leases.before = lease;
            }
            leases = lease;
            return lease;
        }
    }

    private DeviceBuffer allocate(long size, long bytes, Object holder) {
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
        if (leases == null) {
            return "";
        }
        return Stream.iterate(leases, lease -> lease != null, lease -> lease.after)
                .sorted(Comparator.comparingLong((Lease lease) -> lease.bytes).reversed())
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
        if (lease.closed) {
            return;
        }
        lease.closed = true;
        if (lease.before == null) {
            leases = lease.after;
        } else {
            lease.before.after = lease.after;
        }
        if (lease.after != null) {
            lease.after.before = lease.before;
        }
        lease.before = null;
        lease.after = null;
        active -= lease.bytes;
        cached += lease.bytes;
        free.get(sizeClass(lease.bytes)).addLast(lease.buffer);
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
        private final Object holder;
        private Lease before;
        private Lease after;
        private boolean watched;
        private boolean closed;

        private Lease(MemoryPool pool, DeviceBuffer buffer, long bytes, Object holder) {
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
