package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.testing.ReferenceBackend;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Seeds, streams and steps. */
final class RngTest {
    private Device.Use use;

    @BeforeEach
    void use() {
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(1);
    }

    @AfterEach
    void close() {
        use.close();
        Rng.seed(0);
    }

    @Test
    void oneSeedGivesTheSameNumbersAgain() {
        float[] first = Rng.uniform(10).toArray();
        float[] second = Rng.uniform(10).toArray();
        float[] normal = Rng.normal(10).toArray();
        assertThat(second).isNotEqualTo(first);
        Rng.seed(1);
        assertThat(Rng.uniform(10).toArray()).isEqualTo(first);
        assertThat(Rng.normal(10).toArray()).as("streams of other purposes disturb none").isEqualTo(normal);
        assertThat(Rng.uniform(10).toArray()).isEqualTo(second);
        Rng.seed(2);
        assertThat(Rng.seed()).isEqualTo(2);
        assertThat(Rng.uniform(10).toArray()).isNotEqualTo(first);
    }

    @Test
    void aStateGoesOnWhereItWasTaken() {
        Rng.uniform(3);
        Rng.normal(3);
        Rng.nextStep();
        Rng.State state = Rng.state();
        assertThat(state).isEqualTo(new Rng.State(1, 1, Map.of("uniform", 1L, "normal", 1L)));
        float[] uniform = Rng.uniform(10).toArray();
        long stream = Rng.nextStreamOfStep("dropout");
        Rng.seed(8);
        Rng.normal(5);
        Rng.nextStreamOfStep("dropout");
        Rng.restore(state);
        assertThat(Rng.state()).isEqualTo(state);
        assertThat(Rng.uniform(10).toArray()).isEqualTo(uniform);
        assertThat(Rng.nextStreamOfStep("dropout")).isEqualTo(stream);
    }

    @Test
    void numbersAreDistributedAsTheyShould() {
        Tensor uniform = Rng.uniform(100, 100);
        assertThat(uniform.min().item()).isBetween(0.0, 0.01);
        assertThat(uniform.max().item()).isBetween(0.99, 1.0).isLessThan(1);
        assertThat(uniform.mean().item()).isCloseTo(0.5, offset(4 * Math.sqrt(1.0 / 12) / 100));
        Tensor normal = Rng.normal(100, 100);
        assertThat(normal.mean().item()).isCloseTo(0, offset(0.04));
        assertThat(normal.variance().item()).isCloseTo(1, offset(4 * Math.sqrt(2) / 100));
    }

    @Test
    void everyCallHasAStreamOfItsOwn() {
        Set<Long> streams = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            streams.add(Rng.nextStream("a"));
            streams.add(Rng.nextStream("b"));
        }
        assertThat(streams).hasSize(200);
    }

    @Test
    void streamsOfAStepAreNamedByLayerAndCall() {
        long first;
        long second;
        try (var _ = Autograd.enterLayer("drop")) {
            first = Rng.nextStreamOfStep("dropout");
            second = Rng.nextStreamOfStep("dropout");
        }
        assertThat(second).isNotEqualTo(first);
        assertThat(Rng.nextStreamOfStep("dropout")).as("outside of the layer").isNotEqualTo(first);
        Rng.nextStep();
        assertThat(Rng.step()).isEqualTo(1);
        try (var _ = Autograd.enterLayer("drop")) {
            assertThat(Rng.nextStreamOfStep("dropout")).as("the first call of the next step").isEqualTo(first);
            Rng.resume(41);
            assertThat(Rng.nextStreamOfStep("dropout")).isEqualTo(first);
            assertThat(Rng.nextStreamOfStep("dropout")).isEqualTo(second);
        }
        assertThat(Rng.step()).isEqualTo(41);
        Rng.seed(1);
        assertThat(Rng.step()).isZero();
    }

    @Test
    void permutationsHoldEachNumberOnce() {
        for (int n : new int[] {0, 1, 2, 3, 4, 5, 17, 1000}) {
            int[] order = Rng.permutation(n, 7);
            assertThat(Arrays.stream(order).sorted().toArray()).isEqualTo(IntStream.range(0, n).toArray());
            assertThat(Rng.permutation(n, 7)).isEqualTo(order);
        }
        assertThat(Rng.permutation(100, 8)).isNotEqualTo(Rng.permutation(100, 7));
        Rng.seed(3);
        int[] other = Rng.permutation(100, 7);
        Rng.seed(1);
        assertThat(other).isNotEqualTo(Rng.permutation(100, 7));
    }

    @Test
    void everyNumberComesFirstEquallyOften() {
        int[] counts = new int[5];
        for (int stream = 0; stream < 5000; stream++) {
            counts[Rng.permutation(5, stream)[0]]++;
        }
        // Five times the standard deviation √(5000 · 0.2 · 0.8) ≈ 28.
        assertThat(Arrays.stream(counts).boxed()).allSatisfy(count -> assertThat(count).isBetween(859, 1141));
    }
}
