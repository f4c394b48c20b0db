package dev.jacobian.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DataLoaderTest {
    /** Wide enough for four rows to be worth a thread. */
    private static final int WIDE = 4200;

    /** Rows that are full of their own number, and who fetched them. */
    private static final class Numbers implements Dataset {
        private final int size;
        private final int width;
        private final int badIndex;
        private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

        Numbers(int size, int width) {
            this(size, width, -1);
        }

        Numbers(int size, int width, int badIndex) {
            this.size = size;
            this.width = width;
            this.badIndex = badIndex;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public Batch batch(int... indices) {
            threads.add(Thread.currentThread());
            float[][] rows = new float[indices.length][width];
            for (int i = 0; i < indices.length; i++) {
                if (indices[i] == badIndex) {
                    throw new DataException("row " + badIndex + " is damaged");
                }
                Arrays.fill(rows[i], indices[i]);
            }
            return new Batch(Tensor.of(rows), Tensor.of(indices));
        }
    }

    private static List<List<Integer>> labels(DataLoader loader) {
        List<List<Integer>> all = new ArrayList<>();
        for (Batch batch : loader) {
            int[] labels = batch.target().toIntArray();
            float[] values = batch.input().toArray();
            for (int i = 0; i < labels.length; i++) {
                assertThat(values[i * batch.input().dim(1)]).isEqualTo(labels[i]);
            }
            all.add(IntStream.of(labels).boxed().toList());
        }
        return all;
    }

    @Test
    void keepsOrderAndASmallerLastBatch() {
        DataLoader loader = new DataLoader(new Numbers(7, 2), 3);
        assertThat(loader.batches()).isEqualTo(3);
        assertThat(labels(loader)).containsExactly(List.of(0, 1, 2), List.of(3, 4, 5), List.of(6));
        loader.dropLast(true);
        assertThat(loader.batches()).isEqualTo(2);
        assertThat(labels(loader)).containsExactly(List.of(0, 1, 2), List.of(3, 4, 5));
    }

    @Test
    void shufflesByTheSeedAndAnewInEachPass() {
        Rng.seed(5);
        DataLoader loader = new DataLoader(new Numbers(50, 1), 50).shuffle(true);
        List<List<Integer>> first = labels(loader);
        List<List<Integer>> second = labels(loader);
        assertThat(second).isNotEqualTo(first);
        assertThat(first.getFirst()).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 50).boxed().toList())
                .isNotEqualTo(IntStream.range(0, 50).boxed().toList());
        assertThat(labels(new DataLoader(new Numbers(50, 1), 50).shuffle(true))).isEqualTo(first);
        assertThat(labels(new DataLoader(new Numbers(50, 1), 50).shuffle(true).resume(1))).isEqualTo(second);
        Rng.seed(6);
        assertThat(labels(new DataLoader(new Numbers(50, 1), 50).shuffle(true))).isNotEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 50})
    void prefetchingChangesNothingButTheThread(int ahead) {
        Rng.seed(5);
        Numbers here = new Numbers(30, WIDE);
        Numbers there = new Numbers(30, WIDE);
        DataLoader plain = new DataLoader(here, 4).shuffle(true).prefetch(0);
        DataLoader prefetching = new DataLoader(there, 4).shuffle(true).prefetch(ahead);
        for (int pass = 0; pass < 3; pass++) {
            assertThat(labels(prefetching)).isEqualTo(labels(plain));
        }
        assertThat(here.threads).containsExactly(Thread.currentThread());
        assertThat(there.threads).hasSize(4).contains(Thread.currentThread());
    }

    @Test
    void smallBatchesNeedNoThread() {
        Numbers numbers = new Numbers(30, 3);
        assertThat(labels(new DataLoader(numbers, 4))).hasSize(8);
        assertThat(numbers.threads).containsExactly(Thread.currentThread());
    }

    private static Batch nextInAScope(Iterator<Batch> batches) {
        try (var _ = MemoryScope.open()) {
            return batches.next();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void aBatchLivesUntilTheNext(int ahead) {
        Iterator<Batch> batches = new DataLoader(new Numbers(8, WIDE), 4).prefetch(ahead).iterator();
        Batch first = nextInAScope(batches);
        assertThat(first.input().isAlive()).as("not the scope's").isTrue();
        Batch second = batches.next();
        assertThat(first.input().isAlive()).isFalse();
        assertThat(first.target().isAlive()).isFalse();
        assertThatThrownBy(() -> first.input().toArray()).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("memory scope of a data loader's batch, valid until the next is asked for,");
        assertThat(second.input().isAlive()).isTrue();
        assertThat(batches.hasNext()).isFalse();
        assertThat(second.input().isAlive()).isFalse();
        assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void memoryStaysTheSame(int ahead) {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use()) {
            DataLoader loader = new DataLoader(new Numbers(40, WIDE), 4).prefetch(ahead).shuffle(true);
            for (int pass = 0; pass < 3; pass++) {
                assertThat(labels(loader)).hasSize(10);
                assertThat(MemoryPool.of(device).stats().active()).isZero();
            }
            long batch = 4L * WIDE * 4 * 5 / 4; // rounded up by at most a quarter
            assertThat(MemoryPool.of(device).stats().peak()).isLessThanOrEqualTo((ahead + 3) * (batch + 256));
            assertThat(MemoryPool.of(device).stats().reclaimed()).isZero();
        }
    }

    @Test
    void aLoopThatWasLeftEarlyEndsWithTheNext() {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use()) {
            Numbers numbers = new Numbers(40, WIDE);
            DataLoader loader = new DataLoader(numbers, 4);
            for (int pass = 0; pass < 5; pass++) {
                for (Batch batch : loader) {
                    if (batch.target().toIntArray()[0] >= 4) {
                        break;
                    }
                }
            }
            assertThat(labels(loader)).hasSize(10);
            assertThat(MemoryPool.of(device).stats().active()).isZero();
            assertThat(numbers.threads.stream().filter(thread -> !thread.equals(Thread.currentThread())))
                    .allSatisfy(thread -> thread.join(10_000)).noneMatch(Thread::isAlive);
        }
    }

    @Test
    void stopLetsGoOfEverything() {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use()) {
            DataLoader loader = new DataLoader(new Numbers(40, WIDE), 4);
            Iterator<Batch> batches = loader.iterator();
            Batch first = batches.next();
            assertThat(first.size()).isEqualTo(4);
            loader.stop();
            assertThat(first.input().isAlive()).isFalse();
            assertThat(MemoryPool.of(device).stats().active()).isZero();
            assertThatThrownBy(batches::next).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("second DataLoader");
            loader.stop();
        }
    }

    @Test
    void aLoopInsideALoopIsAnError() {
        DataLoader loader = new DataLoader(new Numbers(8, 1), 2).prefetch(0);
        Iterator<Batch> outer = loader.iterator();
        outer.next();
        assertThat(labels(loader)).hasSize(4);
        assertThatThrownBy(outer::next).isInstanceOf(IllegalStateException.class);
    }

    /** The collector decides when; bounded by attempts. */
    @Test
    void anIterationThatIsForgottenEndsItsThread() throws InterruptedException {
        Numbers numbers = new Numbers(400, WIDE);
        DataLoader loader = new DataLoader(numbers, 4);
        Batch kept = loader.iterator().next();
        Thread producer = null;
        for (int attempt = 0; attempt < 500 && (producer == null || producer.isAlive()); attempt++) {
            producer = numbers.threads.stream().filter(thread -> !thread.equals(Thread.currentThread())).findAny()
                    .orElse(null);
            System.gc();
            if (producer != null) {
                producer.join(10);
            }
        }
        assertThat(producer).isNotNull();
        assertThat(producer.isAlive()).isFalse();
        assertThat(kept.input().isAlive()).as("the batch in use stays").isTrue();
        assertThat(kept.input().toArray()[0]).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void failuresReachTheirBatch(int ahead) {
        DataLoader loader = new DataLoader(new Numbers(40, WIDE, 9), 4).prefetch(ahead);
        Iterator<Batch> batches = loader.iterator();
        assertThat(batches.next().target().toIntArray()).containsExactly(0, 1, 2, 3);
        assertThat(batches.next().target().toIntArray()).containsExactly(4, 5, 6, 7);
        assertThatThrownBy(batches::next).isInstanceOf(DataException.class).hasMessage("row 9 is damaged");
        assertThat(batches.hasNext()).isFalse();
    }

    @Test
    void belongsToOneThread() throws InterruptedException {
        Iterator<Batch> batches = new DataLoader(new Numbers(8, 1), 2).iterator();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                batches.next();
            } catch (RuntimeException e) {
                failure.set(e);
            }
        });
        other.join();
        assertThat(failure.get()).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("belongs to the thread");
        assertThat(batches.next().size()).isEqualTo(2);
    }

    @Test
    void anInterruptWaitsForTheBatch() {
        DataLoader loader = new DataLoader(new Numbers(40, WIDE), 4).prefetch(1);
        Thread.currentThread().interrupt();
        try {
            assertThat(labels(loader)).hasSize(10);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void usesTheDeviceOfItsLoop() {
        Device device = Device.of(new ReferenceBackend());
        DataLoader loader = new DataLoader(new Numbers(12, WIDE), 4);
        Iterator<Batch> batches;
        try (var _ = device.use()) {
            batches = loader.iterator();
        }
        for (int i = 0; i < 3; i++) {
            assertThat(batches.next().input().device()).isSameAs(device);
        }
        loader.stop();
    }

    @Test
    void emptyDatasets() {
        DataLoader loader = new DataLoader(new Numbers(0, 1), 4).shuffle(true);
        assertThat(loader.batches()).isZero();
        assertThat(labels(loader)).isEmpty();
    }

    @Test
    void argumentsOutOfRange() {
        Dataset numbers = new Numbers(4, 1);
        assertThatThrownBy(() -> new DataLoader(numbers, 0)).hasMessageContaining("batch size 0");
        assertThatThrownBy(() -> new DataLoader(numbers, 1).prefetch(-1)).hasMessageContaining("prefetch -1");
        assertThatThrownBy(() -> new DataLoader(numbers, 1).resume(-1)).hasMessageContaining("-1 passes");
    }
}
