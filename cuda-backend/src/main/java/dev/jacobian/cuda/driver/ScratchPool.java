package dev.jacobian.cuda.driver;

import java.util.ArrayDeque;

/** Blocks of device memory by size class, so that an operation's intermediate results cost no call of the driver. */
final class ScratchPool {
    private static final int SMALLEST_EXPONENT = 10;
    private static final int STEPS_PER_DOUBLING = 4;

    private final CudaContext context;
    private final ArrayDeque<Scratch>[] free;

    ScratchPool(CudaContext context) {
        this.context = context;
        this.free = queues((Long.SIZE - SMALLEST_EXPONENT) * STEPS_PER_DOUBLING);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static ArrayDeque<Scratch>[] queues(int count) {
        ArrayDeque<Scratch>[] queues = new ArrayDeque[count];
        for (int i = 0; i < count; i++) {
            queues[i] = new ArrayDeque<>();
        }
        return queues;
    }

    Scratch open(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("scratch: " + bytes + " bytes, expected at least 0");
        }
        int sizeClass = sizeClass(bytes);
        synchronized (this) {
            Scratch scratch = free[sizeClass].pollLast();
            if (scratch != null) {
                scratch.setOpen(true);
                return scratch;
            }
        }
        Scratch made = new Scratch(this, context.allocate(bytes(sizeClass)), sizeClass);
        made.setOpen(true);
        return made;
    }

    synchronized void close(Scratch scratch) {
        if (scratch.setOpen(false)) {
            free[scratch.sizeClass()].addLast(scratch);
        }
    }

    /** Gives everything that is not in use back to the device. */
    synchronized void trim() {
        for (ArrayDeque<Scratch> queue : free) {
            for (Scratch scratch = queue.pollLast(); scratch != null; scratch = queue.pollLast()) {
                context.free(scratch.buffer());
            }
        }
    }

    /** Four classes for each doubling, so that at most a fifth of a block is wasted. */
    static int sizeClass(long bytes) {
        if (bytes <= 1L << SMALLEST_EXPONENT) {
            return 0;
        }
        int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes - 1);
        int step = (int) ((bytes - 1 - (1L << exponent)) / (1L << (exponent - 2)));
        return (exponent - SMALLEST_EXPONENT) * STEPS_PER_DOUBLING + step + 1;
    }

    static long bytes(int sizeClass) {
        int exponent = SMALLEST_EXPONENT + sizeClass / STEPS_PER_DOUBLING;
        return (1L << exponent) + sizeClass % STEPS_PER_DOUBLING * (1L << (exponent - 2));
    }
}
