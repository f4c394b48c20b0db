package dev.jacobian.examples.progress;

import dev.jacobian.examples.Terminal;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * The terminal's last line, written over and over. The library's own consumer asks a terminal library for the width, which
 * takes half a second and turns Ctrl-C into a kill without shutdown hooks; this one stays within a width of its own.
 */
final class TerminalLine implements ProgressBarConsumer {

    private static final int NARROW = 79;
    private static final int WIDE = 120;

    private final PrintStream out;
    private final int width;

    TerminalLine(PrintStream out) {
        this.out = out;
        this.width = width(columns());
    }

    /** Without knowledge, what fits the narrowest terminal in use: a longer line would break and scroll. */
    static int width(String columns) {
        try {
            int found = columns == null ? 0 : Integer.parseInt(columns.strip());
            return found <= 0 ? NARROW : Math.clamp(found - 1, 20, WIDE);
        } catch (NumberFormatException unknown) {
            return NARROW;
        }
    }

    /** What the shell says, or stty, which asks the terminal that is this program's input; null where there is neither. */
    private static String columns() {
        String exported = System.getenv("COLUMNS");
        if (exported != null || !Terminal.isInteractive()) {
            return exported;
        }
        try {
            Process stty = new ProcessBuilder("stty", "size").redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            return size.substring(size.indexOf(' ') + 1);
        } catch (IOException absent) {
            return null;
        }
    }

    @Override
    public int getMaxRenderedLength() {
        return width;
    }

    @Override
    public void accept(String text) {
        out.print("\r" + text);
        out.flush();
    }

    @Override
    public void clear() {
        out.print("\r" + " ".repeat(width) + "\r");
        out.flush();
    }

    @Override
    public void close() {
        out.flush();
    }
}
