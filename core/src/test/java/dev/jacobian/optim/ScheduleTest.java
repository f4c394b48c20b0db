package dev.jacobian.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ScheduleTest {
    private final Optimizer optimizer = new Sgd(List.of(Param.of("weight", Tensor.of(1f))), 1);

    /** The learning rates of the next steps, from the current one on. */
    private double[] rates(Schedule schedule, int count) {
        double[] rates = new double[count];
        for (int i = 0; i < count; i++) {
            assertThat(schedule.steps()).isEqualTo(i);
            rates[i] = optimizer.lr();
            assertThat(schedule.lr()).isEqualTo(rates[i]);
            schedule.step();
        }
        return rates;
    }

    @Test
    void cosineGoesDownToZeroAndStaysThere() {
        assertThat(rates(new CosineSchedule(optimizer, 4), 7)).containsExactly(
                new double[] {1, 0.8535533905932737, 0.5, 0.14644660940672627, 0, 0, 0}, within(1e-15));
    }

    @Test
    void cosineWithASmallestRate() {
        assertThat(rates(new CosineSchedule(optimizer, 4, 0.1), 6)).containsExactly(
                new double[] {1, 0.8681980515339464, 0.55, 0.23180194846605365, 0.1, 0.1}, within(1e-15));
    }

    @Test
    void stepsMultiply() {
        assertThat(rates(new StepSchedule(optimizer, 2, 0.5), 6)).containsExactly(1, 1, 0.5, 0.5, 0.25, 0.25);
    }

    @Test
    void warmupRisesInEqualParts() {
        assertThat(rates(new WarmupSchedule(optimizer, 3), 6)).containsExactly(
                new double[] {0.25, 0.5, 0.75, 1, 1, 1}, within(1e-15));
    }

    @Test
    void warmupGoesOnWithAnotherSchedule() {
        Schedule after = new WarmupSchedule(optimizer, 1, new StepSchedule(optimizer, 1, 0.1), 0.5);
        assertThat(rates(new WarmupSchedule(optimizer, 2, after, 0), 6)).containsExactly(
                new double[] {0, 0.5, 0.5, 1, 0.1, 0.01}, within(1e-15));
    }

    @Test
    void resumesAtAStep() {
        Schedule schedule = new CosineSchedule(optimizer, 4);
        schedule.resume(2);
        assertThat(optimizer.lr()).isCloseTo(0.5, within(1e-15));
        assertThat(schedule.baseLr()).isEqualTo(1);
        schedule.step();
        assertThat(schedule.steps()).isEqualTo(3);
        assertThatThrownBy(() -> schedule.resume(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aConstructorIsAFactory() {
        Schedule.Factory factory = CosineSchedule::new;
        factory.create(optimizer, 2).resume(2);
        assertThat(optimizer.lr()).isZero();
    }

    @Test
    void argumentsOutOfRange() {
        assertThatThrownBy(() -> new CosineSchedule(optimizer, 0)).hasMessageContaining("total steps");
        assertThatThrownBy(() -> new CosineSchedule(optimizer, 1, -1)).hasMessageContaining("smallest lr");
        assertThatThrownBy(() -> new StepSchedule(optimizer, 0, 0.1)).hasMessageContaining("step size");
        assertThatThrownBy(() -> new StepSchedule(optimizer, 1, Double.NaN)).hasMessageContaining("gamma");
        assertThatThrownBy(() -> new WarmupSchedule(optimizer, -1)).hasMessageContaining("warm-up steps");
        assertThatThrownBy(() -> new WarmupSchedule(optimizer, 1, new StepSchedule(optimizer, 1, 1), 2))
                .hasMessageContaining("start factor");
        Optimizer other = new Sgd(List.of(Param.of("weight", Tensor.of(1f))), 1);
        assertThatThrownBy(() -> new WarmupSchedule(optimizer, 1, new StepSchedule(other, 1, 1)))
                .hasMessageContaining("another optimizer");
        assertThat(optimizer.lr()).as("left alone").isEqualTo(1);
    }
}
