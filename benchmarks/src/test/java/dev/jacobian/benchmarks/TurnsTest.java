package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which blocks count. An answer about a block: seconds, processor seconds, waited seconds, those of others. */
@Timeout(60)
final class TurnsTest {
    private static final String QUIET = "ok\t1.0\t2.0\t0.01\t0.2";
    private static final String SLOWER = "ok\t2.0\t4.0\t0.0\t0.0";
    private static final String DISTURBED = "ok\t9.0\t2.0\t4.0\t8.0";
    private static final String WARM = "ok\t5\t1.0";
    private static final String TEN_CALLS = "ok\t10";

    @Test
    void aBlockIsDisturbedIfItWaitedWhileOthersRan() {
        assertThat(new Block(1, 2, 0.02, 0.9).disturbed()).isFalse();
        assertThat(new Block(1, 2, 0.5, 0.01).disturbed()).isFalse(); // its own threads are too many
        assertThat(new Block(1, 2, 0.04, 0.06).disturbed()).isTrue();
    }

    @Test
    void disturbedBlocksAreRepeated() {
        WorkerClient worker = FakeWorker.scripted("one",
                List.of(WARM, WARM, TEN_CALLS, DISTURBED, DISTURBED, QUIET, DISTURBED, SLOWER));

        Turns.Measured measured = new Turns(0, 0, 2, 0, 5).measure(List.of(worker)).get(worker);

        assertThat(measured.seconds()).containsExactly(new double[] {0.1, 0.2}, within(1e-12));
        assertThat(measured.repeated()).isEqualTo(3);
        assertThat(measured.disturbed()).isZero();
    }

    @Test
    void butNotForEver() {
        WorkerClient worker = FakeWorker.scripted("one",
                List.of(WARM, WARM, TEN_CALLS, DISTURBED, DISTURBED, DISTURBED, DISTURBED, QUIET));

        Turns.Measured measured = new Turns(0, 0, 3, 0, 2).measure(List.of(worker)).get(worker);

        assertThat(measured.repeated()).isEqualTo(2);
        assertThat(measured.disturbed()).isEqualTo(2);
        assertThat(measured.blocks()).hasSize(3);
    }

    @Test
    void warmingUpGoesOnWhileItHelps() {
        WorkerClient worker = FakeWorker.scripted("one",
                List.of("ok\t1\t4.0", "ok\t1\t3.0", "ok\t1\t2.0", "ok\t1\t1.99", TEN_CALLS, SLOWER));

        assertThat(new Turns(1, 0, 1, 0, 0).measure(List.of(worker)).get(worker).seconds())
                .containsExactly(new double[] {0.2}, within(1e-12));
    }

    @Test
    void workersTakeTurns() {
        WorkerClient one = FakeWorker.scripted("one", List.of(WARM, WARM, TEN_CALLS, QUIET, SLOWER));
        WorkerClient two = FakeWorker.scripted("two", List.of(WARM, WARM, TEN_CALLS, SLOWER, QUIET));

        Map<WorkerClient, Turns.Measured> measured = new Turns(0, 0, 2, 0.001, 0).measure(List.of(one, two));

        Ratio ratio = Ratio.ofNeighbours(measured.get(one).seconds(), measured.get(two).seconds());
        assertThat(ratio.lowest()).isEqualTo(0.5);
        assertThat(ratio.highest()).isEqualTo(2);
    }
}
