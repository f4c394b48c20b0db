package dev.jacobian.train;

import dev.jacobian.data.Dataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A small problem and a small model for it. */
final class Toy {
    private Toy() {}

    /** Points in two dimensions of the given width, labelled by the side of a line that they lie on. */
    static Dataset data(int size, int width, long seed) {
        Random random = new Random(seed);
        float[][] points = new float[size][width];
        int[] labels = new int[size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < width; j++) {
                points[i][j] = random.nextFloat() * 2 - 1;
            }
            labels[i] = points[i][0] + points[i][1] > 0 ? 1 : 0;
        }
        return Dataset.of(Tensor.of(points), Tensor.of(labels));
    }

    static Sequential model(int width) {
        return new Sequential(new Linear(width, 8), new BatchNorm(8), new ReLU(), new Dropout(0.1), new Linear(8, 2));
    }

    static Trainer trainer(Layer model) {
        return Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(new AdamW(model.parameters(), 0.05))
                .schedule(CosineSchedule::new).metric(new Accuracy()).quiet();
    }

    /** All numbers of a model's state, by name. */
    static Map<String, double[]> state(Layer model) {
        Map<String, double[]> state = new LinkedHashMap<>();
        model.stateDict().forEach((name, param) -> state.put(name, param.toDoubleArray()));
        return state;
    }
}
