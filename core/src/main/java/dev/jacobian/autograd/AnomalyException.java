package dev.jacobian.autograd;

/** A result that holds a NaN, found in anomaly mode where it first appeared. */
public final class AnomalyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    AnomalyException(String message) {
        super(message);
    }
}
