package dev.jacobian.data;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One pass of a loader over its dataset: fetches batches, on the caller's thread or ahead on one of its own, and lets
 * go of them. Knows nothing of the iterator that uses it, so that a cleaner can {@link #cancel} a pass that was
 * abandoned.
 */
final class Pass {
    private final Dataset dataset;
    private final int[] order;
    private final int batchSize;
    private final int batches;
    private final int depth;
    private final Device device = Device.current();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Loaded> ready = new ArrayDeque<>();
    private Loaded current;
    private boolean threaded;
    private boolean producing;
    private boolean cancelled;

    /**
     * Plans a pass on the current device.
     *
     * @param order the numbers of the examples
     * @param batches how many batches of them to make
     * @param depth how many to fetch ahead
     */
    Pass(Dataset dataset, int[] order, int batchSize, int batches, int depth) {
        this.dataset = dataset;
        this.order = order;
        this.batchSize = batchSize;
        this.batches = batches;
        this.depth = depth;
    }

    int batches() {
        return batches;
    }

    /** Lets go of the batch before, and returns the one of this number: they are asked for in order. */
    Batch next(int number) {
        releaseCurrent();
        Loaded loaded = threaded ? take() : fetch(number);
        Batch batch = handOut(loaded);
        if (number == 0 && depth > 0 && batches > 1 && loaded.bytes() >= DataLoader.WORTH_A_THREAD) {
            start();
        }
        return batch;
    }

    private Batch handOut(Loaded loaded) {
        lock.lock();
        try {
            if (cancelled) {
                loaded.release();
                throw over();
            }
            current = loaded;
            return loaded.batch();
        } finally {
            lock.unlock();
        }
    }

    private Loaded fetch(int number) {
        int from = number * batchSize;
        int[] indices = Arrays.copyOfRange(order, from, Math.min(from + batchSize, order.length));
        try (var _ = device.use(); var _ = Autograd.noGrad(); var _ = MemoryScope.open("of a data loader")) {
            return Loaded.of(dataset.batch(indices));
        }
    }

    private void start() {
        threaded = true;
        producing = true;
        Thread.ofPlatform().daemon().name("jacobian data loader").start(this::produce);
    }

    private void produce() {
        try {
            boolean wanted = true;
            for (int number = 1; number < batches && wanted; number++) {
                wanted = offer(tryFetch(number));
            }
        } finally {
            ended();
        }
    }

    private void ended() {
        lock.lock();
        try {
            producing = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What the dataset throws is thrown again where its batch is asked for. */
    private Loaded tryFetch(int number) {
        try {
            return fetch(number);
        } catch (Throwable failure) {
            return Loaded.failed(failure);
        }
    }

    /** Waits for room; returns whether another batch is wanted. */
    private boolean offer(Loaded loaded) {
        lock.lock();
        try {
            while (ready.size() >= depth && !cancelled) {
                changed.awaitUninterruptibly();
            }
            if (cancelled) {
                loaded.release();
                return false;
            }
            ready.addLast(loaded);
            changed.signalAll();
            return loaded.failure() == null;
        } finally {
            lock.unlock();
        }
    }

    private Loaded take() {
        lock.lock();
        try {
            while (ready.isEmpty() && producing && !cancelled) {
                changed.awaitUninterruptibly();
            }
            Loaded loaded = ready.pollFirst();
            changed.signalAll();
            if (loaded == null) {
                throw over();
            }
            switch (loaded.failure()) {
                case null -> {
                    return loaded;
                }
                case Error error -> throw error;
                case RuntimeException exception -> throw exception;
                case Throwable checked -> throw new IllegalStateException("data loader: the dataset failed", checked);
            }
        } finally {
            lock.unlock();
        }
    }

    private static IllegalStateException over() {
        return new IllegalStateException("data loader: this iteration is over, since another one of the same loader has"
                + " begun or the loader was stopped; use a second DataLoader for a loop inside a loop");
    }

    private void releaseCurrent() {
        lock.lock();
        try {
            if (current != null) {
                current.release();
                current = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends the thread and drops what it fetched, but not the batch that was handed out: somebody may still use it. */
    void cancel() {
        lock.lock();
        try {
            cancelled = true;
            ready.forEach(Loaded::release);
            ready.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the pass, and waits until its thread has let go of the batch that it is making. */
    void close() {
        cancel();
        releaseCurrent();
        lock.lock();
        try {
            while (producing) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
