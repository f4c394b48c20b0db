package dev.jacobian.examples.progress;

import dev.jacobian.train.TrainEvent;
import dev.jacobian.train.TrainListener;
import java.io.PrintStream;

/** Lines for a file or a pipe: one when training has begun, one per epoch, and one every ten seconds of a long epoch. */
final class PlainView implements TrainListener {

    private static final double SILENCE_SECONDS = 10;

    private final PrintStream out;
    private final boolean steps;
    private boolean first = true;
    private double lastLine;

    /** With lines about steps, or only about epochs. */
    PlainView(PrintStream out, boolean steps) {
        this.out = out;
        this.steps = steps;
    }

    @Override
    public void onEpochStart(TrainEvent event) {
        lastLine = 0;
    }

    @Override
    public void onStep(TrainEvent event) {
        if (!steps || (!first && event.seconds() - lastLine < SILENCE_SECONDS)) {
            return;
        }
        String rate = first ? "" : "  " + Texts.rate(event.step() / event.seconds());
        print(Texts.epoch(event) + "  step " + event.step() + "/" + event.steps() + "  "
                + Texts.values(event.metrics(), "  ") + rate);
        first = false;
        lastLine = event.seconds();
    }

    @Override
    public void onEpochEnd(TrainEvent event) {
        print(Texts.summary(event));
    }

    private void print(String line) {
        out.println(line);
        out.flush();
    }
}
