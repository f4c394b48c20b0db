package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.backend.Device;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/** What counts as passed, and on which device tests run. */
final class ConformanceRunTest {
    private static ConformanceRun run(Class<?> tests) {
        return ConformanceRun.of(tests.getName(), "cuda:1");
    }

    @Test
    void testsThatAreToldTheDevicePass() {
        ConformanceRun run = run(OnTheSecondCard.class);
        assertThat(run.passed()).as(run.failures().toString()).isTrue();
        assertThat(run).hasToString("1 run, 0 failed, 0 skipped");
        assertThat(System.getProperty("jacobian.test.device")).isNull();
    }

    @Test
    void whereEverythingIsSkippedNothingHasPassed() {
        ConformanceRun run = run(Skipping.class);
        assertThat(run.passed()).isFalse();
        assertThat(run).hasToString("0 run, 0 failed, 2 skipped");
        assertThat(ConformanceRun.NONE.passed()).isFalse();
        assertThat(ConformanceRun.NONE).hasToString("not run");
    }

    @Test
    void oneFailureIsEnough() {
        ConformanceRun run = run(HalfBroken.class);
        assertThat(run.passed()).isFalse();
        assertThat(run).hasToString("2 run, 1 failed, 0 skipped");
        assertThat(run.failures()).singleElement().asString().contains("wrong bits");
    }

    /** A device that does not exist must be missed, whatever else there is. */
    @Test
    void theConformanceSuiteRunsOnTheDeviceThatIsNamed() {
        assumeThat(Device.available()).as("devices: %s", Device.explanation())
                .anyMatch(d -> d.toString().equals("cuda:0"));
        ConformanceRun run = ConformanceRun.of("dev.jacobian.cuda.CudaConformanceTest", "cuda:99");
        assertThat(run.run()).isPositive();
        assertThat(run.failed()).isEqualTo(run.run());
        assertThat(run.failures()).allMatch(failure -> failure.contains("cuda:99"));
    }

    static final class OnTheSecondCard {
        @Test
        void isTheDevice() {
            assertThat(System.getProperty("jacobian.test.device")).isEqualTo("cuda:1");
        }
    }

    static final class Skipping {
        @Test
        void givesUp() {
            assumeTrue(false);
        }

        @Test
        @Disabled("to be skipped")
        void isSkipped() {}
    }

    static final class HalfBroken {
        @Test
        void holds() {}

        @Test
        void fails() {
            throw new AssertionError("wrong bits");
        }
    }
}
