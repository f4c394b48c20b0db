package dev.jacobian.benchmarks;

/** A worker that failed, or ended. The message says which, what it was asked for, and where its own words are. */
final class WorkerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    WorkerException(String message, Throwable cause) {
        super(message, cause);
    }
}
