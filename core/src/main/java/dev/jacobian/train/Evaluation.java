package dev.jacobian.train;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.data.Batch;
import dev.jacobian.data.DataLoader;
import dev.jacobian.loss.Loss;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** Measures a model on one pass over some examples, without changing it. */
final class Evaluation {
    private Evaluation() {}

    static Map<String, Double> of(Layer model, Loss loss, List<Metric> metrics, DataLoader loader,
            boolean detectAnomaly) {
        try (var _ = Autograd.noGrad(); var measures = new Measures(metrics)) {
            for (Batch batch : loader) {
                // The loader's own operations are not checked: a NaN of the data's is found where the model meets it.
                try (var _ = MemoryScope.open("of an evaluation step");
                        Autograd.ModeScope _ = detectAnomaly ? Autograd.detectAnomaly() : () -> {}) {
                    Tensor prediction = model.call(batch.input());
                    Tensor value = loss.call(prediction, batch.target());
                    measures.add(prediction, batch.target(), value, batch.size());
                }
            }
            return measures.values("");
        }
    }
}
