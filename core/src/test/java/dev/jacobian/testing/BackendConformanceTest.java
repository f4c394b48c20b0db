package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every backend must do, held against the {@link ReferenceBackend}: each operation, forward and backward, over a grid
 * of shapes, views and special numbers. A backend's tests extend this class and name a device.
 */
public abstract class BackendConformanceTest {
    private static final String TABLE = "dev.jacobian.testing.OpCases#all";

    /** The device under test, the same at every call. */
    protected abstract Device device();

    /** The shapes that are tried. */
    protected Grid grid() {
        return Grid.FULL;
    }

    /** Devices of the same kind that must give the same bits, such as one with more threads. */
    protected Iterable<Device> sameBitsDevices() {
        return List.of();
    }

    @ParameterizedTest
    @MethodSource(TABLE)
    void agreesWithTheReference(OpCase op) {
        new OpChecks(device()).check(op, grid());
    }

    @ParameterizedTest
    @MethodSource(TABLE)
    void givesTheSameBits(OpCase op) {
        new OpChecks(device()).checkSameBits(op, grid(), sameBitsDevices());
    }

    @Test
    void multipliesMatricesOfAllSizes() {
        List<Integer> sizes = grid().lengths().stream().filter(n -> n < 66 && n != 2 && n != 5 && n != 9).toList();
        new MatmulChecks(device()).checkSizes(sizes);
    }

    @Test
    void multipliesLargeMatrices() {
        int largest = grid().largest();
        MatmulChecks checks = new MatmulChecks(device());
        for (int i = 0; i < 4; i++) {
            boolean left = i % 2 == 1;
            boolean right = i > 1;
            checks.check(largest / 5, largest / 4 + 3, largest / 3, left, right);
            checks.check(1, largest + 1, largest / 2, left, right);
            checks.check(largest - 1, 1, largest / 2, left, right);
            checks.check(largest, 3, 7, left, right);
            checks.check(2, 3, 9 * largest, left, right);
        }
    }

    @Test
    void multipliesBatches() {
        new MatmulChecks(device()).checkBatches(1);
        new MatmulChecks(device()).checkBatches(Math.max(2, grid().largest() / 50));
    }

    @Test
    void drawsTheReferencesNumbers() {
        new RandomChecks(device()).check(grid().lengths());
        new RandomChecks(device()).checkSeeds();
    }

    @Test
    void stepsAsSgdDoes() {
        assumeThat(new OptimizerChecks(device()).checkSgd(grid().lengths())).as("has an SGD kernel").isTrue();
    }

    @Test
    void stepsAsAdamDoes() {
        assumeThat(new OptimizerChecks(device()).checkAdam(grid().lengths())).as("has an Adam kernel").isTrue();
    }

    @Test
    void writesWhereItIsTold() {
        OutputChecks checks = new OutputChecks(device());
        checks.checkStridedOutputs(grid().lengths());
        checks.checkReductions();
        checks.checkTransfers();
    }

    @Test
    void writesOverItsInput() {
        new OutputChecks(device()).checkInPlace(grid().lengths());
    }

    @Test
    void refusesIndicesOutOfRange() {
        new IndexChecks(device()).check();
        new IndexChecks(device()).checkIgnored();
    }

    @Test
    void saysWhatItIs() {
        assertThat(device().backend().name()).isNotBlank().isLowerCase();
        assertThat(device().describe()).startsWith(device().backend().name()).doesNotContain("\n");
    }

    @Test
    void givesMemoryBack() {
        MemoryPool pool = MemoryPool.of(device());
        work(0);
        long active = pool.stats().active();
        work(0);
        assertThat(pool.stats().active()).isEqualTo(active);
    }

    /** Several threads at once, as in evaluation by many: each gets what it would get alone. */
    @Test
    void servesSeveralThreads() throws InterruptedException, ExecutionException {
        List<float[]> alone = IntStream.range(0, 8).mapToObj(this::work).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<float[]>> together = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                int number = i % 8;
                together.add(threads.submit(() -> work(number)));
            }
            for (int i = 0; i < together.size(); i++) {
                assertThat(together.get(i).get()).isEqualTo(alone.get(i % 8));
            }
        }
    }

    private float[] work(int number) {
        try (var _ = MemoryScope.open("of work"); var _ = device().use()) {
            int n = 20 * (number + 1);
            Tensor x = Tensor.linspace(-1, number, n * 30).reshape(n, 30);
            Tensor w = Tensor.linspace(1, -number, 300).reshape(10, 30);
            return x.linear(w, null).tanh().softmax(1).add(x.sum(1, true)).toArray();
        }
    }
}
