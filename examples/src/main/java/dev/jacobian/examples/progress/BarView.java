package dev.jacobian.examples.progress;

import dev.jacobian.train.History;
import dev.jacobian.train.TrainEvent;
import dev.jacobian.train.TrainListener;
import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** A bar for a terminal, which gives way to one line when its epoch is over. */
final class BarView implements TrainListener {

    private static final int INTERVAL_MILLIS = 100;

    private final PrintStream out;
    private final TerminalLine line;
    private ProgressBar bar;

    BarView(PrintStream out) {
        this.out = out;
        this.line = new TerminalLine(out);
    }

    @Override
    public void onEpochStart(TrainEvent event) {
        bar = new ProgressBarBuilder().setTaskName(Texts.epoch(event)).setInitialMax(event.steps())
                .setUpdateIntervalMillis(INTERVAL_MILLIS).setConsumer(line).setRenderer(new BarRenderer("it"))
                .build();
    }

    @Override
    public void onStep(TrainEvent event) {
        bar.setExtraMessage(Texts.values(event.metrics(), ", "));
        bar.stepTo(event.step());
    }

    @Override
    public void onEpochEnd(TrainEvent event) {
        clear();
        out.println(Texts.summary(event));
        out.flush();
    }

    @Override
    public void onTrainEnd(TrainEvent event, History history) {
        clear();
    }

    private void clear() {
        if (bar != null) {
            bar.close();
            line.clear();
            bar = null;
        }
    }
}
