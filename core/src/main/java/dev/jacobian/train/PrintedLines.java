package dev.jacobian.train;

import java.io.PrintStream;
import java.util.Locale;

/** One plain line for each epoch. */
final class PrintedLines implements TrainListener {
    private final PrintStream out;

    PrintedLines(PrintStream out) {
        this.out = out;
    }

    @Override
    public void onEpochEnd(TrainEvent event) {
        StringBuilder line = new StringBuilder("epoch ").append(event.epoch()).append('/').append(event.epochs());
        event.metrics().forEach((name, value) -> line.append(String.format(Locale.ROOT, "  %s %.4f", name, value)));
        line.append(String.format(
                Locale.ROOT, "  %.1f s (%.0f examples/s)", event.seconds(), event.examplesPerSecond()));
        out.println(line);
    }

    @Override
    public void onTrainEnd(TrainEvent event, History history) {
        switch (history.ending()) {
            case STOPPED_EARLY -> out.println("stopped early after epoch " + event.epoch());
            case INTERRUPTED ->
                out.println("interrupted in epoch " + event.epoch() + " after step " + event.step() + " of "
                        + event.steps());
            case COMPLETED, FAILED -> {
                // the last epoch's line, or the exception, says it
            }
        }
    }
}
