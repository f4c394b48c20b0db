package dev.jacobian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.benchmarks.BenchReport.ColdStart;
import org.junit.jupiter.api.Test;

/** Medians, ranges, ratios, and the words for them. */
final class StatisticsTest {
    @Test
    void aTimingIsTheMedianAndTheRange() {
        assertThat(Timing.of(3, 1, 2)).isEqualTo(new Timing(2, 1, 3));
        assertThat(Timing.of(4)).isEqualTo(new Timing(4, 4, 4));
        assertThat(Timing.of(4, 1, 3, 2)).isEqualTo(new Timing(2.5, 1, 4));
    }

    @Test
    void aRatioOfNeighboursDoesNotSeeWhatDisturbsBoth() {
        assertThat(Ratio.ofNeighbours(new double[] {1, 10, 2}, new double[] {2, 20, 4}))
                .isEqualTo(new Ratio(0.5, 0.5, 0.5)).hasToString("0.50 (0.50–0.50)");
        assertThat(new Ratio(0.0644, 0.06, 0.0712)).hasToString("0.064 (0.060–0.071)");
    }

    @Test
    void aRatioOfRunsIsAsWideAsTheirRanges() {
        assertThat(Ratio.ofRanges(new Timing(3, 2, 4), new Timing(2, 1, 4))).isEqualTo(new Ratio(1.5, 0.5, 4));
    }

    @Test
    void lossesAreComparedRelatively() {
        assertThat(LossCheck.of("W1", new double[] {2, 1.00005}, new double[] {2, 1}).passed()).isTrue();
        assertThat(LossCheck.of("W1", new double[] {2, 1.0002}, new double[] {2, 1}).passed()).isFalse();
        assertThat(LossCheck.of("W1", new double[] {Double.NaN, 1}, new double[] {2, 1}).passed()).isFalse();
        assertThat(LossCheck.of("W1", new double[] {1}, new double[] {Double.NaN}).passed()).isFalse();
    }

    @Test
    void onlyWhereTrainingMagnifiesRoundingLaterLossesMayDifferMore() {
        double[] theirs = {1, 1, 1, 1, 1};
        double[] late = {1, 1, 1, 1, 1.005};
        assertThat(LossCheck.of("W3", late, theirs).passed()).isTrue();
        assertThat(LossCheck.of("W2", late, theirs).passed()).isFalse();
        assertThat(LossCheck.of("W3", new double[] {1, 1, 1, 1.005, 1}, theirs).passed()).isFalse();
        assertThat(LossCheck.of("W3", new double[] {1, 1, 1, 1, 1.02}, theirs).passed()).isFalse();
    }

    @Test
    void fullSpeedIsWhereNoSlowStepFollows() {
        ColdStart start = ColdStart.of("ours", "W1",
                new double[] {1, 0.5, 0.2, 2, 0.6, 0.011, 5, 0.7, 0.05, 10, 0.8, 0.011, 20, 0.9, 0.01});
        assertThat(start.fullSpeed().number()).isEqualTo(10);
        assertThat(start.calls()).hasSize(5);
    }

    @Test
    void numbersHaveThreeDigitsAndAUnit() {
        assertThat(Texts.time(1.2345)).isEqualTo("1.23 s");
        assertThat(Texts.time(0.012345)).isEqualTo("12.3 ms");
        assertThat(Texts.time(0.000123456)).isEqualTo("123 µs");
        assertThat(Texts.timing(new Timing(0.002, 0.001, 0.0035))).isEqualTo("2.00 ms (1.00–3.50)");
        assertThat(Texts.gigaflops(1.5e11)).isEqualTo("150 GFLOP/s");
    }
}
