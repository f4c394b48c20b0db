package dev.jacobian.examples.script;

import java.io.Serial;
import java.util.Arrays;
import java.util.HashSet;
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
        for (Throwable at = thrown; at != null && seen.add(at); at = at.getCause()) {
            text.append(text.isEmpty() ? "" : "\n  caused by ").append(at.getClass().getSimpleName());
            if (at.getMessage() != null) {
                text.append(": ").append(at.getMessage());
            }
            Arrays.stream(at.getStackTrace()).filter(frame -> isOf(frame, scripts)).forEach(frame -> text
                    .append("\n    at ").append(frame.getMethodName()).append(" (").append(frame.getFileName())
                    .append(':')
                    .append(frame.getLineNumber()).append(')'));
        }
        return text.toString();
    }

    private static boolean isOf(StackTraceElement frame, ClassLoader scripts) {
        try {
            return scripts.equals(Class.forName(frame.getClassName(), false, scripts).getClassLoader());
        } catch (ClassNotFoundException | LinkageError hidden) {
            return false;
        }
    }
}
