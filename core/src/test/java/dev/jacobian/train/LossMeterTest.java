package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.Device;
import dev.jacobian.data.Dataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.loss.Loss;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.nn.Sequential;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class LossMeterTest {
    @Test
    void weighsByExamples() {
        try (LossMeter meter = new LossMeter()) {
            assertThat(meter.value()).isNaN();
            meter.add(Tensor.scalar(1), 3);
            meter.add(Tensor.of(5f), 1);
            assertThat(meter.value()).isEqualTo(2);
            meter.add(Tensor.of(5.0), 4);
            assertThat(meter.value()).as("another type").isEqualTo(3.5);
            assertThat(meter.badStep()).isZero();
            assertThatThrownBy(() -> meter.add(Tensor.of(1f, 2f), 1)).hasMessageContaining("[2]");
        }
    }

    @Test
    void hostMemoryIsReadAtOnce() {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use(); LossMeter meter = new LossMeter()) {
            meter.add(Tensor.scalar(1), 1);
            meter.add(Tensor.scalar(Double.POSITIVE_INFINITY), 1);
            assertThat(meter.badStep()).isEqualTo(2);
            assertThat(meter.badLoss()).isInfinite();
        }
    }

    @Test
    void otherMemoryIsReadSeldom() {
        DistantBackend distant = new DistantBackend();
        Device device = Device.of(distant.backend());
        try (var _ = device.use()) {
            LossMeter meter = new LossMeter();
            for (int step = 1; step <= LossMeter.DELAY + 8; step++) {
                meter.add(Tensor.scalar(step == LossMeter.DELAY + 5 ? Double.NaN : step), 1);
            }
            assertThat(distant.downloads()).isEqualTo(1);
            assertThat(meter.value()).isEqualTo((LossMeter.DELAY + 1) / 2.0);
            assertThat(meter.badStep()).isZero();
            meter.flush();
            assertThat(distant.downloads()).isEqualTo(2);
            assertThat(meter.badStep()).as("exact, though read late").isEqualTo(LossMeter.DELAY + 5);
            long active = MemoryPool.of(device).stats().active();
            meter.close();
            assertThat(MemoryPool.of(device).stats().active()).isLessThan(active);
        }
    }

    @Test
    void trainingOnADistantDeviceNamesTheExactStep() {
        Device device = Device.of(new DistantBackend().backend());
        try (var _ = device.use()) {
            Sequential model = Toy.model(2);
            Dataset data = Toy.data(40, 2, 1);
            AtomicInteger calls = new AtomicInteger();
            Loss good = new CrossEntropyLoss();
            Loss badOnce = (prediction, target) -> good.call(prediction, target)
                    .add(calls.incrementAndGet() == 3 ? Double.NaN : 0);
            Trainer trainer = Toy.trainer(model).loss(badOnce).batchSize(5);
            assertThatThrownBy(() -> trainer.fit(data)).isInstanceOf(TrainingDivergedException.class)
                    .hasMessageContaining("step 3 of 8 of epoch 1");
            assertThat(model.parameters()).allSatisfy(param -> assertThat(param.toArray()).doesNotContain(Float.NaN));
            assertThat(trainer.fit(data, data).last("val_accuracy")).isBetween(0.0, 1.0);
        }
    }
}
