package dev.jacobian.examples;

import java.io.Console;
import java.util.Optional;

/** Whether somebody watches. */
public final class Terminal {

    private Terminal() {}

    /**
     * Whether input and output are a terminal, on which lines can be written over.
     *
     * @return false for files and pipes
     */
    public static boolean isInteractive() {
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }
}
