package dev.jacobian.examples.dataset;

import dev.jacobian.data.Batch;
import dev.jacobian.data.Dataset;

/**
 * The beginning of a dataset.
 *
 * @param all the dataset
 * @param limit how many of its examples at most
 */
public record FirstExamples(Dataset all, int limit) implements Dataset {

    @Override
    public int size() {
        return Math.min(limit, all.size());
    }

    @Override
    public Batch batch(int... indices) {
        return all.batch(indices);
    }
}
