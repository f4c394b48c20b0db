package dev.jacobian.nn;

import dev.jacobian.backend.Shape;
import java.util.List;

/**
 * What loading a state dict did.
 *
 * @param loaded names whose values were set
 * @param missing names that the layer has and the state dict has not
 * @param unexpected names that the state dict has and the layer has not
 * @param mismatched names that both have, with different shapes
 */
public record LoadReport(
        List<String> loaded, List<String> missing, List<String> unexpected, List<Mismatch> mismatched) {
    /**
     * A name that stands for different shapes.
     *
     * @param name the name
     * @param found the shape in the state dict
     * @param expected the shape in the layer
     */
    public record Mismatch(String name, Shape found, Shape expected) {
        /** {@return name, shape found and shape expected} */
        @Override
        public String toString() {
            return name + ": got " + found + ", expected " + expected;
        }
    }

    /** Copies the lists. */
    public LoadReport {
        loaded = List.copyOf(loaded);
        missing = List.copyOf(missing);
        unexpected = List.copyOf(unexpected);
        mismatched = List.copyOf(mismatched);
    }

    /**
     * Whether all names and shapes fit.
     *
     * @return true if nothing was missing, unexpected or mismatched
     */
    public boolean isComplete() {
        return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty();
    }

    /**
     * All of it.
     *
     * @return one line for people
     */
    @Override
    public String toString() {
        return loaded.size() + " loaded; missing " + missing + "; unexpected " + unexpected + "; mismatched "
                + mismatched;
    }
}
