package dev.jacobian.benchmarks.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The numbers that all libraries begin with. */
final class NumbersTest {
    @Test
    void areAFunctionOfTheName() {
        assertThat(Numbers.normal("W1/x", 5, 1)).isEqualTo(Numbers.normal("W1/x", 5, 1))
                .isNotEqualTo(Numbers.normal("W1/y", 5, 1));
        // More of them begin with the same.
        assertThat(Numbers.uniform("a", 9, -1, 1)).startsWith(Numbers.uniform("a", 5, -1, 1));
    }

    @Test
    void haveTheDistributionThatTheyShould() {
        float[] uniform = Numbers.uniform("u", 100_000, -2, 4);
        float[] normal = Numbers.normal("n", 100_000, 0.5f);

        assertThat(uniform).hasSize(100_000);
        assertThat(sum(uniform, 0, 1) / 1e5).isBetween(0.98, 1.02);
        assertThat(sum(uniform, 1, 2) / 1e5).isBetween(2.95, 3.05);
        assertThat(IntStream.range(0, uniform.length).mapToDouble(i -> uniform[i])).allMatch(x -> x >= -2 && x <= 4);
        assertThat(sum(normal, 0, 1) / 1e5).isBetween(-0.01, 0.01);
        assertThat(sum(normal, 0, 2) / 1e5).isBetween(0.245, 0.255);
        assertThat(IntStream.of(Numbers.labels("l", 10_000, 7))).contains(0, 6)
                .allMatch(label -> label >= 0 && label < 7);
    }

    @Test
    void weightsLieWithinOneOverTheRootOfTheInputs() {
        float[] weight = Numbers.weight("w", 10_000, 16);
        assertThat(IntStream.range(0, weight.length).mapToDouble(i -> weight[i])).allMatch(x -> Math.abs(x) <= 0.25)
                .anyMatch(x -> x > 0.24).anyMatch(x -> x < -0.24);
    }

    private static double sum(float[] values, double mean, int power) {
        return IntStream.range(0, values.length).mapToDouble(i -> Math.pow(values[i] - mean, power)).sum();
    }
}
