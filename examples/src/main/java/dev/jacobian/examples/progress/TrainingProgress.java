package dev.jacobian.examples.progress;

import dev.jacobian.examples.Terminal;
import dev.jacobian.train.History;
import dev.jacobian.train.ProgressView;
import dev.jacobian.train.TrainEvent;
import dev.jacobian.train.TrainListener;
import java.io.PrintStream;

/**
 * What the command line shows of training, in its own commands and in scripts: a bar on a terminal, plain lines elsewhere.
 * The trainer finds it as a service.
 */
public final class TrainingProgress implements ProgressView {

    /** How much is shown. */
    public enum Mode {
        /** A bar on a terminal; lines elsewhere. */
        AUTO,
        /** A line for each epoch. */
        EPOCHS,
        /** Nothing. */
        NONE
    }

    private static final String PROPERTY = "jacobian.progress";

    private final PrintStream out;
    private final Mode mode;
    private final TrainListener view;

    /** What was chosen with {@link #choose}, on the standard output. */
    public TrainingProgress() {
        this(System.out, Mode.valueOf(System.getProperty(PROPERTY, Mode.AUTO.name())), Terminal.isInteractive());
    }

    TrainingProgress(PrintStream out, Mode mode, boolean interactive) {
        this.out = out;
        this.mode = mode;
        this.view = switch (mode) {
            case AUTO -> interactive ? new BarView(out) : new PlainView(out, true);
            case EPOCHS -> new PlainView(out, false);
            case NONE -> new TrainListener() {};
        };
    }

    /**
     * Chooses how much all training that begins from now on shows.
     *
     * @param mode how much
     */
    public static void choose(Mode mode) {
        System.setProperty(PROPERTY, mode.name());
    }

    @Override
    public void onTrainStart(TrainEvent event) {
        view.onTrainStart(event);
    }

    @Override
    public void onEpochStart(TrainEvent event) {
        view.onEpochStart(event);
    }

    @Override
    public void onStep(TrainEvent event) {
        view.onStep(event);
    }

    @Override
    public void onEpochEnd(TrainEvent event) {
        view.onEpochEnd(event);
    }

    @Override
    public void onTrainEnd(TrainEvent event, History history) {
        view.onTrainEnd(event, history);
        if (mode != Mode.NONE) {
            switch (history.ending()) {
                case STOPPED_EARLY -> print("stopped early after " + Texts.epoch(event));
                case INTERRUPTED -> print("stopped in " + Texts.epoch(event) + " after step " + event.step() + "/"
                        + event.steps());
                case COMPLETED, FAILED -> out.flush();
            }
        }
    }

    private void print(String line) {
        out.println(line);
        out.flush();
    }
}
