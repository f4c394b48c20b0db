package dev.jacobian.train;

import java.io.PrintStream;

/**
 * Is told how training goes, on the thread that trains: what it does takes training's time, and what it throws ends
 * training. All methods do nothing unless overridden.
 */
public interface TrainListener {
    /**
     * Training begins. The model is in training mode; sub-layers can be switched to evaluation here.
     *
     * @param event where training is
     */
    default void onTrainStart(TrainEvent event) {}

    /**
     * An epoch begins.
     *
     * @param event where training is
     */
    default void onEpochStart(TrainEvent event) {}

    /**
     * A step is done. On devices that compute while the program goes on, the event's measures may be a tenth of a
     * second old.
     *
     * @param event where training is
     */
    default void onStep(TrainEvent event) {}

    /**
     * An epoch is done, and measured on the validation data.
     *
     * @param event where training is, with all measures of the epoch
     */
    default void onEpochEnd(TrainEvent event) {}

    /**
     * Training is over, for whatever reason: also when an exception ends it.
     *
     * @param event where training was
     * @param history what was measured, and how training ended
     */
    default void onTrainEnd(TrainEvent event, History history) {}

    /**
     * A listener that prints a line for each epoch.
     *
     * @param out where to
     * @return what {@link Trainer} uses by default where no {@link ProgressView} is installed
     */
    static TrainListener printing(PrintStream out) {
        return new PrintedLines(out);
    }
}
