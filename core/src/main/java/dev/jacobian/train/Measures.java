package dev.jacobian.train;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The loss and the metrics over one epoch, or over one evaluation. */
final class Measures implements AutoCloseable {
    private final LossMeter meter = new LossMeter();
    private final List<Metric> metrics;

    Measures(List<Metric> metrics) {
        this.metrics = metrics;
        metrics.forEach(Metric::reset);
    }

    void add(Tensor prediction, Tensor target, Tensor loss, int examples) {
        meter.add(loss, examples);
        try (var _ = Autograd.noGrad()) {
            Tensor plain = prediction.detach();
            metrics.forEach(metric -> metric.update(plain, target));
        }
    }

    LossMeter meter() {
        return meter;
    }

    /** The means so far, by key. */
    Map<String, Double> values(String prefix) {
        meter.flush();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put(prefix + "loss", meter.value());
        metrics.forEach(metric -> values.put(prefix + metric.name(), metric.value()));
        return Collections.unmodifiableMap(values);
    }

    @Override
    public void close() {
        meter.close();
        metrics.forEach(Metric::reset);
    }
}
