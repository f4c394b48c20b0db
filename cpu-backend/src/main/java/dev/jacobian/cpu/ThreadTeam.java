package dev.jacobian.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed team of threads that works on one call at a time: the caller and its helpers claim tasks from a counter, so
 * that a thread held up by a busy neighbour costs only its own task. A nested call, and one made while the team works
 * for another thread, runs in its caller alone. The helpers are daemons and start with the first call that needs them.
 */
final class ThreadTeam implements Parallel {
    /**
     * How long a thread without work watches for more before it sleeps: longer than what lies between two kernels of a
     * training step. A small perceptron's step takes a fifth more time with 10 µs than with 50, which 200 hardly improve.
     */
    private static final long SPIN_NANOS = 50_000;

    private static final VarHandle ASLEEP = MethodHandles.arrayElementVarHandle(boolean[].class);

    private final int threads;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final Thread[] helpers;
    private final boolean[] asleep;
    private volatile Job job;

    /**
     * A team; starts no thread yet.
     *
     * @param threads how many threads work on a call, its caller among them; at least 1
     */
    ThreadTeam(int threads) {
        this.threads = threads;
        this.helpers = new Thread[threads - 1];
        this.asleep = new boolean[threads - 1];
    }

    @Override
    public int threads() {
        return threads;
    }

    @Override
    public void run(int tasks, TaskBody body) {
        if (tasks > 1 && threads > 1 && busy.compareAndSet(false, true)) {
            try {
                runTogether(new Job(tasks, body, Thread.currentThread()));
            } finally {
                busy.set(false);
            }
        } else {
            for (int task = 0; task < tasks; task++) {
                body.run(task, 0);
            }
        }
    }

    private void runTogether(Job work) {
        if (helpers[0] == null) {
            start();
        }
        job = work;
        wake(Math.min(work.tasks - 1, helpers.length));
        work.help(0);
        boolean interrupted = work.await();
        job = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        work.rethrow();
    }

    private void wake(int wanted) {
        for (int i = 0; i < wanted; i++) {
            if ((boolean) ASLEEP.getVolatile(asleep, i)) {
                LockSupport.unpark(helpers[i]);
            }
        }
    }

    private void start() {
        for (int i = 0; i < helpers.length; i++) {
            int index = i;
            helpers[i] = Thread.ofPlatform()
                    .daemon()
                    .name("jacobian-cpu-" + (i + 1))
                    .unstarted(() -> serve(index));
        }
        for (Thread helper : helpers) {
            helper.start();
        }
    }

    private void serve(int index) {
        while (true) {
            awaitWork(index);
            Job work = job;
            if (work != null) {
                work.help(index + 1);
            }
        }
    }

    private void awaitWork(int index) {
        long start = System.nanoTime();
        while (!hasWork()) {
            if (System.nanoTime() - start < SPIN_NANOS) {
                Thread.onSpinWait();
                continue;
            }
            ASLEEP.setVolatile(asleep, index, true);
            while (!hasWork()) {
                LockSupport.park(this);
                // An interrupt would turn every later park into a spin; nobody has reason to interrupt a helper.
                Thread.interrupted();
            }
            ASLEEP.setVolatile(asleep, index, false);
        }
    }

    private boolean hasWork() {
        Job work = job;
        return work != null && work.next.get() < work.tasks;
    }

    /** One call: tasks not yet claimed, and how many have not yet ended. */
    private static final class Job {
        final int tasks;
        final TaskBody body;
        final Thread caller;
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger open;
        final AtomicReference<Throwable> failure = new AtomicReference<>();

        Job(int tasks, TaskBody body, Thread caller) {
            this.tasks = tasks;
            this.body = body;
            this.caller = caller;
            this.open = new AtomicInteger(tasks);
        }

        /** Works until no task is left to claim. After a failure the rest is claimed but not run. */
        void help(int worker) {
            for (int task = next.getAndIncrement(); task < tasks; task = next.getAndIncrement()) {
                try {
                    if (failure.get() == null) {
                        body.run(task, worker);
                    }
                } catch (Throwable thrown) {
                    failure.compareAndSet(null, thrown);
                } finally {
                    if (open.decrementAndGet() == 0) {
                        LockSupport.unpark(caller);
                    }
                }
            }
        }

        /** Waits for the tasks that others claimed; tells whether the caller was interrupted meanwhile. */
        boolean await() {
            boolean interrupted = false;
            long start = System.nanoTime();
            while (open.get() > 0) {
                if (System.nanoTime() - start < SPIN_NANOS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                    interrupted |= Thread.interrupted();
                }
            }
            return interrupted;
        }

        void rethrow() {
            switch (failure.get()) {
                case null -> {
                }
                case RuntimeException exception -> throw exception;
                case Error error -> throw error;
                case Throwable other -> throw new IllegalStateException(other);
            }
        }
    }
}
