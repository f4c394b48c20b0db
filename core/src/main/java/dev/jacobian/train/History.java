package dev.jacobian.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What was measured in each epoch, by Keras's names: {@code loss} and the metrics' names on the training data, as a
 * mean over the epoch while it changed the weights, and the same with {@code val_} before them on the validation data,
 * with the weights at the epoch's end. Contains epochs that were trained to their end.
 */
public final class History {
    private final Map<String, List<Double>> values = new LinkedHashMap<>();
    private int epochs;
    private Ending ending = Ending.FAILED;

    History() {}

    /** How training ended. */
    public enum Ending {
        /** All epochs were trained. */
        COMPLETED,
        /** The monitored value did not improve any more. */
        STOPPED_EARLY,
        /** Somebody asked for it: {@link Trainer#stop}, {@link Trainer#stopWhen}, or an interrupt of the thread. */
        INTERRUPTED,
        /** By an exception; or training is still under way. */
        FAILED
    }

    void add(Map<String, Double> epoch) {
        epoch.forEach((key, value) -> values.computeIfAbsent(key, _ -> new ArrayList<>()).add(value));
        epochs++;
    }

    /** Takes over what was measured before a checkpoint. */
    void restore(Map<String, List<Double>> before) {
        before.forEach((key, column) -> values.put(key, new ArrayList<>(column)));
        epochs = values.get("loss").size();
    }

    void end(Ending how) {
        ending = how;
    }

    /**
     * What was measured.
     *
     * @return such as {@code loss}, {@code accuracy}, {@code val_loss}, {@code val_accuracy}
     */
    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /**
     * One measure over all epochs.
     *
     * @param key what was measured
     * @return a value for each epoch
     * @throws IllegalArgumentException if it was not measured; the message lists what was
     */
    public List<Double> get(String key) {
        List<Double> found = values.get(key);
        if (found == null) {
            throw new IllegalArgumentException("history: got key '" + key + "', expected one of " + values.keySet()
                    + (epochs == 0 ? "; no epoch was trained to its end" : ""));
        }
        return Collections.unmodifiableList(found);
    }

    /**
     * A measure of the last epoch.
     *
     * @param key what was measured
     * @return its value
     * @throws IllegalArgumentException if it was not measured; the message lists what was
     */
    public double last(String key) {
        return get(key).getLast();
    }

    /**
     * Everything.
     *
     * @return for each key a value for each epoch; not to be changed
     */
    public Map<String, List<Double>> toMap() {
        Map<String, List<Double>> copy = new LinkedHashMap<>();
        values.forEach((key, column) -> copy.put(key, List.copyOf(column)));
        return Collections.unmodifiableMap(copy);
    }

    /**
     * How many epochs were trained to their end.
     *
     * @return the number
     */
    public int epochs() {
        return epochs;
    }

    /**
     * How training ended.
     *
     * @return why it did
     */
    public Ending ending() {
        return ending;
    }

    /**
     * Whether somebody ended training before its time.
     *
     * @return true for {@link Ending#INTERRUPTED}
     */
    public boolean interrupted() {
        return ending == Ending.INTERRUPTED;
    }

    /**
     * A line for each epoch.
     *
     * @return for people
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int epoch = 0; epoch < epochs; epoch++) {
            text.append(epoch == 0 ? "" : "\n").append("epoch ").append(epoch + 1);
            for (Map.Entry<String, List<Double>> column : values.entrySet()) {
                text.append(String.format(Locale.ROOT, "  %s %.4f", column.getKey(), column.getValue().get(epoch)));
            }
        }
        return epochs == 0 ? "no epochs" : text.toString();
    }
}
