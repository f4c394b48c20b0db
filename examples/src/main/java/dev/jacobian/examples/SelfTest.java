package dev.jacobian.examples;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.Tanh;
import dev.jacobian.optim.Adam;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Locale;

/** Two seconds of work on a device, with results that are known. */
final class SelfTest {
    private static final int SIZE = 512;
    private static final int STEPS = 200;
    private static final long PRODUCT_NANOS = 700_000_000;

    private SelfTest() {}

    /** What came of it: how fast, or what is wrong. */
    static String run(Device device) {
        try (var _ = device.use(); var _ = MemoryScope.open("of a self-test")) {
            double rate = products(device);
            double left = training();
            return String.format(Locale.ROOT, "ok, matrix products at %.1f GFLOP/s, a fit down to %.0e of its loss",
                    rate * 1e-9, left);
        } catch (RuntimeException | OutOfMemoryError failure) {
            return "FAILED: " + failure.getMessage();
        }
    }

    /** Squares a matrix whose square is known; operations a second. */
    private static double products(Device device) {
        try (var _ = Autograd.noGrad()) {
            // All ones, but for a diagonal of two: its square has n + 2 beside the diagonal, n + 3 on it.
            Tensor diagonal = Tensor.arange(SIZE).unsqueeze(1).eq(Tensor.arange(SIZE)).to(DType.FLOAT32);
            Tensor a = diagonal.add(1);
            Tensor expected = diagonal.add(SIZE + 2);
            double wrong = a.matmul(a).sub(expected).abs().max().item();
            if (!(wrong <= 1e-2)) {
                throw new IllegalStateException("a matrix product is off by " + wrong);
            }
            // The first time is for the virtual machine, which compiles what the second one measures.
            rate(device, a);
            return rate(device, a);
        }
    }

    private static double rate(Device device, Tensor a) {
        long start = System.nanoTime();
        int runs = 0;
        while (System.nanoTime() - start < PRODUCT_NANOS) {
            try (var _ = MemoryScope.open("of a product")) {
                a.matmul(a);
                device.synchronize();
            }
            runs++;
        }
        return 2.0 * SIZE * SIZE * SIZE * runs / ((System.nanoTime() - start) * 1e-9);
    }

    /** Fits a sine; the last loss over the first. */
    private static double training() {
        Rng.seed(1);
        var model = new Sequential(new Linear(1, 32), new Tanh(), new Linear(32, 1));
        var optimizer = new Adam(model.parameters(), 1e-2);
        Tensor x = Tensor.linspace(-3, 3, 64).unsqueeze(1);
        Tensor y = x.sin();
        double first = Double.NaN;
        double last = Double.NaN;
        for (int step = 0; step < STEPS; step++) {
            try (var _ = MemoryScope.open("of a step")) {
                Tensor loss = model.call(x).sub(y).square().mean();
                loss.backward();
                optimizer.step();
                last = loss.item();
                first = step == 0 ? last : first;
            }
        }
        if (!(last < first / 10)) {
            throw new IllegalStateException("a fit went from a loss of " + first + " to " + last);
        }
        return last / first;
    }
}
