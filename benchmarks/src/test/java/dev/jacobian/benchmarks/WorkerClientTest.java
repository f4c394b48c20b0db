package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What driver and worker say to each other, in one process and in two. */
@Timeout(60)
final class WorkerClientTest {
    @Test
    void aWorkerAnswersInTheSameProcess() throws IOException {
        try (WorkerClient worker = FakeWorker.inProcess("fake", 2.5)) {
            exercise(worker);
        }
    }

    @Test
    void aWorkerAnswersFromAnother(@TempDir Path folder) {
        try (WorkerClient worker = FakeWorker.ofItsOwn("fake", 2.5, folder.resolve("log"))) {
            exercise(worker);
            assertThat(worker.isAlive()).isTrue();
        }
    }

    private static void exercise(WorkerClient worker) {
        assertThat(worker.describe()).isEqualTo("fake");
        assertThat(worker.open("nothing")).isFalse();
        assertThat(worker.open("fake")).isTrue();
        assertThat(worker.losses(3)).containsExactly(2.5, 2.5, 2.5);
        assertThat(worker.warm(0.01)).isPositive();
        assertThat(worker.calls(0.01)).isPositive();
        Block block = worker.block(1000);
        assertThat(block.seconds()).isPositive();
        assertThat(worker.memory()).hasSize(2);
        assertThat(worker.cold(0.01)).hasSizeGreaterThanOrEqualTo(12).startsWith(1.0);
        worker.closeCase();
        assertThatThrownBy(() -> worker.block(1)).isInstanceOf(WorkerException.class)
                .hasMessageContaining("fake, block 1: java.lang.IllegalStateException: no case is open");
        assertThat(worker.open("fails")).isTrue();
        assertThatThrownBy(() -> worker.warm(1)).hasMessageContaining("no such kernel");
        assertThat(worker.open("fake")).isTrue();
    }

    @Test
    void aWorkerThatEndsIsNamed(@TempDir Path folder) {
        try (WorkerClient worker = FakeWorker.ofItsOwn("fake", 1, folder.resolve("log"))) {
            assertThatThrownBy(() -> worker.open("ends")).isInstanceOf(WorkerException.class)
                    .hasMessageContaining("fake, open ends: ended").hasMessageContaining("log");
            assertThat(worker.isAlive()).isFalse();
        }
    }
}
