package dev.jacobian.examples.progress;

import dev.jacobian.examples.dataset.DownloadView;
import java.io.PrintStream;
import java.net.URI;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** Shows a download: as bars on a terminal, as one line per file elsewhere. */
public final class DownloadProgress implements DownloadView {

    private final PrintStream out;
    private final TerminalLine line;
    private final boolean interactive;
    private ProgressBar bar;

    /**
     * A view.
     *
     * @param out where to
     * @param interactive whether that is a terminal
     */
    public DownloadProgress(PrintStream out, boolean interactive) {
        this.out = out;
        this.line = new TerminalLine(out);
        this.interactive = interactive;
    }

    @Override
    public void started(String name, long bytes, URI from, long have) {
        if (!interactive) {
            String rest = have > 0 ? ", from byte " + have + " on" : "";
            out.println(String.format(Locale.ROOT, "download   %s (%.1f MB%s) from %s", name, bytes * 1e-6, rest,
                    from.getHost()));
            out.flush();
            return;
        }
        bar = new ProgressBarBuilder().setTaskName(name).setInitialMax(bytes).setUpdateIntervalMillis(100)
                .setConsumer(line).setRenderer(new BarRenderer("MB")).build();
        bar.stepTo(have);
    }

    @Override
    public void progressed(long have) {
        if (bar != null) {
            bar.stepTo(have);
        }
    }

    @Override
    public void ended() {
        if (bar != null) {
            bar.close();
            line.clear();
            bar = null;
        }
    }
}
