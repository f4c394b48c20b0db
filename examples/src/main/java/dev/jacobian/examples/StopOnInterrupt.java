package dev.jacobian.examples;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets Ctrl-C end work in an orderly way: the work is asked to stop, and the program waits until {@link #close}, but not for
 * ever.
 */
final class StopOnInterrupt implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 20;

    private final Runnable stop;
    private final CountDownLatch finished = new CountDownLatch(1);
    private final AtomicBoolean interrupted = new AtomicBoolean();
    private final Thread hook = new Thread(this::stopAndWait, "jacobian-interrupt");

    /** From now on a signal calls {@code stop}, on a thread of its own. */
    StopOnInterrupt(Runnable stop) {
        this.stop = stop;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    void stopAndWait() {
        interrupted.set(true);
        stop.run();
        try {
            if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("jacobian: work did not end within " + PATIENCE_SECONDS + " s; leaving it");
            }
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the program is about to end because of a signal. */
    boolean isInterrupted() {
        return interrupted.get();
    }

    /** All is done that was to be done: the program may end. */
    @Override
    public void close() {
        finished.countDown();
        if (!isInterrupted()) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException ending) {
                // The signal came just now: the hook finds that all is finished.
            }
        }
    }
}
