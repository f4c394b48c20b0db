package dev.jacobian.benchmarks;

/** Something that ends the benchmark and that its user can act on; the message is all there is to say. */
final class BenchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BenchException(String message) {
        super(message);
    }
}
