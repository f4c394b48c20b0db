package dev.jacobian.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * Transfers by way of page-locked slots. An upload reaches a slot's device memory on a stream of its own and its target
 * on the compute stream: it overlaps work that is queued, although that work may still use the target. Slots go round;
 * more are made while all are busy, up to a limit.
 */
final class Staging {
    /** Large enough that a copy of it hides the five calls it costs, small enough to start copying early. */
    static final int SLOT_BYTES = 2 << 20;
    /** Below this a copy takes less time than the way over two streams. */
    static final int SMALL_BYTES = 16 << 10;
    private static final int MOST_SLOTS = 32;
    private static final int MOST_SMALL_SLOTS = 64;

    private final CudaContext context;
    private final CUstream copyStream = new CUstream();
    private final Ring large;
    private final Ring small;

    Staging(CudaContext context) {
        this.context = context;
        context.check(JCudaDriver.cuStreamCreate(copyStream, CUstream_flags.CU_STREAM_NON_BLOCKING),
                "creating a stream");
        this.large = new Ring(SLOT_BYTES, MOST_SLOTS);
        this.small = new Ring(SMALL_BYTES, MOST_SMALL_SLOTS);
    }

    void upload(MemorySegment source, long target) {
        long size = source.byteSize();
        for (long done = 0; done < size;) {
            int bytes = (int) Math.min(size - done, SLOT_BYTES);
            Ring ring = bytes <= SMALL_BYTES ? small : large;
            StagingSlot slot = ring.take();
            try {
                MemorySegment.copy(source, done, slot.memory(), 0, bytes);
                context.enter();
                if (ring == small) {
                    slot.uploadDirectly(target + done, bytes);
                } else {
                    slot.upload(target + done, bytes, copyStream);
                }
            } finally {
                ring.give(slot);
            }
            done += bytes;
        }
    }

    /** Two slots in turn: the device fills one while the host empties the other. */
    void download(long source, MemorySegment target) {
        long size = target.byteSize();
        if (size == 0) {
            return;
        }
        Ring ring = size <= SMALL_BYTES ? small : large;
        StagingSlot full = ring.take();
        StagingSlot next = null;
        try {
            next = size <= SLOT_BYTES ? null : ring.takeIfFree();
            long asked = startDownload(full, source, 0, size);
            for (long done = 0; done < size;) {
                long end = asked;
                if (next != null && asked < size) {
                    asked = startDownload(next, source, asked, size);
                }
                full.await();
                MemorySegment.copy(full.memory(), 0, target, done, end - done);
                done = end;
                if (next == null && done < size) {
                    asked = startDownload(full, source, done, size);
                } else if (next != null) {
                    StagingSlot emptied = full;
                    full = next;
                    next = emptied;
                }
            }
        } finally {
            ring.give(full);
            if (next != null) {
                ring.give(next);
            }
        }
    }

    private long startDownload(StagingSlot slot, long source, long from, long size) {
        int bytes = (int) Math.min(size - from, SLOT_BYTES);
        context.enter();
        slot.startDownload(source + from, bytes);
        return from + bytes;
    }

    /** Slots of one size, the one that was used longest ago first. */
    private final class Ring {
        private final int slotBytes;
        private final int most;
        private final ArrayDeque<StagingSlot> free = new ArrayDeque<>();
        private int made;

        Ring(int slotBytes, int most) {
            this.slotBytes = slotBytes;
            this.most = most;
        }

        /** A slot whose memory no copy uses any more; waits for one if it must. */
        StagingSlot take() {
            StagingSlot slot = takeOrMake();
            try {
                slot.await();
            } catch (Throwable failure) {
                give(slot);
                throw failure;
            }
            return slot;
        }

        private synchronized StagingSlot takeOrMake() {
            boolean interrupted = false;
            try {
                while (true) {
                    context.enter(); // again after every wait
                    StagingSlot oldest = free.peekFirst();
                    if (oldest != null && (made == most || oldest.isFree())) {
                        return free.removeFirst();
                    }
                    if (made < most) {
                        return makeOrTakeOldest();
                    }
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private StagingSlot make() {
            StagingSlot slot = new StagingSlot(context, slotBytes);
            made++;
            return slot;
        }

        /** While no more memory can be locked, the slots there are have to do. */
        private StagingSlot makeOrTakeOldest() {
            try {
                return make();
            } catch (OutOfMemoryError full) {
                if (free.isEmpty()) {
                    throw full;
                }
                return free.removeFirst();
            }
        }

        /** A slot that costs no waiting, or null. */
        synchronized StagingSlot takeIfFree() {
            context.enter();
            StagingSlot oldest = free.peekFirst();
            if (oldest != null && oldest.isFree()) {
                return free.removeFirst();
            }
            try {
                return made < most ? make() : null;
            } catch (OutOfMemoryError full) {
                return null; // it would only have been faster
            }
        }

        synchronized void give(StagingSlot slot) {
            free.addLast(slot);
            notifyAll();
        }
    }
}
