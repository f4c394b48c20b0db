package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.DeviceLostException;
import dev.jacobian.backend.LinearKernel;
import dev.jacobian.backend.View;
import dev.jacobian.data.Dataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.FusedBackend;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What training leaves behind when its device fails. */
final class FailingDeviceTest {
    @TempDir
    private Path folder;
    private final Failing backend = new Failing();
    private final Device device = Device.of(backend);
    private Device.Use use;
    private MemoryScope scope;

    /** Fails where it is told to. */
    private static final class Failing extends DelegatingBackend {
        private int productsLeft = Integer.MAX_VALUE;
        private int allocationsLeft = Integer.MAX_VALUE;
        private RuntimeException failure;

        Failing() {
            super(new FusedBackend());
        }

        /** Linear layers are left to the products, which are counted. */
        @Override
        public <K> K kernel(Class<K> kind, DType dtype) {
            return kind == LinearKernel.class ? null : super.kernel(kind, dtype);
        }

        @Override
        public void matmul(View a, View b, View out, boolean accumulate) {
            if (productsLeft-- <= 0) {
                throw failure;
            }
            super.matmul(a, b, out, accumulate);
        }

        @Override
        public DeviceBuffer allocate(long bytes) {
            if (allocationsLeft-- <= 0) {
                throw new OutOfMemoryError("told to");
            }
            return super.allocate(bytes);
        }
    }

    @BeforeEach
    void open() {
        use = device.use();
        scope = MemoryScope.open("of a test");
        Rng.seed(1);
    }

    @AfterEach
    void close() {
        scope.close();
        use.close();
        Rng.seed(0);
    }

    private DeviceLostException lost(Trainer trainer, Dataset data, int afterProducts) {
        backend.productsLeft = afterProducts;
        backend.failure = new DeviceLostException("gpu: an illegal access", null);
        DeviceLostException failure = catchThrowableOfType(DeviceLostException.class, () -> trainer.fit(data));
        backend.productsLeft = Integer.MAX_VALUE;
        assertThat(failure).isNotNull().hasCause(backend.failure).hasMessageStartingWith("gpu: an illegal access; ");
        return failure;
    }

    /** Each step has two products forward and three backward, since the data needs no gradient. */
    @Test
    void aLostDeviceSaysWhereToGoOn() {
        Dataset data = Toy.data(40, 2, 1);
        Sequential model = Toy.model(2);
        Trainer trainer = Toy.trainer(model).batchSize(10).epochs(3);
        assertThat(lost(trainer, data, 31)).hasMessageContaining("step 3 of 4 of epoch 2")
                .hasMessageContaining("there is no checkpoint: checkpoint(file)");
        assertThat(model.parameters()).noneMatch(Param::hasFreshGrad);

        Path file = folder.resolve("training.safetensors");
        trainer.checkpoint(file);
        assertThat(lost(trainer, data, 3)).hasMessageContaining("step 1 of 4 of epoch 1")
                .hasMessageContaining("no epoch was trained to its end");
        assertThat(lost(trainer, data, 41)).hasMessageContaining("step 1 of 4 of epoch 3").hasMessageContaining(
                "checkpoint " + file.toAbsolutePath() + " has the end of epoch 2: start the program anew, with"
                        + " resume(file)");
        assertThat(lost(trainer.resume(file), data, 1)).hasMessageContaining("step 1 of 4 of epoch 3")
                .hasMessageContaining(file + " has the end of epoch 2");
        assertThat(trainer.resume(file).fit(data).epochs()).isEqualTo(3);
    }

    @Test
    void aCallThatFailedIsPassedOnAsItIs() {
        Trainer trainer = Toy.trainer(Toy.model(2)).checkpoint(folder.resolve("training.safetensors"));
        backend.productsLeft = 7;
        backend.failure = new DeviceException("gpu: refused", null);
        assertThatThrownBy(() -> trainer.fit(Toy.data(40, 2, 1))).isSameAs(backend.failure);
    }

    /** The numbers that a step changes, but for running statistics. */
    private static Map<String, double[]> state(Layer model, Optimizer optimizer) {
        Map<String, double[]> state = new LinkedHashMap<>();
        model.namedParameters().forEach((name, param) -> state.put(name, param.toDoubleArray()));
        optimizer.stateDict().forEach((name, tensor) -> state.put(name, tensor.toDoubleArray()));
        state.put("rng", new double[] {Rng.step()});
        return state;
    }

    /** Trains, and has the step after some fail at the allocation of the given number; false if it does not reach it. */
    private boolean failsAt(int allocation, int goodSteps) {
        Rng.seed(1);
        Sequential model = Toy.model(2);
        Optimizer optimizer = new AdamW(model.parameters(), 0.05);
        Trainer trainer = Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(optimizer).quiet().batchSize(10)
                .schedule(CosineSchedule::new).clipNorm(0.5);
        Map<String, double[]> before = new LinkedHashMap<>();
        TrainListener arm = new TrainListener() {
            @Override
            public void onEpochStart(TrainEvent event) {
                onStep(event);
            }

            @Override
            public void onStep(TrainEvent event) {
                if (event.step() == goodSteps && before.isEmpty()) {
                    before.putAll(state(model, optimizer));
                    MemoryPool.of(device).flush(); // what it kept would serve the step
                    backend.allocationsLeft = allocation;
                } else if (event.step() > goodSteps) {
                    backend.allocationsLeft = Integer.MAX_VALUE;
                }
            }
        };
        try {
            trainer.callback(arm).fit(Toy.data(40, 2, 1));
            return false;
        } catch (OutOfDeviceMemoryException _) {
            backend.allocationsLeft = Integer.MAX_VALUE;
        }
        Map<String, double[]> after = state(model, optimizer);
        assertThat(after).containsOnlyKeys(before.keySet());
        before.forEach((name, values) -> assertThat(after.get(name)).as("%s, at allocation %d", name, allocation)
                .containsExactly(values));
        assertThat(model.parameters()).noneMatch(Param::hasFreshGrad);
        assertThat(MemoryScope.current()).isSameAs(scope);
        if (allocation % 10 == 0) {
            assertThat(trainer.fit(Toy.data(40, 2, 1)).last("loss")).as("goes on").isFinite();
        }
        return true;
    }

    @Test
    void withoutMemoryTheLastWholeStepStands() {
        for (int goodSteps : new int[] {0, 2}) {
            int allocation = 0;
            while (failsAt(allocation, goodSteps)) {
                allocation++;
            }
            assertThat(allocation).as("places to fail at").isGreaterThan(10);
        }
    }
}
