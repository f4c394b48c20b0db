package dev.jacobian.examples;

import java.io.Serial;

/** Something the user can mend. The command line prints the message alone, without a stack trace. */
public final class Failure extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /**
     * A failure of what was asked for.
     *
     * @param message one line: what happened, and what to do
     */
    public Failure(String message) {
        this(message, null);
    }

    /**
     * A failure with a cause, which is shown only when stack traces are asked for.
     *
     * @param message one line: what happened, and what to do
     * @param cause what was caught
     */
    public Failure(String message, Throwable cause) {
        this(message, ExitCode.FAILED, cause);
    }

    private Failure(String message, int exitCode, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /**
     * A command that is wrong as it was written.
     *
     * @param message one line: what is wrong, and what would be right
     * @return a failure that ends the program with {@link ExitCode#USAGE}
     */
    public static Failure usage(String message) {
        return new Failure(message, ExitCode.USAGE, null);
    }

    /**
     * What the program ends with.
     *
     * @return the exit code
     */
    public int exitCode() {
        return exitCode;
    }
}
