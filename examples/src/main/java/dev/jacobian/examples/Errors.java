package dev.jacobian.examples;

import dev.jacobian.examples.script.ScriptException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** What to print of an exception. */
final class Errors {

    private Errors() {}

    /** Whether the message says all there is to say: then a stack trace would only hide it. */
    static boolean isExpected(Throwable thrown) {
        return thrown instanceof Failure || thrown instanceof ScriptException
                || thrown instanceof IllegalArgumentException
                || thrown instanceof IOException || thrown instanceof UncheckedIOException
                || thrown.getClass().getName().startsWith("dev.jacobian.");
    }

    /** The message as the program prints it. */
    static String describe(Throwable thrown) {
        String message = switch (thrown) {
            case UncheckedIOException wrapped -> describeFile(wrapped.getCause());
            case IOException failed -> describeFile(failed);
            default -> thrown.getMessage();
        };
        return "jacobian: " + (message == null ? thrown.getClass().getSimpleName() : message);
    }

    /** The message of these two is nothing but the file's name. */
    private static String describeFile(IOException failed) {
        return switch (failed) {
            case NoSuchFileException missing -> "no file " + missing.getFile();
            case AccessDeniedException denied -> "no permission for " + denied.getFile();
            default -> failed.getMessage();
        };
    }
}
