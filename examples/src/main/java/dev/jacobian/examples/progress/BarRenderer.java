package dev.jacobian.examples.progress;

import java.util.Locale;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;

/** {@code epoch 1/3:  42%|████▏     | 197/469 [00:02<00:03, 91.5 it/s, loss 0.3127, accuracy 0.9102]}. */
final class BarRenderer implements ProgressBarRenderer {

    private static final int WIDTH = 10;
    /** Eighths of a block, from one to seven. */
    private static final String PARTS = "▏▎▍▌▋▊▉";

    private final String unit;

    /** A bar over things, or over megabytes when the unit is {@code MB}. */
    BarRenderer(String unit) {
        this.unit = unit;
    }

    @Override
    public String render(ProgressState progress, int width) {
        double seconds = progress.getElapsedAfterStart().toNanos() * 1e-9;
        return render(progress.getTaskName(), progress.getCurrent(), progress.getMax(), seconds,
                progress.getExtraMessage(),
                width);
    }

    /** Without blocks where the width is too small for them, cut if it must be, and filled up to cover what was there. */
    String render(String name, long current, long max, double seconds, String extra, int width) {
        double fraction = max <= 0 ? 0 : Math.min(1, (double) current / max);
        double rate = seconds > 0 ? current / seconds : 0;
        String left = current > 0 && rate > 0 ? Texts.clock((max - current) / rate) : "?";
        String start = name + ": " + String.format(Locale.ROOT, "%3d%%", (int) (100 * fraction));
        String end = " " + amount(current) + "/" + amount(max) + " [" + Texts.clock(seconds) + "<" + left + ", "
                + speed(rate) + (extra == null || extra.isBlank() ? "" : ", " + extra.strip()) + "]";
        boolean room = start.length() + WIDTH + 2 + end.length() <= width;
        var text = new StringBuilder(start).append(room ? "|" + blocks(fraction) + "|" : "").append(end);
        text.setLength(Math.min(text.length(), width));
        return text.repeat(' ', width - text.length()).toString();
    }

    private static String blocks(double fraction) {
        int eighths = (int) (fraction * WIDTH * 8);
        var text = new StringBuilder().repeat("█", eighths / 8);
        if (eighths % 8 > 0) {
            text.append(PARTS.charAt(eighths % 8 - 1));
        }
        return text.repeat(' ', WIDTH - text.length()).toString();
    }

    private String amount(long count) {
        return isMegabytes() ? String.format(Locale.ROOT, "%.1f", count * 1e-6) : Long.toString(count);
    }

    private String speed(double rate) {
        return isMegabytes() ? String.format(Locale.ROOT, "%.1f MB/s", rate * 1e-6) : Texts.rate(rate);
    }

    private boolean isMegabytes() {
        return unit.equals("MB");
    }
}
