package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;
import dev.jacobian.data.ImageDataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.tensor.Rng;
import dev.jacobian.train.Accuracy;
import dev.jacobian.train.History;
import dev.jacobian.train.Trainer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The training of {@code examples/scripts/Mnist.java} on a device.
 *
 * @param device where
 * @param data the folder of MNIST's files; null for drawn digits
 * @param quick fewer images, one epoch
 */
record MnistRun(Device device, Path data, boolean quick) {
    Map<String, Object> run() {
        try (var _ = device.use()) {
            Rng.seed(42);
            ImageDataset digits = data == null
                    ? ImageDataset.synthetic(1, quick ? 2_000 : 20_000, quick ? 500 : 4_000)
                    : ImageDataset.mnist(data);
            var model = new Sequential(new Flatten(), new Linear(784, 512), new BatchNorm(512), new ReLU(),
                    new Dropout(0.2), new Linear(512, 10));
            long start = System.nanoTime();
            History history = Trainer.of(model).loss(new CrossEntropyLoss())
                    .optimizer(new AdamW(model.parameters(), 5e-3)).schedule(CosineSchedule::new)
                    .metric(new Accuracy()).epochs(quick ? 1 : 3).batchSize(128)
                    .fit(digits.train(), digits.test());
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("data", data == null ? "drawn digits" : "MNIST");
            result.put("epochs", quick ? 1 : 3);
            result.put("accuracy", history.last("val_accuracy"));
            result.put("seconds", (System.nanoTime() - start) * 1e-9);
            return result;
        }
    }
}
