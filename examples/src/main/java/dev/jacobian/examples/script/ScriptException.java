package dev.jacobian.examples.script;

import java.io.Serial;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A script threw. The message shows what, and the script's own lines on the way to it. */
public final class ScriptException extends Exception {

    @Serial
    private static final long serialVersionUID = 1L;

    ScriptException(Throwable thrown, ClassLoader scripts) {
        super(describe(thrown, scripts), thrown);
    }

    private static String describe(Throwable thrown, ClassLoader scripts) {
        var text = new StringBuilder();
        Set<Throwable> seen = new HashSet<>();
        String message = null;
        List<String> lines = List.of();
        for (Throwable at = thrown; at != null && seen.add(at); at = at.getCause()) {
            boolean repeated = at.getMessage() != null && at.getMessage().equals(message);
            List<String> before = lines;
            message = at.getMessage();
            lines = lines(at, scripts);
            // A wrapper may take over its cause's message: then it is printed once.
            if (repeated && before.containsAll(lines)) {
                continue;
            }
            text.append(text.isEmpty() ? "" : "\n  caused by ").append(at.getClass().getSimpleName());
            if (message != null && !repeated) {
                text.append(": ").append(message);
            }
            lines.forEach(text::append);
        }
        return text.toString();
    }

    private static List<String> lines(Throwable thrown, ClassLoader scripts) {
        return Arrays.stream(thrown.getStackTrace()).filter(frame -> isOf(frame, scripts))
                .map(frame -> "\n    at " + frame.getMethodName() + " (" + frame.getFileName() + ":"
                        + frame.getLineNumber() + ")")
                .toList();
    }

    private static boolean isOf(StackTraceElement frame, ClassLoader scripts) {
        try {
            return scripts.equals(Class.forName(frame.getClassName(), false, scripts).getClassLoader());
        } catch (ClassNotFoundException | LinkageError hidden) {
            return false;
        }
    }
}
