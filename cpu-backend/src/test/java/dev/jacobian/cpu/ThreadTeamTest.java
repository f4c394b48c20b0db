package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ThreadTeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void runsEveryTaskOnce(int threads) {
        ThreadTeam team = new ThreadTeam(threads);
        assertThat(team.threads()).isEqualTo(threads);
        for (int round = 0; round < 200; round++) {
            AtomicIntegerArray runs = new AtomicIntegerArray(round);
            team.run(round, (task, worker) -> {
                assertThat(worker).isBetween(0, threads - 1);
                runs.incrementAndGet(task);
            });
            for (int task = 0; task < round; task++) {
                assertThat(runs.get(task)).isEqualTo(1);
            }
        }
    }

    @Test
    void usesAllItsThreads() {
        ThreadTeam team = new ThreadTeam(3);
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch together = new CountDownLatch(3);
        team.run(3, (_, _) -> {
            seen.add(Thread.currentThread());
            together.countDown();
            awaitQuietly(together);
        });
        assertThat(seen).hasSize(3).contains(Thread.currentThread());
    }

    @Test
    void oneThreadRunsInItsCaller() {
        List<Thread> seen = new ArrayList<>();
        new ThreadTeam(1).run(5, (_, _) -> seen.add(Thread.currentThread()));
        assertThat(seen).hasSize(5).containsOnly(Thread.currentThread());
    }

    @Test
    void nestedCallsRunInTheirCaller() {
        ThreadTeam team = new ThreadTeam(2);
        AtomicInteger inner = new AtomicInteger();
        team.run(8, (_, _) -> {
            Thread outer = Thread.currentThread();
            team.run(4, (_, worker) -> {
                assertThat(Thread.currentThread()).isSameAs(outer);
                assertThat(worker).isZero();
                inner.incrementAndGet();
            });
        });
        assertThat(inner).hasValue(32);
    }

    @Test
    void failuresReachTheCallerAndTheTeamGoesOn() {
        ThreadTeam team = new ThreadTeam(2);
        for (int bad = 0; bad < 20; bad++) {
            int failing = bad;
            assertThatThrownBy(() -> team.run(20, (task, _) -> {
                if (task == failing) {
                    throw new IllegalArgumentException("task " + task);
                }
            }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("task " + bad);
        }
        assertThatThrownBy(() -> team.run(2, (_, _) -> {
            throw new OutOfMemoryError("test");
        }))
                .isInstanceOf(OutOfMemoryError.class);
        AtomicInteger runs = new AtomicInteger();
        team.run(10, (_, _) -> runs.incrementAndGet());
        assertThat(runs).hasValue(10);
    }

    @Test
    void manyCallersShareIt() throws InterruptedException {
        ThreadTeam team = new ThreadTeam(2);
        AtomicInteger sum = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            callers.add(Thread.ofVirtual().start(() -> {
                for (int round = 0; round < 300; round++) {
                    team.run(7, (task, _) -> sum.addAndGet(task));
                }
            }));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(sum).hasValue(6 * 300 * 21);
    }

    @Test
    void anInterruptedCallerFinishesAndStaysInterrupted() {
        ThreadTeam team = new ThreadTeam(2);
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch both = new CountDownLatch(2);
        Thread.currentThread().interrupt();
        team.run(2, (_, _) -> {
            both.countDown();
            boolean interrupted = Thread.interrupted();
            awaitQuietly(both);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            runs.incrementAndGet();
        });
        assertThat(Thread.interrupted()).isTrue();
        assertThat(runs).hasValue(2);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException unexpected) {
            throw new IllegalStateException(unexpected);
        }
    }
}
