package dev.jacobian.train;

import java.util.Map;

/**
 * Where training is.
 *
 * @param epoch the epoch, from 1 on; 0 before the first
 * @param epochs how many there are to be
 * @param step the step in this epoch, from 1 on; 0 before the first
 * @param steps how many an epoch has
 * @param metrics what was measured in this epoch so far, by the names of {@link History}: {@code loss}, the metrics,
 *        and at the epoch's end those on the validation data; not to be changed
 * @param lr the learning rate of the next step
 * @param seconds time since the epoch began; for the start and the end of training, since training began
 * @param examplesPerSecond how fast this epoch trains, without validation; 0 before the first step
 */
public record TrainEvent(
        int epoch,
        int epochs,
        int step,
        int steps,
        Map<String, Double> metrics,
        double lr,
        double seconds,
        double examplesPerSecond) {}
