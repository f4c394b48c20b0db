package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.DeviceLostException;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.data.ImageDataset;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.train.Accuracy;
import dev.jacobian.train.TrainEvent;
import dev.jacobian.train.TrainListener;
import dev.jacobian.train.Trainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong on a card ends in a clear error, and takes nothing else along. */
@Tag("software-device")
final class CudaFaultTest {
    private static Sequential model() {
        return new Sequential(new Flatten(), new Linear(784, 16), new ReLU(), new Linear(16, 10));
    }

    @Test
    void flushesThePoolWhenMemoryIsFull() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            Device device = software.fresh();
            try (var _ = device.use(); var _ = MemoryScope.open("of a test")) {
                try (var _ = MemoryScope.open("of garbage")) {
                    Tensor.linspace(0, 1, 100_000);
                }
                assertThat(MemoryPool.of(device).stats().cached()).isPositive();
                software.fail("alloc:2", 1); // the first try, and the driver's second one
                Tensor x = Tensor.linspace(0, 1, 300_000);
                assertThat(x.sum().item()).isBetween(149_900.0, 150_100.0);
                assertThat(MemoryPool.of(device).stats().cached()).as("what was kept for reuse").isLessThan(400_000);
            }
        }
    }

    /** Intermediate results of a kernel come from the same memory as tensors do. */
    @Test
    void flushesThePoolForIntermediateResults() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            Device device = software.fresh();
            try (var _ = device.use(); var _ = MemoryScope.open("of a test")) {
                Tensor x = Tensor.linspace(0, 1, 300_000);
                try (var _ = MemoryScope.open("of garbage")) {
                    x.copy();
                }
                Tensor total = Tensor.full(device, DType.FLOAT32, Shape.of(1), 0);
                software.fail("alloc:2", 1);
                device.backend().reduce(ReduceOp.SUM, x.view(), total.view());
                assertThat(total.item()).isBetween(149_900.0, 150_100.0);
                assertThat(MemoryPool.of(device).stats().cached()).isZero();
            }
        }
    }

    @Test
    void leavesTrainingAsItWasWhenMemoryRunsOut() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            float[] undisturbed = trained(software.fresh(), null);
            float[] disturbed = trained(software.fresh(), software);
            assertThat(disturbed).isEqualTo(undisturbed);
        }
    }

    /** Three steps; the second one is first tried without memory. */
    private static float[] trained(Device device, SoftwareDevice software) {
        try (var _ = device.use(); var _ = MemoryScope.open("of training")) {
            Rng.seed(4);
            Sequential model = model();
            Optimizer optimizer = new AdamW(model.parameters(), 1e-2);
            Tensor x = Rng.normal(8, 1, 28, 28);
            Tensor y = Tensor.of(0, 1, 2, 3, 4, 5, 6, 7);
            for (int i = 0; i < 3; i++) {
                if (i == 1 && software != null) {
                    MemoryPool.of(device).flush();
                    software.fail("alloc-", 1);
                    assertThatExceptionOfType(OutOfDeviceMemoryException.class)
                            .isThrownBy(() -> step(model, x, y, optimizer))
                            .withMessageContaining("out of memory").withMessageContaining("largest holders");
                    software.fail("reset", 0);
                }
                step(model, x, y, optimizer);
            }
            return model.get(1).parameters().getFirst().toArray();
        }
    }

    @Test
    void nothingIsInUseWhereTheFirstTensorDoesNotFit() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            Device device = software.fresh();
            device.synchronize(); // opens it
            software.fail("alloc-", 1);
            assertThatExceptionOfType(OutOfDeviceMemoryException.class)
                    .isThrownBy(() -> Tensor.full(device, DType.FLOAT32, Shape.of(9), 1))
                    .withMessageContaining("; 0 bytes are in use; use a smaller batch");
        }
    }

    /** Wherever in a step a call fails, the step can be tried again. */
    @ParameterizedTest
    @ValueSource(strings = {"alloc-", "launch"})
    void leavesTrainingAsItWasWhereverAStepFails(String what) {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            List<RuntimeException> failures = new ArrayList<>();
            float[][] undisturbed = retried(software, what, 0, 0, failures);
            assertThat(failures).isEmpty();
            for (int step = 0; step < 2; step++) {
                for (int n : new int[] {1, 2, 5, 9, 14, 20, 30}) {
                    assertThat(retried(software, what, n, step, failures)).as("%s, call %d of step %d", what, n, step)
                            .isDeepEqualTo(undisturbed);
                }
            }
            assertThat(failures).as("calls that failed; a step has fewer than 30").hasSizeBetween(8, 14);
        }
    }

    /** All weights after two steps; from the n-th call of one of them on, or at that call, it fails and is repeated. */
    private static float[][] retried(
            SoftwareDevice software, String what, int n, int failing, List<RuntimeException> failures) {
        Device device = software.fresh();
        try (var _ = device.use(); var _ = MemoryScope.open("of training")) {
            Rng.seed(4);
            Sequential model = model();
            Optimizer optimizer = new AdamW(model.parameters(), 1e-2);
            Tensor x = Rng.normal(8, 1, 28, 28);
            Tensor y = Tensor.of(0, 1, 2, 3, 4, 5, 6, 7);
            for (int i = 0; i < 2; i++) {
                MemoryPool.of(device).flush();
                software.fail(what, i == failing ? n : 0);
                try {
                    step(model, x, y, optimizer);
                } catch (OutOfDeviceMemoryException | DeviceException failure) {
                    failures.add(failure);
                    software.fail("reset", 0);
                    optimizer.zeroGrad();
                    step(model, x, y, optimizer);
                }
                software.fail("reset", 0);
            }
            return model.parameters().stream().map(Tensor::toArray).toArray(float[][]::new);
        }
    }

    private static void step(Sequential model, Tensor x, Tensor y, Optimizer optimizer) {
        try (var _ = MemoryScope.open("of a step")) {
            new CrossEntropyLoss().call(model.call(x), y).backward();
            optimizer.step();
        }
    }

    @Test
    void namesTheKernelThatWasRefused() {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            Device device = software.fresh();
            try (var _ = device.use(); var _ = MemoryScope.open("of a test")) {
                Tensor x = Tensor.linspace(-1, 1, 5);
                x.relu();
                software.fail("launch", 1);
                assertThatExceptionOfType(DeviceException.class).isThrownBy(x::relu).withMessageContaining("cuda:0")
                        .withMessageContaining("relu").isNotInstanceOf(DeviceLostException.class);
                assertThat(x.relu().toArray()).containsExactly(0, 0, 0, 0.5f, 1);
            }
        }
    }

    @Test
    void endsTrainingOnALostDeviceWithItsCheckpoint(@TempDir Path folder) {
        try (SoftwareDevice software = SoftwareDevice.open()) {
            Device device = software.fresh();
            Path file = folder.resolve("digits.checkpoint");
            ImageDataset digits = ImageDataset.synthetic(1, 64, 16);
            AtomicInteger epochs = new AtomicInteger();
            try (var _ = device.use(); var _ = MemoryScope.open("of training")) {
                Rng.seed(1);
                Sequential model = model();
                Trainer trainer = trainer(model).epochs(3).checkpoint(file).callback(new TrainListener() {
                    @Override
                    public void onEpochStart(TrainEvent event) {
                        if (epochs.incrementAndGet() == 2) {
                            software.fail("lose", 5);
                        }
                    }
                });
                assertThatExceptionOfType(DeviceLostException.class)
                        .isThrownBy(() -> trainer.fit(digits.train(), digits.test()))
                        .withMessageContaining("cuda:0").withMessageContaining(file.toString())
                        .withMessageContaining("epoch 1");
                Tensor[] later = new Tensor[1];
                assertThatExceptionOfType(DeviceLostException.class).as("every later call")
                        .isThrownBy(() -> later[0] = Tensor.linspace(0, 1, 7).relu());
            }
            assertThat(Files.exists(file)).isTrue();
            goesOnOnTheProcessor(file, digits);
        }
    }

    private static void goesOnOnTheProcessor(Path file, ImageDataset digits) {
        try (var _ = Cuda.cpu().use(); var _ = MemoryScope.open("of training")) {
            Sequential model = model();
            List<Double> losses = trainer(model).epochs(3).resume(file).fit(digits.train(), digits.test()).get("loss");
            assertThat(losses).hasSize(3);
            assertThat(losses.get(2)).isLessThan(losses.get(0));
        }
    }

    private static Trainer trainer(Sequential model) {
        return Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(new AdamW(model.parameters(), 1e-3))
                .metric(new Accuracy()).batchSize(16);
    }
}
