package dev.jacobian.examples;

/** What the command line ends with. */
public final class ExitCode {

    /** All went well. */
    public static final int OK = 0;

    /** What was asked for could not be done. */
    public static final int FAILED = 1;

    /** The command itself is wrong. */
    public static final int USAGE = 2;

    /** Ended by Ctrl-C: 128 and the signal's number, as shells have it. */
    public static final int INTERRUPTED = 130;

    private ExitCode() {}
}
